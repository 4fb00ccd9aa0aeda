"""A folder that is gone when the block ends, or the process does, whatever ends it.

    this process ──pipe──> a process that waits for the end of the pipe, and removes the folder then

The kernel closes the pipe of a process that is killed. So SIGKILL leaves nothing behind, at any moment: the waiting
process knows the name before there is a folder.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

WAIT_AND_REMOVE = """
read kept && exit
tries=0
until rm -rf -- "$1" || [ $tries -ge 500 ]; do tries=$((tries + 1)); sleep 0.02; done
"""
"""A line on the pipe says that there is nothing to do. Otherwise it tries for ten seconds: processes that are being
killed may still write into the folder. It is the shell's: that starts in a millisecond."""


@contextlib.contextmanager
def vanishing_folder(home: Path, prefix: str) -> Iterator[Path]:
    """An empty folder in `home` for this user alone, for as long as the block lasts.

    No process of the block may outlive it, or hold a fork of this one. Costs two milliseconds. Raises OSError if the
    folder cannot be made.
    """
    folder = home / f"{prefix}{secrets.token_hex(6)}"
    watcher = subprocess.Popen(
        ["/bin/sh", "-c", WAIT_AND_REMOVE, "clew-folder", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        # Ctrl-C and the end of the terminal are for the harness alone.
        start_new_session=True,
    )
    assert watcher.stdin is not None
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.write(watcher.stdin.fileno(), b"removed\n")
        watcher.stdin.close()
        watcher.wait()
