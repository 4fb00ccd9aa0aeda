"""The clients of a simulated run: threads that invoke one operation at a time, each a process until one is `info`."""

from __future__ import annotations

import random

from clew.harness.runtime.script import Request, Script
from clew.systems.node import Client, ClientContext, Operation
from clew.systems.protocol import Variant


class Thread:
    """One of the concurrent clients: where it is in its script, and which process it is now."""

    def __init__(self, number: int, script: Script, stream: random.Random, nodes: tuple[str, ...]) -> None:
        self.number = number
        self.name = f"c{number}"
        self.script = script
        self.process = number
        self.client: Client
        self.ctx = ClientContext(self.name, nodes, stream, number)
        self.operation: Operation | None = None
        self.request: Request | None = None
        self.timers: dict[str, int] = {}

    def become(self, process: int, variant: Variant, parameters: object) -> None:
        """A fresh process takes the thread, with nothing left of the one before."""
        self.process = process
        assert variant.client is not None, "Protocol.variant fills it in"
        self.client = variant.client(parameters)
        self.timers.clear()
