"""One node with a Sentinel: starts the server, then the Sentinel, and ends when one of the two ends.

`python launch.py '{"server": ..., "sentinel": ..., ...}'`, with the standard library alone: it starts in 20 ms. Both
programs rewrite their files of settings, so these are written at the node's first start only.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def main(told: dict[str, Any]) -> int:
    """Run the node. Returns the exit status of the program that ended first."""
    data = Path(told["data"])
    first_start = not (data / "sentinel.conf").exists()
    for name in ("server", "sentinel"):
        if not (data / f"{name}.conf").exists():
            lines = [f"{key} {quoted(value)}\n" for key, value in told[f"{name}_settings"]]
            (data / f"{name}.new").write_text("".join(lines))
            (data / f"{name}.new").rename(data / f"{name}.conf")
    programs = [subprocess.Popen([told["server"], str(data / "server.conf")])]
    while first_start and not settled(told):
        # A Sentinel asks the primary for its replicas when it starts, and then every ten seconds.
        if programs[0].poll() is not None:
            return programs[0].returncode
        time.sleep(0.02)
    programs.append(subprocess.Popen([told["sentinel"], str(data / "sentinel.conf")]))
    _, status = os.wait()
    return os.waitstatus_to_exitcode(status)


def settled(told: dict[str, Any]) -> bool:
    """Whether the primary has all its replicas, and this server its copy if it is one of them."""
    primary = answer(*told["primary"])
    own = answer(told["host"], told["port"])
    return f"connected_slaves:{told['replicas']}\r" in primary and (
        "role:master" in own or "master_link_status:up" in own
    )


def answer(host: str, port: int) -> str:
    """What a server says of its replication. Empty if it does not answer."""
    try:
        with socket.create_connection((host, port), timeout=0.5) as connection:
            connection.sendall(b"INFO replication\r\n")
            return connection.recv(1 << 16).decode()
    except OSError:
        return ""


def quoted(value: str) -> str:
    """A value as a file of settings has it."""
    return value or '""'


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
