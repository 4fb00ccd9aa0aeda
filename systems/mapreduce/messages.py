"""The messages. A job counts the words of one input, so every job has the key of its input.

    client            master            workers           file system
      ── Append ──────────────────────────────────────────────>         one more word
      <──────────────────────────────────────────── Appended ──

      ── Submit ────────>                                               run the job
                         ── Measure ──────────────────────────>         the job's input is what is there now
                         <────────────────────────── Measured ──
                         ── Map ──────────>
                                           ── Read ────────────>
                                           <────────── Records ──
                         <──────── Mapped ──                            its output stays on the worker
                         ── Reduce ───────>                             where the output of the maps is, so far
                                           ── Fetch ──> worker
                                           <── Fetched ──
                                           ── Write ───────────>        each line, into a file of its own
                                           <────────── Written ──
                                           ── Rename ──────────>
                                           <────────── Renamed ──
                         <─────── Reduced ──
      <────────── Done ──
      ── Collect ─────────────────────────────────────────────>
      <─────────────────────────────────────────── Collected ──

                         ── Ping ─────────>
                         <────────── Pong ──

Every message is the same after a round trip through JSON.
"""

from __future__ import annotations

import msgspec

import clew.systems.node

Key = int
Word = int
Pair = tuple[Word, int]
"""What map and reduce make: a word, and how often it is there."""


def master_of(nodes: tuple[str, ...]) -> str:
    """The node that is the master too. All nodes are workers."""
    return nodes[0]


def file_system_of(nodes: tuple[str, ...]) -> str:
    """The node that has the file system too."""
    return nodes[-1]


def outputs_of(job: str) -> str:
    """How the names of a job's output files begin. A number follows, that of the reduce task."""
    return f"{job}/output-"


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """One execution of a task. A task that is executed again, or twice at the same time, has several."""

    job: str
    """The name of the job. No two jobs have the same."""
    task: int
    """The number of the map task, or of the reduce task, from 0."""
    number: int
    """The number of the attempt, from 1."""

    def __str__(self) -> str:
        return f"{self.job}/{self.task}/{self.number}"


class Append(msgspec.Struct, frozen=True, tag="append"):
    """From a client to the file system: add a record to an input."""

    id: int
    key: Key
    word: Word


class Appended(clew.systems.node.Reply, frozen=True, tag="appended"):
    """From the file system to a client: the record is there, and is record number `position`, from 0."""

    key: Key
    position: int


class Submit(msgspec.Struct, frozen=True, tag="submit"):
    """From a client to the master: run the job on this input, and tell me when it is done."""

    id: int
    key: Key


class Done(clew.systems.node.Reply, frozen=True, tag="done"):
    """From the master to a client: the output of the job is in the file system."""

    job: str


class Collect(msgspec.Struct, frozen=True, tag="collect"):
    """From a client to the file system: what is in the output files of this job?"""

    id: int
    job: str


class Collected(clew.systems.node.Reply, frozen=True, tag="collected"):
    """From the file system to a client: the lines of all output files."""

    job: str
    lines: tuple[Pair, ...]


class Measure(msgspec.Struct, frozen=True, tag="measure"):
    """From the master to the file system: how many records are in this input?"""

    job: str
    key: Key


class Measured(msgspec.Struct, frozen=True, tag="measured"):
    """From the file system to the master."""

    job: str
    length: int


class Map(msgspec.Struct, frozen=True, tag="map"):
    """From the master to a worker: execute this map task, on the records from `first` up to `end`, without that."""

    attempt: Attempt
    key: Key
    first: int
    end: int


class Read(msgspec.Struct, frozen=True, tag="read"):
    """From a worker to the file system: I need these records, as many of them as are there."""

    attempt: Attempt
    key: Key
    first: int
    end: int


class Records(msgspec.Struct, frozen=True, tag="records"):
    """From the file system to a worker."""

    attempt: Attempt
    words: tuple[Word, ...]


class Mapped(msgspec.Struct, frozen=True, tag="mapped"):
    """From a worker to the master: the output of this map task is on my disk."""

    attempt: Attempt


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where the output of a map task is."""

    task: int
    attempt: int
    worker: str


class Reduce(msgspec.Struct, frozen=True, tag="reduce"):
    """From the master to a worker: execute this reduce task. It is sent again when a map task is completed."""

    attempt: Attempt
    maps: int
    """How many map tasks the job has."""
    version: int
    """A list of places with a higher version is newer."""
    places: tuple[Place, ...]
    """The map tasks that are completed."""


class Fetch(msgspec.Struct, frozen=True, tag="fetch"):
    """From one worker to another: give me the part of this map task's output that is for my reduce task."""

    map: Attempt
    reduce: Attempt


class Fetched(msgspec.Struct, frozen=True, tag="fetched"):
    """From one worker to another."""

    map: Attempt
    reduce: Attempt
    pairs: tuple[Pair, ...]


class Write(msgspec.Struct, frozen=True, tag="write"):
    """From a worker to the file system: line `line` of this file, from 0, is `pair`."""

    attempt: Attempt
    file: str
    line: int
    pair: Pair


class Written(msgspec.Struct, frozen=True, tag="written"):
    """From the file system to a worker: the line is safe."""

    attempt: Attempt
    line: int


class Rename(msgspec.Struct, frozen=True, tag="rename"):
    """From a worker to the file system: `old` is now called `new`. A file that was called `new` is lost."""

    attempt: Attempt
    old: str
    new: str


class Renamed(msgspec.Struct, frozen=True, tag="renamed"):
    """From the file system to a worker."""

    attempt: Attempt


class Reduced(msgspec.Struct, frozen=True, tag="reduced"):
    """From a worker to the master: the output of this reduce task is in the file system."""

    attempt: Attempt


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """From the master to all workers: are you there?"""


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """From a worker to the master: I am."""

    life: int
    """Which life of this worker it is. What a worker had on its disk is lost to the others when a new life begins."""


Message = (
    Append | Appended | Submit | Done | Collect | Collected | Measure | Measured | Map | Read | Records | Mapped
    | Reduce | Fetch | Fetched | Write | Written | Rename | Renamed | Reduced | Ping | Pong
)  # fmt: skip
