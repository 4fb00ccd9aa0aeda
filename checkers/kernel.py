"""How the compiled parts of the checker are compiled.

    kernel        the usual one; it may make arrays
    raw_kernel    makes no arrays and counts no references: for the inner loops of a search
    inlined       a piece of a raw kernel that has a name; its code is put where it is called

Why three. A kernel that hands arrays to another one counts their references, atomically, at every call. In a loop of
short steps that costs as much as the steps: the search of `clew.checkers.wgl`, written with one `kernel` for each mode,
took 1.9 times as long as in one piece. With raw kernels it took 1.25 times as long, because of the arguments that every
call passes on. With `inlined` pieces it takes 0.75 times as long, and compiles in three quarters of the time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from clew.checkers.kept_code import compiled_and_kept


def _stamp() -> bytes:
    """A hash of everything that a kernel may have been compiled from."""
    here = Path(__file__).parent
    files = sorted(file.relative_to(here).as_posix() for file in here.rglob("*.py"))
    return hashlib.sha256(b"\0".join((here / file).read_bytes() for file in files)).digest()


_STAMP = _stamp()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call, let other threads run meanwhile, and keep the code for the next process.

    numba discards kept code when the file of the function changes, but not when the file of a function that it calls
    does. After an update, a search would go on with half of the old code. Here the code is kept only as long as nothing
    in the whole package has changed.
    """
    return _compiled(function)


def raw_kernel(function: Callable[..., Any]) -> Any:
    """A `kernel` that makes no arrays and returns none. It need not count references: its caller holds the arrays."""
    return _compiled(function, _nrt=False)


def inlined(function: Callable[..., Any]) -> Any:
    """A piece of a raw kernel. numba puts its code where it is called, so it should be called in few places."""
    options: dict[str, Any] = {"inline": "always", "_nrt": False}
    return njit(**options)(function)


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    compiled = compiled_and_kept(function, nogil=True, **options)
    if hasattr(compiled._cache, "_cache_file"):
        compiled._cache._cache_file._source_stamp = _STAMP
    return compiled


@kernel
def copy(source, target):  # type: ignore[no-untyped-def]
    """target[:] = source, for two rows of equal length.

    numba's own assignment also compiles the texts of the errors that it could raise: seconds for each kernel.
    """
    for i in range(len(source)):
        target[i] = source[i]
