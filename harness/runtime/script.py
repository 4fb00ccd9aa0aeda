"""The workload: what each client thread does, and when.

Each thread has a script. A script draws from a random stream of its own ("workload/3"), and draws five numbers for
every operation, whatever the operation turns out to be. So what one thread does hardly depends on the others.

There is one exception. If written values are unique, a compare-and-set expects the value that any thread has seen last.
A value drawn at random would never match; and two threads that expect the same value are what shows a lost update.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable
from itertools import accumulate
from math import log
from random import Random
from typing import Any, NamedTuple, Protocol

from clew.harness.plan.schema import PlannedOperation, Workload
from clew.harness.plan.streams import Streams
from clew.harness.plan.workload import WITHOUT_VALUE
from clew.systems.node import Complete, Operation


class Request(NamedTuple):
    """An operation that a thread is to invoke."""

    time: int
    """When (ns)."""
    f: str
    """The function: `read`, `write`, `cas`, ..."""
    key: Any
    """The key that it is about."""
    value: Any
    """The argument. None if the function has none."""


class Script(Protocol):
    """The operations of one thread."""

    def next(self, now: int) -> Request | None:
        """The operation after the one that has just ended. It is due at `now + 1` or later. None at the end."""

    def observe(self, operation: Operation, result: Complete) -> None:
        """Learn how an operation of this thread ended."""


class Planned:
    """A list of operations. Each is invoked when it is due, or as soon as the thread is free after that."""

    def __init__(self, operations: Iterable[PlannedOperation]) -> None:
        self._rest = deque(sorted(operations, key=lambda operation: operation.at))

    def next(self, now: int) -> Request | None:
        if not self._rest:
            return None
        due = self._rest.popleft()
        return Request(max(due.at, now + 1), due.f, due.key, due.value)

    def observe(self, operation: Operation, result: Complete) -> None:
        return


class Mixed:
    """Random operations, in the proportions of the plan's mix.

    `operations` is how many; None if only the plan's duration ends the workload. `seen` is shared by all threads: it
    maps a key to the value that any of them has seen last.
    """

    def __init__(
        self, plan: Workload, thread: int, operations: int | None, random: Random, seen: dict[Any, Any]
    ) -> None:
        self._plan = plan
        self._thread = thread
        self._left = operations
        self._draw = random.random
        self._fs = list(plan.mix)
        total = sum(plan.mix.values())
        self._bounds = list(accumulate(weight / total for weight in plan.mix.values()))
        self._written = 0
        self._invoked = 0
        self._seen = seen
        self._versioned = plan.kind == "versioned-register"
        self._locks = plan.kind == "mutex"
        self._held: Any = None
        self._text: Callable[[int], Any] = int
        if plan.kind == "kv":
            # Appended texts need an end, to be told apart in what they make together.
            self._text = "{}.".format if plan.mix.get("append") else str

    def next(self, now: int) -> Request | None:
        plan = self._plan
        draw = self._draw
        which, where, what, old, pause = draw(), draw(), draw(), draw(), draw()
        if plan.rate is None:
            time = now + max(1, plan.think.sample(pause))
        else:
            gap = -log(1.0 - pause) * plan.clients / plan.rate
            time = max(now + 1, self._invoked + int(gap * 1e9))
        if self._left == 0 or (plan.duration is not None and time >= plan.duration):
            return None
        if self._left is not None:
            self._left -= 1
        self._invoked = time
        f = self._fs[min(bisect_right(self._bounds, which), len(self._fs) - 1)]
        key = int(where * plan.keys)
        if self._locks:
            # A client holds one lock at most, and releases it before it does anything else.
            f, key = ("acquire", key) if self._held is None else ("release", self._held)
        return Request(time, f, key, self._argument(f, key, what, old))

    def observe(self, operation: Operation, result: Complete) -> None:
        if self._locks and result.type != "fail":
            # After an unknown outcome another process goes on, which holds nothing.
            self._held = operation.key if (operation.f, result.type) == ("acquire", "ok") else None
        if result.type != "ok":
            return
        if operation.f in ("read", "get", "init") or (operation.f == "cas" and self._versioned):
            self._seen[operation.key] = result.value
        elif operation.f in ("write", "put", "delete"):
            self._seen[operation.key] = None if operation.f == "delete" else operation.value
        elif operation.f == "cas":
            self._seen[operation.key] = operation.value[1]

    def _argument(self, f: str, key: int, what: float, old: float) -> Any:
        if f in WITHOUT_VALUE:
            return None
        values = self._plan.values
        if f == "add-and-get":
            return 1 if values == "unique" else 1 + int(what * values)
        if f == "submit":
            return 0 if values == "unique" else int(what * values)
        if values == "unique":
            self._written += 1
            new = self._written * self._plan.clients + self._thread
            expected = self._seen.get(key)
        else:
            new = int(what * values)
            expected = int(old * values)
        text = self._text
        if f == "cas" and self._versioned:
            version, _ = self._seen.get(key) or (0, None)
            return [version, new]
        return [None if expected is None else text(expected), text(new)] if f == "cas" else text(new)


def scripts(plan: Workload, streams: Streams) -> list[Script]:
    """The script of every thread, by number. A number of operations is shared out evenly."""
    operations = plan.operations
    if isinstance(operations, tuple):
        return [Planned(o for o in operations if o.client == thread) for thread in range(plan.clients)]
    shares: list[int | None] = [None] * plan.clients
    if operations is not None:
        shares = [len(range(thread, operations, plan.clients)) for thread in range(plan.clients)]
    seen: dict[Any, Any] = {}
    return [Mixed(plan, thread, share, streams.get(f"workload/{thread}"), seen) for thread, share in enumerate(shares)]
