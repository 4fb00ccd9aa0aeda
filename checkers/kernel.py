"""What the compiled parts of the checker share: how they are compiled, and the copying of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit


def _stamp() -> bytes:
    """A hash of everything that a kernel may have been compiled from."""
    here = Path(__file__).parent
    files = sorted(file.relative_to(here).as_posix() for file in here.rglob("*.py"))
    return hashlib.sha256(b"\0".join((here / file).read_bytes() for file in files)).digest()


_STAMP = _stamp()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call, let other threads run meanwhile, and keep the code for the next process.

    numba throws kept code away when the file of the function changes, but not when that of a function that it calls
    does: after an update a search would go on with half of the old code. Here it is the whole package that must not
    have changed.
    """
    compiled: Any = njit(cache=True, nogil=True)(function)
    compiled._cache._cache_file._source_stamp = _STAMP
    return compiled


@kernel
def copy(source, target):  # type: ignore[no-untyped-def]
    """target[:] = source, of two rows that are equally long.

    numba's own assignment compiles the texts of the errors that it could raise along with it: seconds for a kernel.
    """
    for i in range(len(source)):
        target[i] = source[i]
