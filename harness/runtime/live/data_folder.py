"""Where the nodes of a live run keep their data: a folder in memory, if there is room, and gone after the run."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from clew.harness.runtime.live.vanishing_folder import vanishing_folder

PREFIX = "clew-data-"
MEMORY = Path("/dev/shm")
"""A file system in memory. An fsync costs nothing there, and what a killed process has written is there as on any."""

ROOM = 1 << 30
"""Bytes that must be free there. Containers often have 64 MB, which one node of etcd fills at its start."""

YOUNG_SECONDS = 60.0
"""A folder that was changed so lately may be one that its run has not locked yet."""


@contextlib.contextmanager
def data_folder() -> Iterator[Path]:
    """An empty folder for as long as the block lasts, or the process.

    Removes those that are left of runs that were killed together with all processes that could have removed them.
    """
    home = MEMORY if _has_room(MEMORY) else Path(tempfile.gettempdir())
    for left in home.glob(f"{PREFIX}*"):
        _remove_leftover(left)
    with vanishing_folder(home, PREFIX) as folder:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(lock)


def keep(data: Path, into: Path) -> None:
    """Copy what the nodes have left in their data folders. Sockets, pipes, and what may not be read are left out."""

    def unreadable(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if not _is_readable(Path(folder, name))]

    shutil.copytree(data, into, symlinks=True, dirs_exist_ok=True, ignore=unreadable)


def _is_readable(path: Path) -> bool:
    return path.is_symlink() or ((path.is_file() or path.is_dir()) and os.access(path, os.R_OK))


def _has_room(folder: Path) -> bool:
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return os.access(folder, os.W_OK) and found.f_bavail * found.f_frsize >= ROOM


def _remove_leftover(folder: Path) -> None:
    """Remove a folder whose run has ended. The folder of a run that goes on is locked."""
    try:
        if time.time() - folder.stat().st_mtime < YOUNG_SECONDS:
            return
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        pass
    finally:
        os.close(lock)
