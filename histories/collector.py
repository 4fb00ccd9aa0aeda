"""Python's collector of garbage, paused while very many objects are made that all stay.

Each time some thousand objects are new, the collector looks at a part of all there are for cycles that nothing refers
to. Values, events and operations form no cycles, so it finds nothing. With a million unique values it took half of the
time of reading a history, and of laying out its operations.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Pause the collector. Objects outside of cycles are freed as ever."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
