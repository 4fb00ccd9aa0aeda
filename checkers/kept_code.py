"""Where numba keeps compiled code, if the usual places cannot be written.

numba tries `__pycache__` beside the source, and then a folder in the user's HOME. In a container, clew may be installed
by another user, and HOME may not exist. Then the code is kept in the folder for temporary files, or not at all: every
process compiles anew, which takes some seconds. clew says so once, and also once in a process that it compiles.

numba is imported when the first kernel is called. Importing it and loading the first kept code takes half a second, and
many small histories are decided without a kernel.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

LOADING = threading.RLock()
"""Held while numba is imported. Two threads that import it at the same time see half of it, or wait for each other for
ever: its modules import each other in circles."""


class _Watch:
    """Who is told when numba begins to import or to compile, and when that ends."""

    def __init__(self) -> None:
        self.told: list[tuple[Callable[[], None], Callable[[], None]]] = []
        self.numba_is_here = False

    def begin(self, _: Any = None) -> None:
        """Tell everybody that it begins."""
        for begins, _ends in list(self.told):
            begins()

    def end(self, _: Any = None) -> None:
        """Tell everybody that it ends."""
        for _begins, ends in list(self.told):
            ends()


_watch = _Watch()


@contextlib.contextmanager
def watching(begins: Callable[[], None], ends: Callable[[], None]) -> Iterator[None]:
    """Inside this block, call `begins` and `ends` when numba begins and ends to import or to compile, in any thread.

    An end may come without its beginning, if another thread was compiling already.
    """
    pair = (begins, ends)
    _watch.told.append(pair)
    try:
        yield
    finally:
        _watch.told.remove(pair)


def numba_is_here() -> bool:
    """Whether numba is imported."""
    return _watch.numba_is_here


def load_numba() -> None:
    """Import numba, unless it is imported already."""
    with LOADING:
        if _watch.numba_is_here:
            return
        _watch.begin()
        try:
            from numba.core import event
        finally:
            _watch.end()

        class Tell(event.Listener):
            on_end = staticmethod(_watch.end)

            @staticmethod
            def on_start(_: Any) -> None:
                # Not called for code that was kept.
                _say_that_it_compiles()
                _watch.begin()

        event.register("numba:compile", Tell())  # type: ignore[no-untyped-call]
        _watch.numba_is_here = True


def compiled_and_kept(function: Callable[..., Any], **options: Any) -> Any:
    """The function, to be compiled by numba at its first call. The code is kept if there is a place for it."""
    from numba import njit

    try:
        compiled = njit(cache=True, **options)(function)
    except RuntimeError:
        # No place that numba knows can be written.
        if _elsewhere() is None:
            return njit(**options)(function)
        compiled = njit(cache=True, **options)(function)
    cache = compiled._cache
    for name in ("load_overload", "save_overload"):
        setattr(cache, name, _without_a_disk(getattr(cache, name), cache.flush))
    return compiled


def _without_a_disk(method: Callable[..., Any], discard: Callable[[], None]) -> Callable[..., Any]:
    """A full or failing disk costs the kept code, and not the verdict. So does code kept by another version."""

    @functools.wraps(method)
    def quiet(*arguments: Any) -> Any:
        try:
            return method(*arguments)
        except OSError:
            return None
        except (AttributeError, ImportError):
            # What is kept names the classes of arguments, and one of them is elsewhere by now.
            with contextlib.suppress(OSError):
                discard()
            return None

    return quiet


@functools.cache
def _elsewhere() -> Path | None:
    """Let numba keep its code in the folder for temporary files. None if that cannot be written either."""
    import stat
    import tempfile

    place = Path(tempfile.gettempdir()) / f"clew-compiled-{os.geteuid()}"
    try:
        new = not place.exists()
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
        # What is in this folder is run. Nobody else may have put it there.
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
        usable = ours and os.access(place, os.W_OK | os.X_OK)
    except OSError:
        new = usable = False
    if not usable:
        _say("compiled code cannot be kept: no folder for it can be written. Set NUMBA_CACHE_DIR to one")
        return None
    import numba

    # In the environment, because workers are processes of their own.
    os.environ["NUMBA_CACHE_DIR"] = numba.config.CACHE_DIR = str(place)  # type: ignore[attr-defined]
    if new:
        _say(f"compiled code is kept in {place}: neither the place of clew nor HOME can be written")
    return place


@functools.cache
def _say_that_it_compiles() -> None:
    # It can take longer than the budget that the user gave.
    _say("compiling the search that this history needs, once after an install; the budget does not count these seconds")


def _say(words: str) -> None:
    import logging
    import multiprocessing

    if multiprocessing.parent_process() is None:
        logging.getLogger("clew").warning("clew: %s", words)
