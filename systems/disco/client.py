"""The client: it pushes a blob to K nodes and then has the master tag it; it reads a tag and then its blobs.

    put s      push a blob s, and have the tag name only that
    append s   push a blob s, and have the tag name it too, as the last one
    get        what is in the blobs that the tag names, one after the other
    delete     delete the tag

A question is asked again. A change of a tag is sent once: if there is no answer, nobody knows whether it happened.
"""

from __future__ import annotations

from typing import Any

from clew.systems.disco.messages import (
    Blob,
    BlobData,
    BlobPut,
    Changed,
    Delete,
    GetBlob,
    GetTag,
    NewBlob,
    Number,
    Place,
    PutBlob,
    TagContents,
    TagData,
    Update,
)
from clew.systems.disco.parameters import Parameters
from clew.systems.node import ClientContext, Operation


class DiscoClient:
    """A process that uses the file system."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._operation: Operation
        self._place: Place | None = None
        """Where the blob is pushed to. None: the master has not said so."""
        self._pushed: set[str] = set()
        """Who has the blob."""
        self._excluded: set[str] = set()
        """Who did not take it in time."""
        self._data: TagData | None = None
        """The tag that is read. None: the master has not told it."""
        self._contents: dict[Number, str] = {}
        """What was in the blobs of the tag that have come."""
        self._tries = 0

    def invoke(self, ctx: ClientContext, operation: Operation) -> None:
        """Ask the master for the tag, or for a number and a place."""
        self._operation = operation
        self._place, self._data, self._tries = None, None, 0
        self._excluded.clear()
        self._begin(ctx)

    def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
        """Take the next step of the operation."""
        if isinstance(message, Place):
            self._placed(ctx, message)
        elif isinstance(message, BlobPut):
            self._put(ctx, source, message)
        elif isinstance(message, Changed):
            self._complete(ctx, self._operation.value)
        elif isinstance(message, TagContents):
            self._read(ctx, message.data)
        elif isinstance(message, BlobData) and message.data is not None:
            self._contents[message.blob] = message.data
            self._finish(ctx)

    def wake(self, ctx: ClientContext, timer: str) -> None:
        """Ask again: for another place, for blobs from other nodes, and for the tag when all nodes were asked."""
        self._tries += 1
        ctx.count("retries")
        if self._place is not None:
            self._excluded.update(node for node in self._place.nodes if node not in self._pushed)
            self._place = None
            self._begin(ctx)
        elif self._data is not None and self._tries % len(ctx.nodes):
            self._fetch(ctx)
        else:
            self._begin(ctx)

    def _begin(self, ctx: ClientContext) -> None:
        asked = self._operation
        if asked.f == "get":
            ctx.send(ctx.nodes[0], GetTag(asked.id, asked.key))
        else:
            ctx.send(ctx.nodes[0], NewBlob(asked.id, tuple(sorted(self._excluded))))
        ctx.set_timer("again", self._parameters.ask_again_after)

    def _placed(self, ctx: ClientContext, place: Place) -> None:
        """Push the blob, or delete the tag: a deletion has a number, but no blob. Copies of the answer are ignored."""
        if self._place is not None:
            return
        asked = self._operation
        self._place = place
        self._pushed.clear()
        if asked.f == "delete":
            self._change(ctx, Delete(asked.id, asked.key, place.blob))
            return
        for node in place.nodes:
            ctx.send(node, PutBlob(asked.id, place.blob, asked.value))
        ctx.set_timer("again", self._parameters.ask_again_after)

    def _put(self, ctx: ClientContext, node: str, message: BlobPut) -> None:
        """Tag the blob, when all nodes have it."""
        place, asked = self._place, self._operation
        if place is None or message.blob != place.blob or node in self._pushed:
            return
        self._pushed.add(node)
        if len(self._pushed) == len(place.nodes):
            self._change(ctx, Update(asked.id, asked.key, Blob(place.blob, place.nodes), asked.f == "put"))

    def _change(self, ctx: ClientContext, message: Update | Delete) -> None:
        ctx.cancel_timer("again")
        ctx.send(ctx.nodes[0], message)

    def _read(self, ctx: ClientContext, data: TagData) -> None:
        """Read the blobs of this version."""
        self._data, self._contents = data, {}
        self._fetch(ctx)
        self._finish(ctx)

    def _fetch(self, ctx: ClientContext) -> None:
        """Ask for the blobs that have not come, each time another node of each replication set."""
        assert self._data is not None
        for blob in self._data.blobs:
            if blob.name not in self._contents:
                node = blob.nodes[(ctx.thread + self._tries) % len(blob.nodes)]
                ctx.send(node, GetBlob(self._operation.id, blob.name))
        ctx.set_timer("again", self._parameters.ask_again_after)

    def _finish(self, ctx: ClientContext) -> None:
        if self._data is not None and all(blob.name in self._contents for blob in self._data.blobs):
            self._complete(ctx, "".join(self._contents[blob.name] for blob in self._data.blobs))

    def _complete(self, ctx: ClientContext, value: Any) -> None:
        ctx.cancel_timer("again")
        ctx.complete("ok", value)
