"""A client of `server.py`, with a method for each function. `BEHAVIOUR` in the environment says what it does wrong."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from typing import Any

from clew.systems import ProgramCluster, ProgramNode

BEHAVIOUR = os.environ.get("BEHAVIOUR", "well")


class Client:
    def __init__(self, node: ProgramNode, cluster: ProgramCluster) -> None:
        self._socket = socket.create_connection((node.host, node.ports["client"]), timeout=cluster.timeout)
        self._file = self._socket.makefile("rb")

    def read(self, key: int) -> Any:
        if BEHAVIOUR == "stuck":
            time.sleep(1000)
        return "x" * (20 << 20) if BEHAVIOUR == "boasts" else self._ask("read", None)

    def write(self, key: int, value: int) -> None:
        match BEHAVIOUR:
            case "stuck":
                time.sleep(1000)
            case "hangs":
                if value % 5 == 0:
                    time.sleep(1000)
            case "late":
                # Its answer comes when its operation is over, and would be a lie about the next one.
                if value % 5 == 0:
                    time.sleep(1.2)
            case "exits":
                sys.exit("I have had enough")
            case "dies":
                print("about to die", flush=True)
                os._exit(9)
            case "wrong":
                self.undefined()  # type: ignore[attr-defined]
        self._ask("write", value)

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def _ask(self, f: str, value: int | None) -> Any:
        self._socket.sendall(json.dumps([f, value]).encode() + b"\n")
        return json.loads(self._file.readline())
