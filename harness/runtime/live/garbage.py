"""Python's garbage collector in a process that answers packets."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

YOUNG, MIDDLE, OLD = 50_000, 20, 50
"""The thresholds of `gc.set_threshold` for a busy loop: a cycle is rare there, and a look at all objects costs as much
as hundreds of messages."""


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """Collect garbage seldom, and look at nothing that was there before. What the block leaves is collected later."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
