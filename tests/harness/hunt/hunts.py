"""A plan that fails now and then, and executors without processes, for tests of hunts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from clew.harness.plan import loads

PLAN = """\
name: swarm
system: {name: caspaxos, nodes: {choice: [3, 5]}, variant: forgets-promises}
workload: {kind: cas-register, clients: 3, operations: 20, timeout: 1s}
network: {latency: {exponential: 5ms}, drop: {uniform: [0, 0.2]}}
nemesis:
  - crash: {target: one, random: 200ms, for: 100ms}
"""
SOURCE = loads(PLAN, "swarm.yaml", Path())


class AtOnce(Executor):
    """Does a job when it is submitted."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Backwards(Executor):
    """Does nothing until somebody waits for a result. Then it does the last job first."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        backwards = self

        class Late(Future[Any]):
            def result(self, timeout: float | None = None) -> Any:
                while backwards.waiting:
                    future, job = backwards.waiting.pop()
                    future.set_result(job())
                return super().result(timeout)

        future = Late()
        self.waiting.append((future, lambda: fn(*args, **kwargs)))
        return future
