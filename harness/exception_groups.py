"""Errors from inside nurseries, as if there were none: trio wraps what a task raises in groups, a caller wants it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def unwrapped() -> Iterator[None]:
    """Raise the first exception of a group instead of the group; `with unwrapped():` goes around a nursery."""
    try:
        yield
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
