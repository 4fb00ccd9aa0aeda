"""Variants of the file system. Each has one mistake. Some are what Disco's documentation describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set

from clew.systems.disco.client import DiscoClient
from clew.systems.disco.collector import Collector, extended
from clew.systems.disco.master import Master, Parts
from clew.systems.disco.messages import ABSENT, Number, Tag, TagData
from clew.systems.disco.node import DiscoNode
from clew.systems.disco.parameters import Parameters
from clew.systems.disco.tag_server import TagServer, Task
from clew.systems.host_variants import host_variants
from clew.systems.node import ClientContext, Context
from clew.systems.protocol import Hunted, Variant


class AcknowledgesTheFirstReplica(TagServer):
    """Takes a version for written when one node has committed it, as Disco's documentation says of its last step. The
    client of Disco is told how many nodes have it, and the collector is to write the rest.

    If the master then restarts, and that node is down, a client reads an older version than the acknowledged one.
    """

    def _enough(self) -> int:
        return 1


class ReadsAnyReplica(TagServer):
    """Loads the version of the node that answers first, instead of the newest one.

    After a restart of the master a client reads an older version than the acknowledged one.
    """

    def _load(self, ctx: Context, *, late: bool) -> None:
        for data in self._answers.values():
            self._loaded(ctx, data)
            return


class ReadsUnfinishedVersions(TagServer):
    """Answers with the newest version that it has found, though it may be on one node only, as Disco does.

    A client reads it. After a restart of the master, when that node is down, another client reads the one before.
    """

    def _loaded(self, ctx: Context, newest: TagData, *, complete: bool = False) -> None:
        super()._loaded(ctx, newest)


class CollectsUntaggedBlobs(Collector):
    """Takes a blob for garbage as soon as no tag names it, though its client is about to tag it.

    The tag then names a blob that is gone: clients get no answer.
    """

    def _keep(self, ctx: Context) -> Set[Number]:
        return self._tags.tagged()


class CollectsUnreadTags(Collector):
    """Takes a blob for garbage if no tag names it that the master has read, and forgets the tags that are on the nodes
    only. A master that has restarted has read none.

    The blobs of those tags are gone: clients get no answer.
    """

    def _named(self) -> Set[Number]:
        return frozenset()


class ForgetsDeletions(Collector):
    """Removes the last versions of deleted tags when the nodes that answer hold no older ones, though others are down.
    Disco does so a month after the deletion, and its documentation warns of nodes that are down for longer.

    A node comes back with the tag: a client reads what was deleted, or it gets no answer, as the blobs are gone.
    """

    def _may_be_silent(self) -> int:
        return self._parameters.replicas


class RestoresItsSnapshot(Collector):
    """Adds a replica to the version of the tag that it has seen in its round, and writes that over the newest one.

    An acknowledged change vanishes that was written in between.
    """

    def _extend(self, ctx: Context, tag: Tag, blob: Number, nodes: Set[str]) -> None:
        seen = self._snapshot.get(tag, ABSENT).blobs
        edit = extended(blob, nodes)
        self._tags.submit(ctx, tag, Task(lambda blobs: edit(seen), lambda ctx, data: None))


class CachesTags(DiscoClient):
    """Keeps the tags that it has read, and asks the master only for others, and for those that it has changed itself.

    It reads its own changes, and never an older version than before. It does not see what others change.
    """

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self._cache: dict[Tag, TagData] = {}

    def _begin(self, ctx: ClientContext) -> None:
        asked = self._operation
        if asked.f == "get" and asked.key in self._cache and not self._tries:
            self._read(ctx, self._cache[asked.key])
        else:
            super()._begin(ctx)

    def _read(self, ctx: ClientContext, data: TagData) -> None:
        self._cache[self._operation.key] = data
        super()._read(ctx, data)

    def _complete(self, ctx: ClientContext, value: object) -> None:
        if self._operation.f != "get":
            self._cache.pop(self._operation.key, None)
        super()._complete(ctx, value)


def master_with(parts: Parts) -> Callable[[Parameters], DiscoNode]:
    """A function that makes a node, given its parameters. If it is the master, it has these parts."""
    return lambda parameters: DiscoNode(parameters, lambda parameters: Master(parameters, parts))


VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "acknowledges-the-first-replica",
            "a change is acknowledged when one node has it, so it can vanish while that node is down",
            master_with(Parts(server=AcknowledgesTheFirstReplica)),
        ),
        Variant(
            "reads-any-replica",
            "a master that restarts takes the first version that it finds, so acknowledged changes vanish",
            master_with(Parts(server=ReadsAnyReplica)),
        ),
        Variant(
            "reads-unfinished-versions",
            "what one node has is read before others have it, so it is there and then gone again",
            master_with(Parts(server=ReadsUnfinishedVersions)),
        ),
        Variant(
            "collects-untagged-blobs",
            "a blob that is pushed and not tagged yet is collected, so its tag cannot be read",
            master_with(Parts(collector=CollectsUntaggedBlobs)),
        ),
        Variant(
            "collects-unread-tags",
            "a master that has restarted collects the blobs of tags that it has not read, so they cannot be read",
            master_with(Parts(collector=CollectsUnreadTags)),
        ),
        Variant(
            "forgets-deletions",
            "a deletion is forgotten while nodes are down that have the tag, so the tag comes back with them",
            master_with(Parts(collector=ForgetsDeletions)),
        ),
        Variant(
            "restores-its-snapshot",
            "a tag gets back the blobs that it had when a replica was missed, so later changes vanish",
            master_with(Parts(collector=RestoresItsSnapshot)),
        ),
        Variant(
            "caches-tags",
            "clients keep the tags that they have read, so they do not see what others change",
            DiscoNode,
            CachesTags,
        ),
        *host_variants(DiscoNode),
    )
}

STORM = "disco-storm"
RESTARTS = "disco-master-restarts"
LOST = "disco-lost-node"
HUNTED: Mapping[str, Hunted] = {
    "acknowledges-the-first-replica": Hunted(RESTARTS),
    "reads-any-replica": Hunted(RESTARTS),
    "reads-unfinished-versions": Hunted(RESTARTS),
    "collects-untagged-blobs": Hunted(STORM),
    "collects-unread-tags": Hunted(LOST),
    "forgets-deletions": Hunted(LOST),
    "restores-its-snapshot": Hunted(STORM),
    "caches-tags": Hunted(STORM),
    "handles-packets-twice": Hunted(STORM, unnoticed="networks copy packets, so the protocol is made to handle copies"),
    "torn-writes": Hunted(RESTARTS),
    "read-error-as-empty": Hunted(RESTARTS),
    "fsync-lies": Hunted(RESTARTS),
}
"""How each variant is hunted."""
