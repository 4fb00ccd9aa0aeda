"""The messages, and what they carry. n1 is the master; all other nodes store.

    client              master              storage nodes
      ── NewBlob ─────────>                                   where may I push a blob?
      <────── Place ───────
      ── PutBlob ─────────────────────────────>               to K nodes
      <─────────────────────────── BlobPut ────
      ── Update, Delete ──>                                   change the tag
                           ── PutTag ─────────>               a new version, to K nodes
                           <──────── TagPut ───
                           ── CommitTag ──────>               when K nodes have it
                           <── TagCommitted ───
      <───── Changed ──────                                   when K nodes have committed it

      ── GetTag ──────────>
                           ── AskTag ─────────>               only if the master does not know the tag
                           <────── TagHeld ────
      <── TagContents ─────
      ── GetBlob ─────────────────────────────>               to any node that has it
      <────────────────────────── BlobData ────

                           ── Inventory ──────>               again and again: what do you hold?
                           <───── Holdings ────
                           ── Remove ─────────>               garbage
                           ── Copy ───────────>  ── Replica ──>  to another node
                           <─────────────────── Copied ────────

Every message is the same after a round trip through JSON.
"""

from __future__ import annotations

import msgspec

import clew.systems.node

Tag = int
Number = tuple[int, int]
"""A life of the master, and a count in that life. A later number is larger. The master gives each out once."""
NEVER: Number = (0, 0)
"""The version of a tag that was never written."""


class Blob(msgspec.Struct, frozen=True):
    """A blob that a tag names, with the nodes that have it: its *replication set*."""

    name: Number
    nodes: tuple[str, ...]


class TagData(msgspec.Struct, frozen=True):
    """A version of a tag. A version without blobs says that the tag is deleted."""

    version: Number
    blobs: tuple[Blob, ...]


ABSENT = TagData(NEVER, ())
"""What a node knows of a tag that it does not hold."""


class Held(msgspec.Struct, frozen=True):
    """A tag, as a node holds it."""

    tag: Tag
    data: TagData


class NewBlob(msgspec.Struct, frozen=True, tag="new_blob"):
    """From a client to the master: give me a number for a change, and K nodes for its blob, not these if possible."""

    id: int
    exclude: tuple[str, ...]


class Place(clew.systems.node.Reply, frozen=True, tag="place"):
    """To a client: the blob is called this, and may be pushed to these nodes."""

    blob: Number
    nodes: tuple[str, ...]


class PutBlob(msgspec.Struct, frozen=True, tag="put_blob"):
    """From a client to a storage node: keep this blob."""

    id: int
    blob: Number
    data: str


class BlobPut(clew.systems.node.Reply, frozen=True, tag="blob_put"):
    """To a client: the blob is on my disk."""

    blob: Number


class Update(msgspec.Struct, frozen=True, tag="update"):
    """From a client to the master: have the tag name this blob too, or only this blob."""

    id: int
    tag: Tag
    blob: Blob
    replace: bool


class Delete(msgspec.Struct, frozen=True, tag="delete"):
    """From a client to the master: delete the tag."""

    id: int
    tag: Tag
    number: Number
    """The number of this change. The master carries it out once, however often the message arrives."""


class Changed(clew.systems.node.Reply, frozen=True, tag="changed"):
    """To a client: K nodes have this version, or a newer one."""

    tag: Tag
    version: Number


class GetTag(msgspec.Struct, frozen=True, tag="get_tag"):
    """From a client to the master: which blobs does the tag name?"""

    id: int
    tag: Tag


class TagContents(clew.systems.node.Reply, frozen=True, tag="tag_contents"):
    """To a client: these."""

    tag: Tag
    data: TagData


class GetBlob(msgspec.Struct, frozen=True, tag="get_blob"):
    """From a client to a storage node: what is in this blob?"""

    id: int
    blob: Number


class BlobData(clew.systems.node.Reply, frozen=True, tag="blob_data"):
    """To a client: this. None: I do not have the blob."""

    blob: Number
    data: str | None


class AskTag(msgspec.Struct, frozen=True, tag="ask_tag"):
    """From the master, in this life, to storage nodes: which version of the tag do you hold?"""

    tag: Tag
    life: int


class TagHeld(msgspec.Struct, frozen=True, tag="tag_held"):
    """To the master: this one. An answer to an earlier life may be out of date, and does not count."""

    tag: Tag
    life: int
    data: TagData


class PutTag(msgspec.Struct, frozen=True, tag="put_tag"):
    """From the master to storage nodes: keep this version in memory."""

    tag: Tag
    data: TagData


class TagPut(msgspec.Struct, frozen=True, tag="tag_put"):
    """To the master: I have it."""

    tag: Tag
    version: Number


class CommitTag(msgspec.Struct, frozen=True, tag="commit_tag"):
    """From the master to storage nodes: this is your version of the tag now."""

    tag: Tag
    version: Number


class TagCommitted(msgspec.Struct, frozen=True, tag="tag_committed"):
    """To the master: this version, or a newer one, is on my disk."""

    tag: Tag
    version: Number


class Inventory(msgspec.Struct, frozen=True, tag="inventory"):
    """From the master to storage nodes: what do you hold?"""

    round: Number
    horizon: Number
    """No version up to this one is being written any more. From now on nodes refuse what arrives of them late."""


class Holdings(msgspec.Struct, frozen=True, tag="holdings"):
    """To the master: this."""

    round: Number
    tags: tuple[Held, ...]
    blobs: tuple[Number, ...]


class Remove(msgspec.Struct, frozen=True, tag="remove"):
    """From the master to a storage node: remove these blobs, and these tags up to these versions."""

    blobs: tuple[Number, ...]
    tags: tuple[tuple[Tag, Number], ...]


class Copy(msgspec.Struct, frozen=True, tag="copy"):
    """From the master to a storage node: send this blob to that node."""

    tag: Tag
    blob: Number
    target: str


class Replica(msgspec.Struct, frozen=True, tag="replica"):
    """From a storage node to another one: keep this blob."""

    tag: Tag
    blob: Number
    data: str


class Copied(msgspec.Struct, frozen=True, tag="copied"):
    """To the master: I have this blob now, which the tag names."""

    tag: Tag
    blob: Number


Message = (
    NewBlob | Place | PutBlob | BlobPut | Update | Delete | Changed | GetTag | TagContents | GetBlob | BlobData
    | AskTag | TagHeld | PutTag | TagPut | CommitTag | TagCommitted
    | Inventory | Holdings | Remove | Copy | Replica | Copied
)  # fmt: skip
