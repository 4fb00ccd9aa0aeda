"""Why a program cannot be started, in a line for the user."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from clew.harness.errors import MachineError, UserError


class CannotStart(UserError):
    """A program cannot be started. The message is one line that names the program and says why."""


def cannot_start(program: str, folder: Path, path: str, number: int, stage: str) -> Exception:
    """What to raise for the error that starting a program met. `path` is where it was looked up."""
    if stage == "world":
        return MachineError(f"cannot start a process for {program}: {os.strerror(number)}")
    if stage == "folder":
        return CannotStart(f"cannot start {program} in the folder {folder}: {os.strerror(number)}")
    if "/" not in program and not any(os.path.exists(os.path.join(place, program)) for place in path.split(os.pathsep)):
        why = "there is no such command in PATH"
    elif number == errno.ENOENT:
        exists = "/" not in program or (folder / program).exists()
        why = "the interpreter or loader that it names does not exist" if exists else "there is no such file"
    elif number == errno.EACCES:
        why = "it is a folder" if (folder / program).is_dir() else "it is not executable (chmod +x)"
    elif number == errno.ENOEXEC:
        why = "it is neither a program for this machine nor a script that begins with #!"
    else:
        why = os.strerror(number)
    return CannotStart(f"cannot start {program}: {why}")
