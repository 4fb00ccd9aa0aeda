"""What a machine allows, and the command that mends what it refuses.

The kernel says only "Operation not permitted". These are the usual reasons, and each has its own remedy.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clew.harness.errors import MachineError

Stage = Literal["users", "network", "tun", "world"]
"""The steps of making a world: user, PID and mount namespaces; network namespaces; TUN interfaces; anything else."""

SWITCHES = {
    "kernel.apparmor_restrict_unprivileged_userns": ("1", "0"),
    "kernel.unprivileged_userns_clone": ("0", "1"),
    "user.max_user_namespaces": ("0", "10000"),
}
"""Settings of the kernel that forbid user namespaces: the value that forbids them, and one that allows them."""

CONTAINER_NAMESPACES = "start the container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined"
CONTAINER_ROOT = "or be root in it with --cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt apparmor=unconfined"
CONTAINER_TUN = "start the container with --device /dev/net/tun"


@dataclass(frozen=True)
class Facts:
    """What is known about the machine without trying anything."""

    root: bool
    """Whether this process runs as root."""
    container: bool
    """Whether this looks like a container of docker, podman or kubernetes."""
    forbidding: tuple[str, ...]
    """The settings among `SWITCHES` that forbid user namespaces."""
    tun: bool
    """Whether /dev/net/tun exists."""


def look(root: Path = Path("/")) -> Facts:
    """The facts of the machine whose files lie under `root`."""
    container = (root / ".dockerenv").exists() or (root / "run/.containerenv").exists()
    forbidding = []
    for name, (forbidden, _) in SWITCHES.items():
        try:
            value = (root / "proc/sys" / name.replace(".", "/")).read_text().strip()
        except OSError:
            continue
        if value == forbidden:
            forbidding.append(name)
    return Facts(
        root=os.geteuid() == 0,
        container=container or "KUBERNETES_SERVICE_HOST" in os.environ,
        forbidding=tuple(forbidding),
        tun=(root / "dev/net/tun").exists(),
    )


class NoWorld(MachineError):
    """The machine refused a step of making a world. The message is one line that ends with what would mend it."""

    def __init__(self, stage: Stage, number: int, detail: str, facts: Facts) -> None:
        self.stage = stage
        """The step that was refused."""
        self.found = f"{WHAT[stage]}: {os.strerror(number) if number else detail}"
        """What was refused, and the kernel's words."""
        self.mend = remedy(stage, number, facts)
        """What would mend it."""
        super().__init__(f"{self.found}; {self.mend}")


WHAT: dict[Stage, str] = {
    "users": "this machine does not let clew make namespaces",
    "network": "this machine does not let clew make network namespaces",
    "tun": "this machine does not let clew make TUN interfaces",
    "world": "cannot make the world of a live run",
}


def remedy(stage: Stage, number: int, facts: Facts) -> str:
    """What mends a refusal of the kernel: a command, or what to start the container with."""
    if number in (errno.ENOSPC, errno.EUSERS) and "user.max_user_namespaces" not in facts.forbidding:
        kinds = "net" if stage in ("network", "tun") else "user"
        return f"too many namespaces exist, or allow more: sudo sysctl -w user.max_{kinds}_namespaces=10000"
    if number in (errno.EMFILE, errno.ENFILE):
        return "allow more open files: ulimit -n 65536"
    if stage == "tun":
        return _remedy_of_tun(number, facts)
    if facts.forbidding and not facts.root:
        return "; ".join(f"sudo sysctl -w {name}={SWITCHES[name][1]}" for name in facts.forbidding)
    if facts.container:
        return CONTAINER_NAMESPACES if facts.root is False else f"{CONTAINER_NAMESPACES}, {CONTAINER_ROOT}"
    if not facts.root:
        return "run clew as root (sudo)"
    return "a sandbox or security policy forbids it even to root: run clew outside of it"


def _remedy_of_tun(number: int, facts: Facts) -> str:
    if number == errno.EACCES:
        return "sudo chmod 666 /dev/net/tun"
    if facts.container:
        return CONTAINER_TUN
    if not facts.tun or number in (errno.ENODEV, errno.ENXIO, errno.ENOENT):
        return "sudo modprobe tun"
    return "a sandbox or security policy forbids it: run clew outside of it"
