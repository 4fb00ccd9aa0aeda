"""Stands between clew and a browser: when clew ends, in whatever way, no process of the browser stays.

    python browser_guard.py FOLDER PROGRAM ARGUMENT...      runs the program until stdin ends or SIGTERM comes

A browser is ten processes, some of them in sessions of their own, and none of them notices that clew was killed. This
process does: the kernel closes the pipe to its stdin. Everything that the program starts stays below this process,
because it is a *subreaper*: the kernel gives it the orphans. So it can kill all of them, and then remove FOLDER, the
profile.

This file is a program: it imports only the standard library, and nothing imports it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from select import poll

SET_CHILD_SUBREAPER = 36
"""prctl(2), PR_SET_CHILD_SUBREAPER."""
ROUND_SECONDS = 0.01


def main() -> None:
    """Run the program in the arguments, and end everything that it started."""
    folder, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    # SIGTERM, or the death of a child, writes a byte that `poll` sees.
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    # What a terminal sends reaches clew too, and clew decides what becomes of the browser.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    waiting = poll()
    waiting.register(0)
    waiting.register(ended)
    while True:
        ready = {file for file, _ in waiting.poll()}
        if 0 in ready and not os.read(0, 4096):
            break
        if ended in ready and (signal.SIGTERM in os.read(ended, 4096) or program.poll() is not None):
            break
    kill_everything_below()
    shutil.rmtree(folder, ignore_errors=True)


def kill_everything_below() -> None:
    """Kill all children until none is left. Those of a killed child become children of this process."""
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        for child in children():
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
        time.sleep(ROUND_SECONDS)


def children() -> list[int]:
    """The processes whose parent is this one."""
    here = os.getpid()
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            # The name of the program stands in parentheses and may hold anything.
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[1]) == here:
                found.append(int(path.parent.name))
    return found


if __name__ == "__main__":
    main()
