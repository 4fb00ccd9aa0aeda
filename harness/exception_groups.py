"""Trio wraps the exceptions of a nursery in groups; callers want the exception itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def unwrap_exception_groups() -> Iterator[None]:
    """Raise the first exception of a group instead of the group. Wrap a nursery or `trio.run` in it."""
    try:
        yield
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
