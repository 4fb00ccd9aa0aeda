"""A storage node: it keeps blobs, and one version of each tag that it holds.

    tag/3       the newest version of tag 3 that was committed here
    blob/2.17   the blob (2, 17)
    horizon     no version up to this one is taken any more

A version that is put and not committed is in memory only. A crash loses it, and the master puts it again.
"""

from __future__ import annotations

from clew.systems.disco.messages import (
    ABSENT,
    NEVER,
    AskTag,
    BlobData,
    BlobPut,
    CommitTag,
    Copied,
    Copy,
    GetBlob,
    Held,
    Holdings,
    Inventory,
    Number,
    PutBlob,
    PutTag,
    Remove,
    Replica,
    Tag,
    TagCommitted,
    TagData,
    TagHeld,
    TagPut,
)
from clew.systems.node import Context
from clew.systems.recovering_node import RecoveringNode


class Storage(RecoveringNode):
    """One life of a storage node."""

    def __init__(self) -> None:
        self._tags: dict[Tag, TagData] = {}
        self._put: dict[Tag, TagData] = {}
        """What was put and not committed, the newest of each tag."""
        self._blobs: dict[Number, None] = {}
        """The names of all blobs that are on the disk."""
        self._horizon = NEVER
        self._react = {
            PutBlob: self._put_blob,
            GetBlob: self._get_blob,
            Copy: self._copy,
            Replica: self._replica,
            AskTag: self._ask_tag,
            PutTag: self._put_tag,
            CommitTag: self._commit_tag,
            Inventory: self._inventory,
            Remove: self._remove,
        }

    def recover(self, ctx: Context) -> None:
        """Read the tags, and the names of the blobs. Blobs themselves are read when somebody asks for them."""
        self._horizon = ctx.disk.read("horizon", Number) or NEVER  # type: ignore[arg-type]
        written = ctx.disk.keys()
        for path in written:
            kind, _, name = path.partition("/")
            if kind == "tag":
                data = ctx.disk.read(path, TagData)
                if data is not None:
                    self._tags[int(name)] = data
            elif kind == "blob":
                life, _, count = name.partition(".")
                self._blobs[int(life), int(count)] = None

    def wake(self, ctx: Context, timer: str) -> None:
        """A storage node sets no timer."""

    def _put_blob(self, ctx: Context, client: str, message: PutBlob) -> None:
        self._store(ctx, message.blob, message.data)
        ctx.send(client, BlobPut(message.id, message.blob))

    def _get_blob(self, ctx: Context, client: str, message: GetBlob) -> None:
        ctx.send(client, BlobData(message.id, message.blob, _content(ctx, message.blob)))

    def _copy(self, ctx: Context, master: str, message: Copy) -> None:
        data = _content(ctx, message.blob)
        if data is not None:
            ctx.send(message.target, Replica(message.tag, message.blob, data))

    def _replica(self, ctx: Context, source: str, message: Replica) -> None:
        self._store(ctx, message.blob, message.data)
        ctx.send(ctx.nodes[0], Copied(message.tag, message.blob))

    def _store(self, ctx: Context, blob: Number, data: str) -> None:
        """Keep a blob. Blobs never change, so one that is here already needs no writing."""
        if blob not in self._blobs:
            self._blobs[blob] = None
            ctx.disk.write(_path(blob), [data])
            ctx.disk.sync()

    def _ask_tag(self, ctx: Context, master: str, message: AskTag) -> None:
        ctx.send(master, TagHeld(message.tag, message.life, self._tags.get(message.tag, ABSENT)))

    def _put_tag(self, ctx: Context, master: str, message: PutTag) -> None:
        """Keep a version for the commit, unless it comes so late that nobody writes it any more."""
        tag, version = message.tag, message.data.version
        if version <= self._horizon:
            return
        if version > self._put.get(tag, ABSENT).version:
            self._put[tag] = message.data
        ctx.send(master, TagPut(tag, version))

    def _commit_tag(self, ctx: Context, master: str, message: CommitTag) -> None:
        """Make a version the node's own. If a crash has lost it, stay silent: the master puts it again."""
        tag, version = message.tag, message.version
        put = self._put.get(tag, ABSENT)
        if put.version == version:
            del self._put[tag]
            self._write(ctx, tag, put)
        if self._tags.get(tag, ABSENT).version >= version:
            ctx.send(master, TagCommitted(tag, version))

    def _write(self, ctx: Context, tag: Tag, data: TagData) -> None:
        if data.version > self._tags.get(tag, ABSENT).version:
            self._tags[tag] = data
            ctx.disk.write(f"tag/{tag}", data)
            ctx.disk.sync()

    def _inventory(self, ctx: Context, master: str, message: Inventory) -> None:
        """Say what is here. What the horizon has passed cannot be committed any more, so it is forgotten first."""
        if message.horizon > self._horizon:
            self._horizon = message.horizon
            self._put = {tag: data for tag, data in self._put.items() if data.version > self._horizon}
            ctx.disk.write("horizon", self._horizon)
            ctx.disk.sync()
        tags = tuple(Held(tag, data) for tag, data in sorted(self._tags.items()))
        ctx.send(master, Holdings(message.round, tags, tuple(sorted(self._blobs))))

    def _remove(self, ctx: Context, master: str, message: Remove) -> None:
        """Remove garbage for good. A version that came back could be the newest, once its deletion is forgotten."""
        for tag, version in message.tags:
            if tag in self._tags and self._tags[tag].version <= version:
                del self._tags[tag]
                ctx.disk.write(f"tag/{tag}", None)
        for blob in message.blobs:
            if self._blobs.pop(blob, blob) is None:
                ctx.disk.write(_path(blob), None)
        ctx.disk.sync()


def _content(ctx: Context, blob: Number) -> str | None:
    """What is in a blob; None if it is not here. A list holds it on the disk: half of it is then no blob."""
    content = ctx.disk.read(_path(blob), list[str])
    return None if content is None else content[0]


def _path(blob: Number) -> str:
    return f"blob/{blob[0]}.{blob[1]}"
