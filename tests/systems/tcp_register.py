"""A program of a few lines: one register on one node, over TCP, kept in a file. The example of `clew.systems.Program`.

Imported, this file defines the system. Run as `python tcp_register.py PORT FILE HOST`, it is one node of it.

    read        the value, or null
    write 7     7
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from clew.systems import Complete, Operation, Program, ProgramCluster, ProgramNode


class Register(socketserver.StreamRequestHandler):
    """One connection to the node: a line in, a line out, until it closes."""

    file: Path
    lock: ClassVar = threading.Lock()
    """Two connections that write at once would leave digits of both."""

    def handle(self) -> None:
        for line in self.rfile:
            with self.lock:
                match line.split():
                    case [b"write", value]:
                        self.file.write_bytes(value)
                value = self.file.read_bytes() if self.file.exists() else b"null"
            self.wfile.write(value + b"\n")


class Connection:
    """One client: it asks for one operation after the other on one connection."""

    def __init__(self, node: ProgramNode, cluster: ProgramCluster) -> None:
        self._socket = socket.create_connection((node.host, node.ports["client"]), timeout=5)
        self._file = self._socket.makefile("rb")

    def invoke(self, operation: Operation) -> Complete:
        words = [operation.f] if operation.f == "read" else [operation.f, json.dumps(operation.value)]
        self._socket.sendall(" ".join(words).encode() + b"\n")
        return Complete("ok", json.loads(self._file.readline()), None)

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def command(node: ProgramNode, cluster: ProgramCluster) -> list[str]:
    return [sys.executable, __file__, str(node.ports["client"]), str(node.data / "value"), node.host]


def environment(node: ProgramNode, cluster: ProgramCluster) -> Mapping[str, str]:
    # This file imports clew, wherever it was imported from here.
    return {"PYTHONPATH": os.pathsep.join(sys.path)}


def ready(node: ProgramNode, cluster: ProgramCluster) -> bool:
    try:
        socket.create_connection((node.host, node.ports["client"]), timeout=1).close()
    except OSError:
        return False
    return True


system = Program(
    name="tcp-register",
    summary="a register on one node, over TCP",
    model="register",
    functions=("read", "write"),
    command=command,
    environment=environment,
    ready=ready,
    client=Connection,
)

if __name__ == "__main__":
    Register.file = Path(sys.argv[2])
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer((sys.argv[3], int(sys.argv[1])), Register) as server:
        server.serve_forever()
