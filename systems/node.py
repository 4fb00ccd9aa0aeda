"""The contract of nodes and clients: state machines that react to what happens, and never wait.

    start ──┐                 ┌── ctx.send(destination, message), ctx.broadcast(message)
    receive ┼──> Node ──> ctx ┼── ctx.set_timer(name, delay), ctx.cancel_timer(name)
    wake ───┘                 └── ctx.disk.write(key, value), ctx.disk.sync(), ctx.log(text)

A node reads no clock, opens no socket, and draws random numbers from its context alone. So the same class runs as an
object in the harness and as a process of its own. Each call of `start`, `receive` or `wake` is one *step*. What the
node asks for in a step are its *effects*: plain values, in the order in which it asked. Whoever runs the node, its
*host*, takes them after the step and carries them out.

Here is a system of two nodes, and a host for it in eight lines. The nodes send a number to and fro, and add to it:

    >>> class Ping(msgspec.Struct, frozen=True, tag="ping"):
    ...     number: int
    >>> class Node:
    ...     def start(self, ctx):
    ...         if ctx.name == "n1":
    ...             ctx.set_timer("serve", 5_000_000)
    ...     def wake(self, ctx, timer):
    ...         ctx.broadcast(Ping(1))
    ...     def receive(self, ctx, source, message):
    ...         if message.number < 3:
    ...             ctx.send(source, Ping(message.number + 1))
    >>> names = ("n1", "n2")
    >>> nodes = {name: Node() for name in names}
    >>> contexts = {name: Context(name, names, Random(0), {}) for name in names}
    >>> nodes["n1"].start(contexts["n1"])
    >>> contexts["n1"].take()
    [SetTimer(name='serve', delay=5000000)]
    >>> nodes["n1"].wake(contexts["n1"], "serve")
    >>> mail = [("n1", send) for send in contexts["n1"].take()]
    >>> for source, send in mail:
    ...     print(source, "->", send.destination, send.message)
    ...     nodes[send.destination].receive(contexts[send.destination], source, send.message)
    ...     mail += [(send.destination, answer) for answer in contexts[send.destination].take()]
    n1 -> n2 Ping(number=1)
    n2 -> n1 Ping(number=2)
    n1 -> n2 Ping(number=3)
"""

from __future__ import annotations

from random import Random
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from clew.histories.event import MALFORMED

Message = msgspec.Struct
"""A message is a frozen struct with a tag. Packets that are no message of the system never reach its nodes."""

T = TypeVar("T")


class Operation(msgspec.Struct, frozen=True):
    """What a client is asked to do."""

    id: int
    """A number that no other operation of the run has. Later operations have larger numbers."""
    f: str
    """The function: one of the system's `functions`, such as `write`."""
    key: Any
    """Which object of the service: which register, counter, or entry of a map."""
    value: Any
    """The argument: None for a read, `[old, new]` for a compare-and-set."""
    final: bool = False
    """Whether everything has healed, and this is one of the reads that show what the faults have left behind."""


class Reply(msgspec.Struct, frozen=True):
    """A node's answer to one operation. Derive the messages that nodes send to clients from it:

        class Done(Reply, frozen=True, tag="done"):
            value: int | None

    A client receives a `Reply` only while the operation of that id is open. Replies to operations that are over, such
    as late ones and copies, are dropped on the way. So `receive` need not compare ids.
    """

    id: int
    """The `id` of the operation that this message answers."""


class Effect(msgspec.Struct, frozen=True, gc=False, tag_field="effect"):
    """Something that a node or client asks its host to do."""

    # Effects are the most numerous objects of a run and never part of a cycle: the garbage collector may skip them.


class Send(Effect, frozen=True, tag="send"):
    """Send a message. It may be lost, delayed, duplicated or overtaken by others."""

    destination: str
    """The name of a node or client. A message to an unknown name is lost."""
    message: Any
    """One of the system's messages."""


class SetTimer(Effect, frozen=True, tag="set_timer"):
    """Call `wake` later. A timer of the same name that is set already is replaced."""

    name: str
    """What `wake` is called with. Names are the node's own."""
    delay: int
    """Nanoseconds from now."""


