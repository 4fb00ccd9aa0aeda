"""Mistakes of the shim: the layer between a protocol and its machine, which proofs take for granted.

Fonseca et al. (EuroSys 2017) found no mistake in the protocols of three verified systems, and sixteen around them:
packets handled twice, system calls that failed taken for empty files, writes that were not whole. Any system can be
put on a shim that makes one of them: the protocol stays as it is, its packets or its disk do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from clew.systems.node import Context, Disk, Node, UnreadableDisk, Write
from clew.systems.protocol import Variant

T = TypeVar("T")

COMPLETION = "shim/completion"
"""The timer at which torn writes are completed; no system has one of this name."""
COMPLETION_DELAY = 50_000_000


class LyingDisk(Disk):
    """An fsync that returns before anything is safe, as consumer disks and some file systems had it (fsyncgate, 2018).

    A crash loses any number of the last writes, whatever was promised on them. A client sees acknowledged changes
    vanish.
    """

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk._contents, disk._effects)

    def sync(self) -> None:
        return


class TornDisk(Disk):
    """Writes come in two halves: write() says how much it took, and nobody looks. The rest follows a moment later.

    Until then half a value lies where a whole one was, and a crash leaves it there. A system that notices stays silent
    from then on, and keeps its promises by it: no client sees a wrong answer, but with too many such nodes none at all.
    """

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk._contents, disk._effects)
        self._torn: set[str] = set()

    def write(self, key: str, value: Any) -> None:
        data = msgspec.json.encode(value)
        self._contents[key] = data
        # Half a JSON value is no JSON: as a text it is at least a value that a disk can hold.
        half = msgspec.json.encode(data[: len(data) // 2].decode(errors="replace"))
        self._effects.append(Write(key, msgspec.Raw(half)))
        self._torn.add(key)

    @property
    def torn(self) -> bool:
        """Whether some writes are not whole yet."""
        return bool(self._torn)

    def complete(self) -> None:
        """Write the second halves."""
        for key in sorted(self._torn):
            self._effects.append(Write(key, msgspec.Raw(self._contents[key])))
        self._torn.clear()
        self.sync()


class ForgivingDisk(TornDisk):
    """Takes a value that it cannot read for one that was never written, as IronFleet's file shim did (Fonseca et al.,
    bug 8). On top of torn writes, for there must be something that cannot be read.

    A client sees acknowledged changes vanish: after a crash in the middle of a write, the node has promised nothing. Or
    it sees no answers any more: where whole states are written, such as checkpoints, and every node has lost its own in
    turn, there is nothing left to answer from.
    """

    def read(self, key: str, type: type[T]) -> T | None:
        try:
            return super().read(key, type)
        except UnreadableDisk:
            return None


class OnDisk:
    """A node on a disk of one of these kinds."""

    def __init__(self, node: Node, disk: Callable[[Disk], Disk]) -> None:
        self._node = node
        self._make = disk
        self._disk: Disk
        self._waiting = False

    def start(self, ctx: Context) -> None:
        """Begin a life on the shim's disk."""
        self._disk = ctx.disk = self._make(ctx.disk)
        self._node.start(ctx)
        self._wait(ctx)

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """Hand the message on."""
        self._node.receive(ctx, source, message)
        self._wait(ctx)

    def wake(self, ctx: Context, timer: str) -> None:
        """Complete what is torn, or hand the timer on."""
        if timer == COMPLETION and isinstance(self._disk, TornDisk):
            self._waiting = False
            self._disk.complete()
        else:
            self._node.wake(ctx, timer)
        self._wait(ctx)

    def _wait(self, ctx: Context) -> None:
        if isinstance(self._disk, TornDisk) and self._disk.torn and not self._waiting:
            self._waiting = True
            ctx.set_timer(COMPLETION, COMPLETION_DELAY)


class HandlesTwice:
    """A node that handles each packet twice: the shim does not tell a copy from the packet (Fonseca et al., bug 2).

    Protocols for such networks as there are must not mind. Where a client can tell, it is the protocol's mistake.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self.start = node.start
        self.wake = node.wake

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """Hand the message on, twice."""
        self._node.receive(ctx, source, message)
        self._node.receive(ctx, source, message)


def shims(node: Callable[[Any], Node]) -> tuple[Variant, ...]:
    """The correct nodes of a system, on each of these shims."""
    return (
        Variant(
            "handles-packets-twice",
            "the shim hands each packet on twice: no client can notice, messages are idempotent",
            lambda parameters: HandlesTwice(node(parameters)),
        ),
        Variant(
            "torn-writes",
            "writes are not whole when they should be: nodes fall silent after a crash, no client sees a wrong answer",
            lambda parameters: OnDisk(node(parameters), TornDisk),
        ),
        Variant(
            "read-error-as-empty",
            "a value that cannot be read is taken for none: acknowledged changes vanish, or so much that nobody "
            "answers",
            lambda parameters: OnDisk(node(parameters), ForgivingDisk),
        ),
        Variant(
            "fsync-lies",
            "synced writes are lost in a crash: promises are forgotten, acknowledged changes vanish",
            lambda parameters: OnDisk(node(parameters), LyingDisk),
        ),
    )
