"""The background work of the master: it collects garbage, and replicates again what has lost replicas.

It works in rounds. In each, it asks all storage nodes what they hold.

- If all of them answer, it has them remove garbage: blobs that no version names, which no client may tag any more; old
  versions; and the last versions of deleted tags. The last version goes when no node holds an older one, because that
  would be the newest then.
- If fewer than K are silent until the next round, it leaves everything where it is.

In both cases it then copies blobs that fewer than K nodes have, and writes tags again that fewer than K nodes have. The
replication set of a blob gets all nodes that have the blob, those of lost updates among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Protocol

from clew.systems.disco.messages import (
    ABSENT,
    NEVER,
    Blob,
    Copied,
    Copy,
    Held,
    Holdings,
    Inventory,
    Number,
    Remove,
    Tag,
    TagData,
)
from clew.systems.disco.parameters import Parameters
from clew.systems.disco.tag_server import Edit, Task, rewriting
from clew.systems.node import Context


class Tags(Protocol):
    """What the collector needs of the master."""

    def submit(self, ctx: Context, tag: Tag, task: Task) -> None:
        """Have a task done with a tag."""

    def horizon(self) -> Number:
        """No version up to this one is being written."""

    def next_number(self) -> Number:
        """A number that nothing else has."""

    def tagged(self) -> Set[Number]:
        """The blobs that tags name, as far as the master knows."""

    def expected(self, ctx: Context) -> Set[Number]:
        """The blobs that clients may still tag."""


class Collector:
    """The collector of one life of the master."""

    def __init__(self, parameters: Parameters, tags: Tags) -> None:
        self._parameters = parameters
        self._tags = tags
        self._round = NEVER
        self._horizon = NEVER
        self._holdings: dict[str, Holdings] = {}
        """What each node has answered in this round."""
        self._snapshot: dict[Tag, TagData] = {}
        """The newest versions, as the last round that ended has found them."""

    def begin(self, ctx: Context) -> None:
        """End the last round, if nodes have been silent, and begin the next one."""
        self._end(ctx)
        self._round, self._horizon = self._tags.next_number(), self._tags.horizon()
        for node in ctx.nodes[1:]:
            ctx.send(node, Inventory(self._round, self._horizon))
        ctx.set_timer("collect", self._parameters.collect_every)

    def holdings(self, ctx: Context, node: str, message: Holdings) -> None:
        """Take the answer of a node. When all have answered, the round ends."""
        if message.round == self._round:
            self._holdings[node] = message
            if len(self._holdings) == len(ctx.nodes) - 1:
                self._end(ctx)

    def copied(self, ctx: Context, node: str, message: Copied) -> None:
        """Have the tag name the new replica."""
        self._extend(ctx, message.tag, message.blob, {node})

    def _end(self, ctx: Context) -> None:
        silent = len(ctx.nodes) - 1 - len(self._holdings)
        if self._holdings and silent < self._parameters.replicas:
            self._snapshot = self._newest()
            if silent <= self._may_be_silent():
                self._collect(ctx)
            self._replicate(ctx)
        self._holdings, self._round = {}, NEVER

    def _may_be_silent(self) -> int:
        """How many nodes may be silent when garbage is removed."""
        return 0

    def _named(self) -> Set[Number]:
        """The blobs that versions on nodes name."""
        return {blob.name for each in self._versions() for blob in each.data.blobs}

    def _keep(self, ctx: Context) -> Set[Number]:
        """The blobs that are no garbage, though no version on a node names them."""
        return self._tags.tagged() | self._tags.expected(ctx)

    def _collect(self, ctx: Context) -> None:
        """Have nodes remove garbage. Only what was written before the round began can be old."""
        keep = self._named() | self._keep(ctx)
        for node, held in self._holdings.items():
            blobs = tuple(blob for blob in held.blobs if blob not in keep)
            tags = tuple((each.tag, each.data.version) for each in held.tags if self._is_old(each))
            if blobs or tags:
                ctx.count("blobs collected", len(blobs))
                ctx.count("tags collected", len(tags))
                ctx.send(node, Remove(blobs, tags))

    def _is_old(self, held: Held) -> bool:
        last = self._snapshot[held.tag]
        if last.version > self._horizon:
            return False
        versions = [each.data.version for each in self._versions() if each.tag == held.tag]
        if held.data.version < last.version:
            return versions.count(last.version) >= self._parameters.replicas
        return not last.blobs and min(versions) == last.version

    def _versions(self) -> Iterator[Held]:
        return (each for holdings in self._holdings.values() for each in holdings.tags)

    def _newest(self) -> dict[Tag, TagData]:
        newest: dict[Tag, TagData] = {}
        for each in self._versions():
            if each.data.version > newest.get(each.tag, ABSENT).version:
                newest[each.tag] = each.data
        return newest

    def _replicate(self, ctx: Context) -> None:
        """Have K nodes hold each newest version, and each blob that it names."""
        replicas = self._parameters.replicas
        for tag, data in sorted(self._snapshot.items(), key=lambda item: item[0]):
            if data.version > self._horizon:
                continue  # It was written in this round, or is being written.
            if sum(each == Held(tag, data) for each in self._versions()) < replicas:
                ctx.count("tags replicated again")
                self._tags.submit(ctx, tag, rewriting())
            for blob in data.blobs:
                having = [node for node, held in self._holdings.items() if blob.name in held.blobs]
                if not set(having) <= set(blob.nodes):
                    self._extend(ctx, tag, blob.name, set(having))
                lacking = [node for node in ctx.nodes[1:] if node in self._holdings and node not in having]
                missing = min(replicas - len(having), len(lacking))
                if having and missing > 0:
                    ctx.count("blobs replicated again")
                    for target in ctx.random.sample(lacking, missing):
                        ctx.send(having[0], Copy(tag, blob.name, target))

    def _extend(self, ctx: Context, tag: Tag, blob: Number, nodes: Set[str]) -> None:
        """Add nodes to the replication set of a blob, if the tag still names the blob: it may have changed."""
        self._tags.submit(ctx, tag, Task(extended(blob, nodes), lambda ctx, data: None))


def extended(name: Number, nodes: Set[str]) -> Edit:
    """Adds nodes to the replication set of one blob."""

    def edit(blobs: tuple[Blob, ...]) -> tuple[Blob, ...]:
        return tuple(
            Blob(name, (*blob.nodes, *sorted(nodes - set(blob.nodes)))) if blob.name == name else blob for blob in blobs
        )

    return edit