class CancelTimer(Effect, frozen=True, tag="cancel_timer"):
    """Forget a timer, if it is set."""

    name: str
    """The name that the timer was set with."""


class Write(Effect, frozen=True, tag="write"):
    """Write to the disk. Until the next `Sync`, a crash may lose it."""

    key: str
    """Where to write. The value that was there is replaced."""
    value: msgspec.Raw
    """What to write, as JSON. `NOTHING` removes what was there."""


class Sync(Effect, frozen=True, tag="sync"):
    """Make everything written so far safe from crashes."""


class Log(Effect, frozen=True, tag="log"):
    """Write a line to the node's log."""

    text: str
    """The line, without a line break at its end."""


class Count(Effect, frozen=True, tag="count"):
    """Add to one of the counts in the summary of the run."""

    name: str
    """What is counted, in the plural: `retransmissions`."""
    amount: int
    """How many to add."""


class Complete(Effect, frozen=True, tag="complete"):
    """End the client's open operation. Only clients ask for it."""

    type: Literal["ok", "fail", "info"]
    """How the operation ended: it took effect, it certainly did not, or the outcome is unknown."""
    value: Any
    """The result, for `ok`; anything that fits into JSON."""
    error: str | None
    """Why, for `fail` and `info`."""


NOTHING = b"null"
"""The JSON of None. Written at a key, it removes what was there; a disk never holds it."""


class UnreadableDisk(Exception):
    """A value on the disk is not of the type that was asked for: it was cut short, or this system never wrote it."""


class Disk:
    """What survives a crash: JSON values by name.

    A value is encoded when it is written and decoded when it is read. So a node never shares an object with its disk,
    and reads the same value after a crash as before.
    """

    def __init__(self, contents: dict[str, bytes], effects: list[Effect]) -> None:
        self._contents = contents
        self._effects = effects

    def read(self, key: str, type: type[T]) -> T | None:
        """The value last written at `key`, as a `type`. None if nothing was written there.

        Raises `UnreadableDisk` if something else is there. Do not take that for nothing: what was there may have been a
        promise.
        """
        data = self._contents.get(key)
        if data is None:
            return None
        try:
            return msgspec.json.decode(data, type=type)
        except MALFORMED as error:
            raise UnreadableDisk(f"{key}: {error}") from None

    def keys(self) -> list[str]:
        """All keys, sorted."""
        return sorted(self._contents)

    def write(self, key: str, value: Any) -> None:
        """Write `value` at `key`. None removes what was there. Until the next `sync`, a crash may lose it.

        Raises `TypeError` if `key` is no text, or if `value` does not fit into JSON.
        """
        if type(key) is not str:
            raise TypeError(f"write({key!r}, ...): expected a text as key")
        data = msgspec.json.encode(value)
        if value is None:
            self._contents.pop(key, None)
        else:
            self._contents[key] = data
        self._effects.append(Write(key, msgspec.Raw(data)))

    def sync(self) -> None:
        """Make everything written so far safe from crashes. Call it before you send a message that relies on it."""
        self._effects.append(_SYNC)


_SYNC = Sync()


