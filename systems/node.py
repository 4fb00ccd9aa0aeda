"""What a node and a client of a system under test are: sans-IO state machines that react and never wait.

    start ──┐                 ┌── ctx.send(destination, message)
    receive ┼──> Node ──> ctx ┼── ctx.set_timer(name, delay), ctx.cancel_timer(name)
    wake ───┘                 └── ctx.disk.write(key, value), ctx.disk.sync(), ctx.log(text)

A node never reads a clock, opens a socket or uses the global random, so the same class runs inline in the harness, as
a subprocess in lockstep with the simulation, and on real sockets. What a step does are its *effects*: plain values in
the order in which the node asked for them; whoever hosts the node carries them out after the step.
"""

from __future__ import annotations

import random
from typing import Any, Literal, Protocol, TypeVar

import msgspec

Message = msgspec.Struct
"""A message is a tagged, frozen struct: a malformed packet is an error at the edge, never inside the protocol."""

T = TypeVar("T")


class Operation(msgspec.Struct, frozen=True):
    """What a client is asked to do. `id` is unique in the run; replies to any other id must be ignored."""

    id: int
    f: str
    key: Any
    value: Any


class Effect(msgspec.Struct, frozen=True, gc=False, tag_field="effect"):
    """Something a step asked its host to do. It is in no cycle, so the garbage collector need not look at it."""


class Send(Effect, frozen=True, tag="send"):
    """Send `message`, which may be lost, delayed, duplicated or overtaken."""

    destination: str
    message: Any


class SetTimer(Effect, frozen=True, tag="set_timer"):
    """Wake the node with this name after `delay` ns; a timer of the same name is replaced."""

    name: str
    delay: int


class CancelTimer(Effect, frozen=True, tag="cancel_timer"):
    """Forget the timer of this name, if there is one."""

    name: str


class Write(Effect, frozen=True, tag="write"):
    """Write `value` (JSON) at `key` to the disk; not safe from a crash before the next `Sync`."""

    key: str
    value: msgspec.Raw


class Sync(Effect, frozen=True, tag="sync"):
    """Everything written so far survives a crash from here on."""


class Log(Effect, frozen=True, tag="log"):
    """A line for the node's log."""

    text: str


class Count(Effect, frozen=True, tag="count"):
    """Something happened that the summary of the run should tell how often it did."""

    name: str
    amount: int


class Complete(Effect, frozen=True, tag="complete"):
    """A client's operation is over (clients only)."""

    type: Literal["ok", "fail", "info"]
    value: Any
    error: str | None


class UnreadableDisk(Exception):
    """A value on the disk cannot be read as what it should be: it was cut short, or never written by this system."""


class Disk:
    """What survives: a dictionary of JSON values by name.

    Values are encoded when they are written and decoded when they are read, so that nobody shares an object with the
    disk, and a value read back after a crash is the same as one read back before.
    """

    def __init__(self, contents: dict[str, bytes], effects: list[Effect]) -> None:
        self._contents = contents
        self._effects = effects

    def read(self, key: str, type: type[T]) -> T | None:
        """The value last written at `key` as a `type`; None if there is none.

        Raises `UnreadableDisk` if there is something else. That is not the same as nothing: what was lost may be a
        promise.
        """
        data = self._contents.get(key)
        if data is None:
            return None
        try:
            return msgspec.json.decode(data, type=type)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise UnreadableDisk(f"{key}: {error}") from None

    def keys(self) -> list[str]:
        """All keys, sorted."""
        return sorted(self._contents)

    def write(self, key: str, value: Any) -> None:
        """Set `key` to `value`. Until the next `sync` a crash may lose it."""
        data = msgspec.json.encode(value)
        self._contents[key] = data
        self._effects.append(Write(key, msgspec.Raw(data)))

    def sync(self) -> None:
        """Make all that was written safe from crashes. To be called before the message that reveals it is sent."""
        self._effects.append(_SYNC)


_SYNC = Sync()


class Context:
    """What a node may know and do in one step."""

    def __init__(self, name: str, nodes: tuple[str, ...], random: random.Random, disk: dict[str, bytes]) -> None:
        self.name = name
        """The node's own name."""
        self.nodes = nodes
        """All nodes of the cluster, this one among them, in an order that all share."""
        self.random = random
        """The node's own stream of random numbers, of this life."""
        self.now = 0
        """Nanoseconds since the start of the run; constant within a step."""
        self.effects: list[Effect] = []
        self.disk = Disk(disk, self.effects)

    def send(self, destination: str, message: Message) -> None:
        """Send a message to a node (itself included) or a client."""
        self.effects.append(Send(destination, message))

    def set_timer(self, name: str, delay: int) -> None:
        """Have `wake(ctx, name)` called after `delay` ns, instead of any earlier request of that name."""
        if type(delay) is not int:
            raise TypeError(f"set_timer({name!r}, {delay!r}): expected whole nanoseconds")
        self.effects.append(SetTimer(name, delay))

    def cancel_timer(self, name: str) -> None:
        """Forget the timer, if it is set."""
        self.effects.append(CancelTimer(name))

    def log(self, text: str) -> None:
        """Write a line to the node's log."""
        self.effects.append(Log(text))

    def count(self, name: str, amount: int = 1) -> None:
        """Add to what the run's summary counts under this name."""
        self.effects.append(Count(name, amount))

    def take(self) -> list[Effect]:
        """The effects since the last call, for the host to carry out in order."""
        effects = self.effects[:]
        self.effects.clear()
        return effects


class ClientContext(Context):
    """What a client may know and do: a node without a disk to speak of, and with an operation to complete."""

    def __init__(self, name: str, nodes: tuple[str, ...], random: random.Random, thread: int) -> None:
        super().__init__(name, nodes, random, {})
        self.thread = thread
        """Which of the concurrent clients this is, from 0; a natural choice of node is `nodes[thread % len(nodes)]`."""

    def complete(self, type: Literal["ok", "fail", "info"], value: Any = None, error: str | None = None) -> None:
        """End the operation: `ok` with its result, `fail` if it certainly did not happen, `info` if nobody knows."""
        if type not in ("ok", "fail", "info"):
            raise ValueError(f"complete({type!r}): expected 'ok', 'fail' or 'info'")
        msgspec.to_builtins(value)  # raises TypeError for what has no place in a history
        self.effects.append(Complete(type, value, error))


class Node(Protocol):
    """One life of one node: a restart makes a new instance, and only the disk connects the two."""

    def start(self, ctx: Context) -> None:
        """Begin a life; `ctx.disk` holds what survived the one before."""

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """React to a message; it may be late, a duplicate, or from a node that has forgotten having sent it."""

    def wake(self, ctx: Context, timer: str) -> None:
        """React to a timer that this life has set."""


class Client(Protocol):
    """One process of the workload: one operation at a time, until one of unknown outcome ends it.

    The harness ends an operation that takes longer than the workload's timeout as `info`; a client does not time
    operations out itself, but may use timers to retransmit.
    """

    def invoke(self, ctx: ClientContext, operation: Operation) -> None:
        """Start an operation."""

    def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
        """React to a message; a reply to an operation that is over must be ignored."""

    def wake(self, ctx: ClientContext, timer: str) -> None:
        """React to a timer."""
