"""The worker: it executes the tasks that the master gives it (section 3.1).

A map task reads its records from the file system, and leaves its output on the worker's own disk, in a file for each
reduce task. A reduce task fetches what the map tasks have left for it from the workers that executed them. It writes
its output to a file of its own, and renames the file when all of it is written.

The master sends a task again until it hears that it is done. So a worker sets no timers to ask again: when it is told
of a task that it knows, it asks for what it still needs.
"""

from __future__ import annotations

from clew.systems.mapreduce.messages import (
    Attempt,
    Fetch,
    Fetched,
    Map,
    Mapped,
    Pair,
    Ping,
    Place,
    Pong,
    Read,
    Records,
    Reduce,
    Reduced,
    Rename,
    Renamed,
    Word,
    Write,
    Written,
    file_system_of,
    master_of,
    outputs_of,
)
from clew.systems.mapreduce.parameters import Parameters
from clew.systems.mapreduce.word_count import map_, reduce_
from clew.systems.node import Context


class ReduceTask:
    """What a worker knows of a reduce task that it executes."""

    def __init__(self, task: Reduce) -> None:
        self.task = task
        """As the master has sent it last."""
        self.pieces: dict[int, tuple[Pair, ...]] = {}
        """What was fetched, by the number of the map task."""
        self.output: tuple[Pair, ...] | None = None
        """None until it is computed."""
        self.written: set[int] = set()
        """The lines of the output that are safe."""


class Worker:
    """The worker of one node, in one life of that node."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._life: int
        self._computing: dict[str, Attempt] = {}
        """The timer of each task that computes."""
        self._records: dict[Attempt, tuple[Word, ...]] = {}
        """The input of map tasks that compute."""
        self._mapped: set[Attempt] = set()
        """The map tasks whose output is on this disk."""
        self._reducing: dict[Attempt, ReduceTask] = {}
        self._reduced: set[Attempt] = set()
        """The reduce tasks whose output is in the file system."""

    def start(self, ctx: Context, life: int) -> None:
        """Begin a life with an empty disk: the master gives what was there to others."""
        self._life = life
        written = ctx.disk.keys()
        for path in written:
            if path.startswith("map/"):
                ctx.disk.write(path, None)

    def ping(self, ctx: Context, master: str, message: Ping) -> None:
        """Tell that this worker is there, and since when."""
        ctx.send(master, Pong(self._life))

    def map(self, ctx: Context, master: str, message: Map) -> None:
        """Ask for the records, or tell the master again that the task is done."""
        if message.attempt in self._mapped:
            ctx.send(master, Mapped(message.attempt))
        elif message.attempt not in self._records:
            ctx.send(file_system_of(ctx.nodes), self._input_of(message))

    def records(self, ctx: Context, source: str, message: Records) -> None:
        """Begin to compute."""
        if message.attempt not in self._records and message.attempt not in self._mapped:
            self._records[message.attempt] = message.words
            self._compute(ctx, "map", message.attempt)

    def reduce(self, ctx: Context, master: str, message: Reduce) -> None:
        """Learn where the output of map tasks is, and ask for what is missing; or tell the master again that the task
        is done."""
        if message.attempt in self._reduced:
            ctx.send(master, Reduced(message.attempt))
            return
        known = self._reducing.setdefault(message.attempt, ReduceTask(message))
        if message.version > known.task.version:
            known.task = message
        self._go_on(ctx, known)

    def fetch(self, ctx: Context, worker: str, message: Fetch) -> None:
        """Give another worker its part of a map task's output, if it is there."""
        pairs = self._output_of(ctx, message.map, message.reduce.task)
        if pairs is not None:
            ctx.send(worker, Fetched(message.map, message.reduce, pairs))

    def fetched(self, ctx: Context, worker: str, message: Fetched) -> None:
        """Keep a part, and compute when all are there. Of a map task that was executed twice, the first counts."""
        known = self._reducing.get(message.reduce)
        if known is not None and known.output is None:
            known.pieces.setdefault(message.map.task, message.pairs)
            self._go_on(ctx, known)

    def written(self, ctx: Context, source: str, message: Written) -> None:
        """Note that a line is safe. The last one completes the file."""
        known = self._reducing.get(message.attempt)
        if known is not None and known.output is not None:
            known.written.add(message.line)
            if len(known.written) == len(known.output):
                self._commit(ctx, known)

    def renamed(self, ctx: Context, source: str, message: Renamed) -> None:
        """Tell the master that the task is done."""
        if self._reducing.pop(message.attempt, None) is not None:
            self._reduced.add(message.attempt)
            ctx.send(master_of(ctx.nodes), Reduced(message.attempt))

    def wake(self, ctx: Context, timer: str) -> None:
        """Finish what was computed."""
        attempt = self._computing.pop(timer)
        if timer.startswith("map"):
            self._finish_map(ctx, attempt)
        else:
            known = self._reducing[attempt]
            known.output = reduce_(known.pieces.values())
            self._go_on(ctx, known)

    def _compute(self, ctx: Context, kind: str, attempt: Attempt) -> None:
        timer = f"{kind}/{attempt}"
        if timer not in self._computing:
            self._computing[timer] = attempt
            ctx.set_timer(timer, self._parameters.task_takes)

    def _finish_map(self, ctx: Context, attempt: Attempt) -> None:
        """Write the output to this disk. It need not be safe: after a crash nobody asks for it."""
        for part, pairs in enumerate(map_(self._records.pop(attempt), self._parameters.reduce_tasks)):
            ctx.disk.write(f"map/{attempt}/{part}", pairs)
        self._mapped.add(attempt)
        ctx.send(master_of(ctx.nodes), Mapped(attempt))

    def _go_on(self, ctx: Context, known: ReduceTask) -> None:
        """Do the next step of a reduce task, or do it again."""
        attempt = known.task.attempt
        if known.output is None:
            for place in known.task.places:
                if self._needs(known, place):
                    ctx.send(place.worker, Fetch(Attempt(attempt.job, place.task, place.attempt), attempt))
            if self._has_all(known):
                self._compute(ctx, "reduce", attempt)
            return
        for line, pair in enumerate(known.output):
            if line not in known.written:
                ctx.send(file_system_of(ctx.nodes), Write(attempt, self._temporary(attempt), line, pair))
        if len(known.written) == len(known.output):
            self._commit(ctx, known)

    def _commit(self, ctx: Context, known: ReduceTask) -> None:
        """Give the output its name, in one step. If another attempt was faster, this is the same output once more."""
        attempt = known.task.attempt
        ctx.send(file_system_of(ctx.nodes), Rename(attempt, self._temporary(attempt), self._final(attempt)))

    def _input_of(self, message: Map) -> Read:
        return Read(message.attempt, message.key, message.first, message.end)

    def _output_of(self, ctx: Context, map: Attempt, part: int) -> tuple[Pair, ...] | None:
        if map not in self._mapped:
            return None
        return ctx.disk.read(f"map/{map}/{part}", tuple[Pair, ...])

    def _needs(self, known: ReduceTask, place: Place) -> bool:
        return place.task not in known.pieces

    def _has_all(self, known: ReduceTask) -> bool:
        return len(known.pieces) == known.task.maps

    def _temporary(self, attempt: Attempt) -> str:
        return f"{attempt.job}/temporary-{attempt.task}-{attempt.number}"

    def _final(self, attempt: Attempt) -> str:
        return f"{outputs_of(attempt.job)}{attempt.task}"
