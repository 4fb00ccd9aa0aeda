"""A client thread: one of the concurrent clients of a run, as the conductor sees it."""

from __future__ import annotations

from clew.harness.runtime.script import Request, Script
from clew.systems.node import Operation


class Thread:
    """One client thread. It has one operation open at a time.

    A thread is a *process* in the history until an operation of it ends with an unknown outcome. Then a new process
    takes over: in Jepsen's histories a process whose operation is `info` never does anything again.
    """

    number: int
    """Its number, from 0."""
    name: str
    """Its name on the network: `c0` and on. The name stays when the process changes."""
    process: int
    """Its process in the history: `number`, then `number` plus multiples of the number of threads."""
    script: Script
    """What it has yet to do in the workload."""
    request: Request | None
    """What it will do next, or is doing. None if its script is at its end."""
    operation: Operation | None
    """The operation that is open. None while the thread waits for its next request."""

    def __init__(self, number: int, script: Script) -> None:
        self.number = number
        self.name = f"c{number}"
        self.process = number
        self.script = script
        self.request = None
        self.operation = None
