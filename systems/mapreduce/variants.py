"""Variants of MapReduce. Each has one mistake."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clew.systems.host_variants import host_variants
from clew.systems.mapreduce.file_system import FileSystem
from clew.systems.mapreduce.master import Master
from clew.systems.mapreduce.messages import (
    Append,
    Attempt,
    Fetched,
    Map,
    Pair,
    Place,
    Read,
    Reduced,
    Submit,
    outputs_of,
)
from clew.systems.mapreduce.node import MapReduceNode, Roles
from clew.systems.mapreduce.parameters import Parameters
from clew.systems.mapreduce.worker import ReduceTask, Worker
from clew.systems.node import Context
from clew.systems.protocol import Hunted, Variant


class CountsBothExecutions(Worker):
    """Fetches the output of a map task again when it hears that the task was executed again, and counts both.

    A client is told more of a word than was ever appended.
    """

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self._counted: set[tuple[Attempt, Attempt]] = set()

    def fetched(self, ctx: Context, worker: str, message: Fetched) -> None:
        known = self._reducing.get(message.reduce)
        if known is not None and known.output is None and (message.map, message.reduce) not in self._counted:
            self._counted.add((message.map, message.reduce))
            number = message.map.task
            known.pieces[number] = (*known.pieces.get(number, ()), *message.pairs)
            self._go_on(ctx, known)

    def _needs(self, known: ReduceTask, place: Place) -> bool:
        reduce = known.task.attempt
        return (Attempt(reduce.job, place.task, place.attempt), reduce) not in self._counted


class ReducesEarly(Worker):
    """Computes when it has the output of the map tasks that it was told of, and does not wait for the others.

    Reduce workers fetch while maps are still in progress, but they may reduce only when they have *all* of it (3.1).

    A client misses words.
    """

    def _has_all(self, known: ReduceTask) -> bool:
        return len(known.pieces) >= min(len(known.task.places) or 1, known.task.maps)


class CommitsEveryExecution(Worker):
    """Gives the output a name of its own, which no other attempt has. Renaming replaces nothing, so if a reduce task is
    executed twice, there are two outputs.

    A client is told each word of that reduce task twice as often.
    """

    def _final(self, attempt: Attempt) -> str:
        return f"{outputs_of(attempt.job)}{attempt.task}-{attempt.number}"


class RenamesUnwritten(Worker):
    """Renames the file as soon as it has sent the lines, and does not wait until they are written.

    A client misses words: a line was lost, or is on its way.
    """

    def _go_on(self, ctx: Context, known: ReduceTask) -> None:
        super()._go_on(ctx, known)
        if known.output:
            self._commit(ctx, known)


class TakesLostForEmpty(Worker):
    """Takes a file that is not on its disk for an empty one, when another worker asks for it.

    A client misses words: this worker had executed the map task in an earlier life.
    """

    def _output_of(self, ctx: Context, map: Attempt, part: int) -> tuple[Pair, ...] | None:
        return super()._output_of(ctx, map, part) or ()


class MapsWhatIsThereNow(Worker):
    """Reads a whole split, though the job's part of the last one ends earlier. So if that map task is executed twice,
    its output is not the same, because the input has grown. One reduce task may get the older output, and another one
    the newer (3.3: only if the functions are deterministic is the result that of a sequential execution).

    A client is told of an append, but not of an earlier one.
    """

    def _input_of(self, message: Map) -> Read:
        return Read(message.attempt, message.key, message.first, message.first + self._parameters.split)


class AppendsAgain(FileSystem):
    """Appends a record each time that it is asked, as GFS does: its record append is done at least once.

    A client is told more of a word than was ever appended.
    """

    def append(self, ctx: Context, client: str, message: Append) -> None:
        self._appended.pop(client, None)
        super().append(ctx, client, message)


class ReusesNames(Master):
    """Gives a job the name that it had before the master died, so the new job finds the files of the old one.

    A client is told of an append, but not of an earlier one: the input has grown in between, and one reduce task was
    completed for the old job.
    """

    def _name(self, message: Submit) -> str:
        return str(message.id)


class CountsAttempts(Master):
    """Takes a job for done when as many reduce attempts have ended as there are reduce tasks.

    A client misses words: one task has ended twice, with its backup, and another one has not ended.
    """

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self._ended: set[Attempt] = set()

    def reduced(self, ctx: Context, worker: str, message: Reduced) -> None:
        super().reduced(ctx, worker, message)
        self._ended.add(message.attempt)
        job = self._job(message.attempt.job)
        if job is not None and not job.done:
            ended = sum(attempt.job == job.name for attempt in self._ended)
            if ended == len(job.tasks["reduce"]):
                self._finish(ctx, job)


def node_with(roles: Roles) -> Callable[[Parameters], MapReduceNode]:
    """A function that makes a node with these roles, given its parameters."""
    return lambda parameters: MapReduceNode(parameters, roles)


VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "counts-both-executions",
            "a reduce task counts the output of a map task that was executed again twice, so counts are too high",
            node_with(Roles(worker=CountsBothExecutions)),
        ),
        Variant(
            "reduces-early",
            "a reduce task does not wait for the maps that are still in progress, so words are missing",
            node_with(Roles(worker=ReducesEarly)),
        ),
        Variant(
            "takes-lost-for-empty",
            "a worker that has restarted gives an empty file for the output that it has lost, so words are missing",
            node_with(Roles(worker=TakesLostForEmpty)),
        ),
        Variant(
            "maps-what-is-there-now",
            "a map task that is executed again reads more than before, so a job sees a later append and no earlier one",
            node_with(Roles(worker=MapsWhatIsThereNow)),
        ),
        Variant(
            "commits-every-execution",
            "each execution of a reduce task leaves an output of its own, so words are counted twice",
            node_with(Roles(worker=CommitsEveryExecution)),
        ),
        Variant(
            "renames-unwritten",
            "a worker gives the output its name before all of it is written, so words are missing",
            node_with(Roles(worker=RenamesUnwritten)),
        ),
        Variant(
            "counts-attempts",
            "the master counts a reduce task and its backup as two, so a job ends too early and words are missing",
            node_with(Roles(master=CountsAttempts)),
        ),
        Variant(
            "appends-again",
            "a record is appended again when its client asks again or the network copies the message",
            node_with(Roles(files=AppendsAgain)),
        ),
        Variant(
            "reuses-names",
            "a master that has restarted names a job as before, so old outputs are mixed with new ones",
            node_with(Roles(master=ReusesNames)),
        ),
        *host_variants(MapReduceNode),
    )
}

DIE = "mapreduce-workers-die"
STRAGGLERS = "mapreduce-stragglers"
STORM = "mapreduce-storm"
HUNTED: Mapping[str, Hunted] = {
    "counts-both-executions": Hunted(DIE),
    "reduces-early": Hunted(STORM),
    "takes-lost-for-empty": Hunted(DIE),
    "maps-what-is-there-now": Hunted("mapreduce-maps-what-is-there-now"),
    "commits-every-execution": Hunted(STRAGGLERS),
    "renames-unwritten": Hunted(STORM),
    "counts-attempts": Hunted(STRAGGLERS),
    "appends-again": Hunted(STORM, settings=("network.clients={latency: 2ms, drop: 0.05}",)),
    "reuses-names": Hunted("mapreduce-reuses-names"),
    "handles-packets-twice": Hunted(STORM, unnoticed="networks copy packets, so the protocol is made to handle copies"),
    "torn-writes": Hunted(DIE),
    "read-error-as-empty": Hunted(DIE),
    "fsync-lies": Hunted(DIE),
}
"""How each variant is hunted."""
