"""The master: it gives out numbers and places for blobs, and hands everything about a tag to the tag's server.

It keeps no data: what it knows of tags it has from the storage nodes. On its disk is only how many lives it has had.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from clew.systems.disco.collector import Collector, Tags
from clew.systems.disco.messages import (
    Changed,
    Copied,
    Delete,
    GetTag,
    Holdings,
    NewBlob,
    Number,
    Place,
    Tag,
    TagCommitted,
    TagContents,
    TagData,
    TagHeld,
    TagPut,
    Update,
)
from clew.systems.disco.parameters import Parameters
from clew.systems.disco.tag_server import Edit, Numbers, TagServer, Task, unchanged
from clew.systems.node import Context
from clew.systems.recovering_node import RecoveringNode


@dataclass(frozen=True)
class Parts:
    """What the master is made of. Variants bring their own."""

    server: Callable[[Tag, Parameters, Numbers], TagServer] = TagServer
    collector: Callable[[Parameters, Tags], Collector] = Collector


class Master(RecoveringNode):
    """One life of the master."""

    def __init__(self, parameters: Parameters, parts: Parts = Parts()) -> None:
        self._parameters = parameters
        self._parts = parts
        self._numbers = Numbers()
        self._servers: dict[Tag, TagServer] = {}
        self._expected: dict[Number, int] = {}
        """The changes that clients prepare: since when, in nanoseconds."""
        self._accepted: set[Number] = set()
        """The changes that wait until they are written."""
        self._collector = parts.collector(parameters, self)
        self._react = {
            NewBlob: self._place,
            Update: self._update,
            Delete: self._delete,
            GetTag: self._get,
            TagHeld: lambda ctx, node, message: self._server(message.tag).held(ctx, node, message),
            TagPut: lambda ctx, node, message: self._server(message.tag).put(ctx, node, message),
            TagCommitted: lambda ctx, node, message: self._server(message.tag).committed(ctx, node, message),
            Holdings: self._collector.holdings,
            Copied: self._collector.copied,
        }

    def recover(self, ctx: Context) -> None:
        """Begin a life. The tags come from the nodes when somebody asks for them."""
        life = (ctx.disk.read("lives", int) or 0) + 1
        ctx.disk.write("lives", life)
        ctx.disk.sync()
        self._numbers.begin(life)
        ctx.set_timer("collect", self._parameters.collect_every)

    def wake(self, ctx: Context, timer: str) -> None:
        """Begin an inventory, or have a tag's server ask again."""
        kind, _, tag = timer.partition("/")
        if kind == "collect":
            self._collector.begin(ctx)
        else:
            self._server(int(tag)).wake(ctx)

    def submit(self, ctx: Context, tag: Tag, task: Task) -> None:
        """Have a task done with a tag, after all earlier ones."""
        self._server(tag).submit(ctx, task)

    def horizon(self) -> Number:
        """No version up to this one is being written."""
        writing = [server.under_way for server in self._servers.values() if server.under_way is not None]
        life, count = min(writing, default=(self._numbers.last[0], self._numbers.last[1] + 1))
        return (life, count - 1)

    def next_number(self) -> Number:
        """A number that nothing else has."""
        return self._numbers.next()

    def tagged(self) -> Set[Number]:
        """The blobs that tags name, as far as the master knows."""
        return {name for server in self._servers.values() for name in server.names()}

    def expected(self, ctx: Context) -> Set[Number]:
        """The blobs that clients may still tag. Those that have waited too long, they may not tag any more."""
        oldest = ctx.now - self._parameters.blobs_expire_after
        self._expected = {number: since for number, since in self._expected.items() if since >= oldest}
        return self._expected.keys() | self._accepted

    def _server(self, tag: Tag) -> TagServer:
        if tag not in self._servers:
            self._servers[tag] = self._parts.server(tag, self._parameters, self._numbers)
        return self._servers[tag]

    def _place(self, ctx: Context, client: str, message: NewBlob) -> None:
        """Name K nodes, at random. Those that the client could not reach come last."""
        nodes = ctx.random.sample(ctx.nodes[1:], len(ctx.nodes) - 1)
        nodes.sort(key=lambda node: node in message.exclude)
        number = self._numbers.next()
        self._expected[number] = ctx.now
        ctx.send(client, Place(message.id, number, tuple(nodes[: self._parameters.replicas])))

    def _update(self, ctx: Context, client: str, message: Update) -> None:
        blob = message.blob
        edit: Edit = (lambda blobs: (blob,)) if message.replace else (lambda blobs: (*blobs, blob))
        self._change(ctx, client, message, blob.name, edit)

    def _delete(self, ctx: Context, client: str, message: Delete) -> None:
        self._change(ctx, client, message, message.number, lambda blobs: ())

    def _change(self, ctx: Context, client: str, message: Update | Delete, number: Number, edit: Edit) -> None:
        """Change a tag, once. A number that is not expected is of a copy, of another life, or has expired."""
        if self._expected.pop(number, None) is None:
            return
        self._accepted.add(number)

        def done(ctx: Context, data: TagData) -> None:
            self._accepted.discard(number)
            ctx.send(client, Changed(message.id, message.tag, data.version))

        self.submit(ctx, message.tag, Task(edit, done))

    def _get(self, ctx: Context, client: str, message: GetTag) -> None:
        """Tell a client the newest version. It is the turn of the question when all earlier changes are written."""

        def done(ctx: Context, data: TagData) -> None:
            ctx.send(client, TagContents(message.id, message.tag, data))

        self.submit(ctx, message.tag, Task(unchanged, done))
