"""Where numba keeps compiled code, if the usual places cannot be written.

numba tries `__pycache__` beside the source, and then a folder in the user's HOME. In a container, clew may be installed
by another user, and HOME may not exist. Then the code is kept in the folder for temporary files, or not at all: every
process compiles anew, which takes some seconds. clew says so once.
"""

from __future__ import annotations

import functools
import logging
import multiprocessing
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import njit


def compiled_and_kept(function: Callable[..., Any], **options: Any) -> Any:
    """The function, to be compiled by numba at its first call. The code is kept if there is a place for it."""
    try:
        compiled = njit(cache=True, **options)(function)
    except RuntimeError:
        # No place that numba knows can be written.
        if _elsewhere() is None:
            return njit(**options)(function)
        compiled = njit(cache=True, **options)(function)
    cache = compiled._cache
    for name in ("load_overload", "save_overload"):
        setattr(cache, name, _without_a_disk(getattr(cache, name)))
    return compiled


def _without_a_disk(method: Callable[..., Any]) -> Callable[..., Any]:
    """A full or failing disk costs the kept code, and not the verdict."""

    @functools.wraps(method)
    def quiet(*arguments: Any) -> Any:
        try:
            return method(*arguments)
        except OSError:
            return None

    return quiet


@functools.cache
def _elsewhere() -> Path | None:
    """Let numba keep its code in the folder for temporary files. None if that cannot be written either."""
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
    # In the environment, because workers are processes of their own.
    os.environ["NUMBA_CACHE_DIR"] = numba.config.CACHE_DIR = str(place)  # type: ignore[attr-defined]
    if new:
        _say(f"compiled code is kept in {place}: neither the place of clew nor HOME can be written")
    return place


def _say(words: str) -> None:
    if multiprocessing.parent_process() is None:
        logging.getLogger("clew").warning("clew: %s", words)
