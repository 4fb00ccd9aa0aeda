"""What the master does with one tag: one task after the other, each on the newest version.

A tag server loads the newest version when it is first needed, and knows it from then on, because all versions are
written here. A version counts as written when K nodes have committed it. To load a tag, the server waits until fewer
than K nodes are silent, so that one of the others has the last version that was written. Perhaps the newest version was
never written to the end. Its client does not know what became of it, but a reader may. So the server writes it again
before anybody reads it, with a new number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from clew.systems.disco.messages import (
    ABSENT,
    NEVER,
    AskTag,
    Blob,
    CommitTag,
    Number,
    PutTag,
    Tag,
    TagCommitted,
    TagData,
    TagHeld,
    TagPut,
)
from clew.systems.disco.parameters import Parameters
from clew.systems.node import Context

Edit = Callable[[tuple[Blob, ...]], tuple[Blob, ...]]
"""Makes the blobs of the next version from those of the newest one."""


class Numbers:
    """The numbers that the master gives out in one life."""

    def __init__(self) -> None:
        self.last = NEVER

    def begin(self, life: int) -> None:
        """Begin a life. Its numbers are larger than those of all earlier lives."""
        self.last = (life, 0)

    def next(self) -> Number:
        """A number that nothing else has."""
        life, count = self.last
        self.last = (life, count + 1)
        return self.last


class Task(NamedTuple):
    """What is to be done with a tag."""

    edit: Edit
    """What changes. If nothing does, no version is written."""
    done: Callable[[Context, TagData], None]
    """Called with the version that the task has led to, when it is written."""
    anew: bool = False
    """Whether to write a version even if nothing changes, because too few nodes have the newest one."""


class _Writing(NamedTuple):
    data: TagData
    task: Task
    put: set[str]
    committed: set[str]


class TagServer:
    """One tag, in one life of the master."""

    def __init__(self, tag: Tag, parameters: Parameters, numbers: Numbers) -> None:
        self._tag = tag
        self._parameters = parameters
        self._numbers = numbers
        self._data: TagData | None = None
        """The newest version. None: it is not loaded."""
        self._answers: dict[str, TagData] = {}
        """What nodes have said since this server asked for the tag."""
        self._tasks = deque[Task]()
        self._writing: _Writing | None = None

    @property
    def under_way(self) -> Number | None:
        """The version that is being written, if there is one."""
        return None if self._writing is None else self._writing.data.version

    def names(self) -> set[Number]:
        """The blobs that the tag names, or will."""
        known = [data for data in (self._data, self._writing and self._writing.data) if data is not None]
        return {blob.name for data in known for blob in data.blobs}

    def submit(self, ctx: Context, task: Task) -> None:
        """Do this after all earlier tasks."""
        self._tasks.append(task)
        if self._data is None and len(self._tasks) == 1:
            self._ask(ctx)
        self._work(ctx)

    def wake(self, ctx: Context) -> None:
        """Ask again. Then a version is put to all nodes that have not committed it: those that were chosen may be
        down."""
        if self._data is None:
            self._load(ctx, late=True)
        if self._data is None:
            self._ask(ctx)
        elif self._writing is not None:
            self._put(ctx, [node for node in ctx.nodes[1:] if node not in self._writing.committed])

    def held(self, ctx: Context, node: str, message: TagHeld) -> None:
        """Take an answer of a node that holds the tag, or does not."""
        if self._data is None and message.life == self._numbers.last[0]:
            self._answers[node] = message.data
            self._load(ctx, late=len(self._answers) == len(ctx.nodes) - 1)

    def put(self, ctx: Context, node: str, message: TagPut) -> None:
        """Commit the version, when K nodes have it."""
        writing = self._writing
        if writing is None or message.version != writing.data.version:
            return
        writing.put.add(node)
        if len(writing.put) >= self._parameters.replicas:
            for each in sorted(writing.put - writing.committed):
                ctx.send(each, CommitTag(self._tag, message.version))

    def committed(self, ctx: Context, node: str, message: TagCommitted) -> None:
        """The version is written, when K nodes have committed it."""
        writing = self._writing
        if writing is None or message.version != writing.data.version:
            return
        writing.committed.add(node)
        if len(writing.committed) >= self._enough():
            self._data, self._writing = writing.data, None
            ctx.cancel_timer(f"tag/{self._tag}")
            writing.task.done(ctx, self._data)
            self._work(ctx)

    def _enough(self) -> int:
        return self._parameters.replicas

    def _ask(self, ctx: Context) -> None:
        for node in ctx.nodes[1:]:
            if node not in self._answers:
                ctx.send(node, AskTag(self._tag, self._numbers.last[0]))
        ctx.set_timer(f"tag/{self._tag}", self._parameters.ask_again_after)

    def _load(self, ctx: Context, *, late: bool) -> None:
        """Take the newest version, if enough nodes have answered. `late`: no more answers are to be expected."""
        newest = max(self._answers.values(), key=lambda data: data.version, default=ABSENT)
        holders = sum(data.version == newest.version for data in self._answers.values())
        if holders >= self._parameters.replicas:
            self._loaded(ctx, newest)
        elif late and len(self._answers) > len(ctx.nodes) - 1 - self._parameters.replicas:
            ctx.count("versions completed", int(newest != ABSENT))
            self._loaded(ctx, newest, complete=newest != ABSENT)

    def _loaded(self, ctx: Context, newest: TagData, *, complete: bool = False) -> None:
        if complete:
            self._tasks.appendleft(rewriting())
        self._data = newest
        ctx.cancel_timer(f"tag/{self._tag}")
        self._work(ctx)

    def _work(self, ctx: Context) -> None:
        """Do tasks until one has to write, or none is left."""
        while self._data is not None and self._writing is None and self._tasks:
            task = self._tasks.popleft()
            blobs = task.edit(self._data.blobs)
            if blobs == self._data.blobs and not task.anew:
                task.done(ctx, self._data)
                continue
            self._writing = _Writing(TagData(self._numbers.next(), blobs), task, set(), set())
            self._put(ctx, ctx.random.sample(ctx.nodes[1:], self._parameters.replicas))

    def _put(self, ctx: Context, nodes: list[str]) -> None:
        assert self._writing is not None
        for node in nodes:
            ctx.send(node, PutTag(self._tag, self._writing.data))
        ctx.set_timer(f"tag/{self._tag}", self._parameters.ask_again_after)


def unchanged(blobs: tuple[Blob, ...]) -> tuple[Blob, ...]:
    """The edit that changes nothing."""
    return blobs


def rewriting() -> Task:
    """Write the newest version once more, to K nodes, with a new number."""
    return Task(unchanged, lambda ctx, data: None, anew=True)
