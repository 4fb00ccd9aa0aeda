"""A server that somebody else has written: the program, the package that has it, and the library that talks to it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

MORE_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/share/zookeeper/bin")
"""Where servers are that a user's PATH may lack."""


@dataclass(frozen=True)
class Server:
    """What must be installed before a node can start and a client can talk to it."""

    program: str
    """The program: `etcd`."""

    package: str
    """The package of Debian and Ubuntu that has the program: `etcd-server`."""

    library: str
    """The Python library of the client, as it is imported: `etcd3gw`."""

    measured: str = ""
    """The version with which the plans were measured. Another one may behave differently."""

    asks: tuple[str, ...] = ("--version",)
    """The arguments with which the program tells its version."""

    files: str = ""
    """Files whose names hold the version, for a program that does not tell it quickly: `/usr/share/java/x-*.jar`."""

    def path(self) -> str | None:
        """Where the program is. None: it is not installed."""
        return shutil.which(self.program, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *MORE_FOLDERS)))

    def executable(self) -> str:
        """The first word of a command line: where the program is, or its name if it is not installed."""
        return self.path() or self.program

    def missing(self) -> str | None:
        """What is not installed, and the command that installs it, in one line. None: all of it is there."""
        if self.path() is None:
            return (
                f"{self.program} is not installed; it is in the package {self.package}: "
                f"sudo apt-get install {self.package}"
            )
        if find_spec(self.library) is None:
            return f"the Python package {self.library} is not installed: pip install 'clew[databases]'"
        return None

    def another_version(self) -> str | None:
        """What to say if the version is not the one that was measured. None: it is, or neither is known."""
        version = self.version()
        if not version or not self.measured or version == self.measured:
            return None
        return (
            f"{self.program} {version} is installed; what clew says of it was measured with {self.measured}, "
            "and it may behave differently"
        )

    def version(self) -> str:
        """The version that the program tells, such as `3.4.23`. Empty if it is not installed, or tells none."""
        if (path := self.path()) is None:
            return ""
        if self.files:
            told = " ".join(file.name for file in sorted(Path("/").glob(self.files.lstrip("/"))))
        else:
            try:
                said = subprocess.run(
                    [path, *self.asks],
                    capture_output=True,
                    text=True,
                    stdin=subprocess.DEVNULL,
                    timeout=20,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
                return ""
            told = said.stdout + said.stderr
        found = re.search(r"\d+\.\d+(\.\d+)*", told)
        return found[0] if found else ""