class Context:
    """What a node knows in a step, and what it can ask for."""

    name: str
    """The node's own name."""
    nodes: tuple[str, ...]
    """The names of all nodes, this one among them. The order is the same on every node."""
    random: Random
    """The node's own random numbers. Each life draws others."""
    now: int
    """Nanoseconds since the start of the run. The time stands still within a step."""
    disk: Disk
    """What survives a crash of this node."""
    effects: list[Effect]
    """What the node has asked for in this step. Only the host needs it."""

    def __init__(self, name: str, nodes: tuple[str, ...], random: Random, disk: dict[str, bytes]) -> None:
        self.name = name
        self.nodes = nodes
        self.random = random
        self.now = 0
        self.effects = []
        self.disk = Disk(disk, self.effects)

    def send(self, destination: str, message: Message) -> None:
        """Send a message to a node or a client. What a node sends to itself is never lost or delayed.

        Raises `TypeError` if `destination` is not the name of one.
        """
        if type(destination) is not str:
            raise TypeError(f"send({destination!r}, ...): expected the name of a node or client")
        self.effects.append(Send(destination, message))

    def broadcast(self, message: Message, *, including_self: bool = False) -> None:
        """Send a message to all other nodes, one after the other in the order of `nodes`.

        With `including_self` the node sends it to itself too, when its own turn comes: in many protocols every node
        counts its own vote like any other.
        """
        for node in self.nodes:
            if including_self or node != self.name:
                self.effects.append(Send(node, message))

    def set_timer(self, name: str, delay: int) -> None:
        """Have `wake(ctx, name)` called once, `delay` nanoseconds from now. Replaces a timer of the same name.

        Raises `TypeError` if `name` is no text, or `delay` no whole number.
        """
        if type(name) is not str or type(delay) is not int:
            raise TypeError(f"set_timer({name!r}, {delay!r}): expected a name and whole nanoseconds")
        self.effects.append(SetTimer(name, delay))

    def cancel_timer(self, name: str) -> None:
        """Forget the timer of this name, if it is set. Raises `TypeError` if `name` is no text."""
        if type(name) is not str:
            raise TypeError(f"cancel_timer({name!r}): expected a name")
        self.effects.append(CancelTimer(name))

    def log(self, text: str) -> None:
        """Write a line to the node's log. Raises `TypeError` if `text` is no text."""
        if not isinstance(text, str):
            raise TypeError(f"log({text!r}): expected a text")
        self.effects.append(Log(str(text)))

    def count(self, name: str, amount: int = 1) -> None:
        """Add `amount` to what the summary of the run counts under this name.

        Raises `TypeError` if `name` is no text, or `amount` no whole number.
        """
        if type(name) is not str or type(amount) is not int:
            raise TypeError(f"count({name!r}, {amount!r}): expected a name and a whole number")
        self.effects.append(Count(name, amount))

    def take(self) -> list[Effect]:
        """Return the effects since the last call, in order, and forget them. For hosts."""
        effects = self.effects[:]
        self.effects.clear()
        return effects


class ClientContext(Context):
    """What a client knows in a step, and what it can ask for: as a node, and it can complete its operation.

    A client should not use `disk`: it is for nodes.
    """

    thread: int
    """The number of this client, from 0. `nodes[thread % len(nodes)]` spreads the clients over the nodes."""

    def __init__(self, name: str, nodes: tuple[str, ...], random: Random, thread: int) -> None:
        super().__init__(name, nodes, random, {})
        self.thread = thread

    def complete(self, type: Literal["ok", "fail", "info"], value: Any = None, error: str | None = None) -> None:
        """End the open operation: `ok` with its result, `fail` if it surely did not happen, `info` if that is unknown.

        `fail` with the error `mismatch` says that a compare-and-set found another value. Raises `ValueError` for any
        other type, and `TypeError` for a value that does not fit into JSON or an error that is no text.
        """
        if type not in ("ok", "fail", "info"):
            raise ValueError(f"complete({type!r}): expected 'ok', 'fail' or 'info'")
        if not (error is None or isinstance(error, str)):
            raise TypeError(f"complete(..., error={error!r}): expected a text")
        msgspec.to_builtins(value)  # Raises the TypeError here, where the client's author can see which line it was.
        self.effects.append(Complete(type, value, error))


class Node(Protocol):
    """One life of one node. A restart makes a new object, and only the disk connects the two."""

    def start(self, ctx: Context) -> None:
        """Begin this life. `ctx.disk` holds what survived the last one."""

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """React to a message. It may be late, a copy, or from a node that has crashed since it sent it."""

    def wake(self, ctx: Context, timer: str) -> None:
        """React to a timer that this life has set. It is never called if no timer is set."""


class Client(Protocol):
    """One process of the workload. It has one operation at a time, and its life ends with one that ends `info`.

    The harness ends an operation as `info` when the workload's timeout is over. A client sets no timeout of its own; it
    may set timers to ask again.
    """

    def invoke(self, ctx: ClientContext, operation: Operation) -> None:
        """Start an operation."""

    def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
        """React to a message, while an operation is open.

        A `Reply` is always to the open operation. Any other message may be late, or a copy.
        """

    def wake(self, ctx: ClientContext, timer: str) -> None:
        """React to a timer that this client has set. It is never called if no timer is set."""
