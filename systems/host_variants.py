"""Variants that every protocol has: the protocol is correct, but the host that carries it out makes a mistake.

Fonseca et al. (EuroSys 2017) looked for bugs in three systems with machine-checked proofs. They found none in the
protocols and sixteen around them, most in the layer between protocol and operating system (the *shim*): packets were
handled twice, system calls that failed were taken for empty files, writes were incomplete. A proof takes that layer for
granted. Here, any protocol can be run on a host that makes one of these mistakes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from clew.systems.node import Context, Disk, Node, UnreadableDisk, Write
from clew.systems.protocol import Variant

T = TypeVar("T")

COMPLETION = "host/completion"
"""The timer at which torn writes are completed. No protocol has a timer of this name."""
COMPLETION_DELAY = 50_000_000
"""Nanoseconds until a torn write is completed."""


def host_variants(node: Callable[[Any], Node]) -> tuple[Variant, ...]:
    """All variants of this module, for the protocol whose correct nodes `node(parameters)` makes."""
    return (
        Variant(
            "handles-packets-twice",
            "the host hands each message to the node twice, but no client can tell",
            lambda parameters: HandlesTwice(node(parameters)),
        ),
        Variant(
            "torn-writes",
            "a crash can leave half a value on disk; a node that finds one stays silent, so clients get no answers",
            lambda parameters: OnDisk(node(parameters), TornDisk),
        ),
        Variant(
            "read-error-as-empty",
            "a value that cannot be read is taken for one that was never written, so acknowledged changes vanish",
            lambda parameters: OnDisk(node(parameters), ForgivingDisk),
        ),
        Variant(
            "fsync-lies",
            "a crash loses synced writes, because fsync does nothing, so acknowledged changes vanish",
            lambda parameters: OnDisk(node(parameters), LyingDisk),
        ),
    )


class LyingDisk(Disk):
    """A disk whose fsync returns before the data are safe. Consumer disks did so, and some file systems (fsyncgate,
    2018).

    A crash loses any number of the last writes, synced or not. A client sees acknowledged changes vanish.
    """

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk._contents, disk._effects)

    def sync(self) -> None:
        return


class TornDisk(Disk):
    """A disk that writes each value in two halves, because the host ignores how much write() has written.

    The second half follows a moment later, but a crash in between leaves half a value. A node that finds half a value
    stays silent, and so breaks no promise: no client sees a wrong answer. When too many nodes are silent, clients see
    no answers at all.
    """

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk._contents, disk._effects)
        self._torn: set[str] = set()

    def write(self, key: str, value: Any) -> None:
        if value is None:
            self._torn.discard(key)
            super().write(key, None)
            return
        data = msgspec.json.encode(value)
        self._contents[key] = data
        # Half a JSON value is not JSON, and a disk holds only JSON. As a string, it cannot be read as what it was.
        half = msgspec.json.encode(data[: len(data) // 2].decode(errors="replace"))
        self._effects.append(Write(key, msgspec.Raw(half)))
        self._torn.add(key)

    @property
    def torn(self) -> bool:
        """Whether the second half of any write is missing."""
        return bool(self._torn)

    def complete(self) -> None:
        """Write all missing halves."""
        for key in sorted(self._torn):
            self._effects.append(Write(key, msgspec.Raw(self._contents[key])))
        self._torn.clear()
        self.sync()


class ForgivingDisk(TornDisk):
    """A disk that treats an unreadable value as never written (IronFleet's file shim: Fonseca et al., bug 8).

    Its writes are torn too: otherwise no value would be unreadable. A client sees acknowledged changes vanish: a node
    that crashed in the middle of a write has forgotten its promises. Or clients see no answers any more: if each node
    in turn loses its whole state, no node can answer.
    """

    def read(self, key: str, type: type[T]) -> T | None:
        try:
            return super().read(key, type)
        except UnreadableDisk:
            return None


class OnDisk:
    """A node whose disk is replaced by one of the disks above."""

    def __init__(self, node: Node, disk: Callable[[Disk], Disk]) -> None:
        self._node = node
        self._make = disk
        self._disk: Disk
        self._waiting = False

    def start(self, ctx: Context) -> None:
        """Replace the disk, and begin the node's life."""
        self._disk = ctx.disk = self._make(ctx.disk)
        self._node.start(ctx)
        self._complete_later(ctx)

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """Hand the message to the node."""
        self._node.receive(ctx, source, message)
        self._complete_later(ctx)

    def wake(self, ctx: Context, timer: str) -> None:
        """Complete torn writes if it is time, or else hand the timer to the node."""
        if timer == COMPLETION and isinstance(self._disk, TornDisk):
            self._waiting = False
            self._disk.complete()
        else:
            self._node.wake(ctx, timer)
        self._complete_later(ctx)

    def _complete_later(self, ctx: Context) -> None:
        if isinstance(self._disk, TornDisk) and self._disk.torn and not self._waiting:
            self._waiting = True
            ctx.set_timer(COMPLETION, COMPLETION_DELAY)


class HandlesTwice:
    """A node that gets each message twice, because the host takes a copy for another message (Fonseca et al., bug 2).

    Networks copy packets, so a correct protocol does not mind. If a client can tell, the protocol has a mistake.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self.start = node.start
        self.wake = node.wake

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """Hand the message to the node, twice."""
        self._node.receive(ctx, source, message)
        self._node.receive(ctx, source, message)
