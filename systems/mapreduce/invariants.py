"""What section 3.3 promises, and what it takes to keep that promise, as invariants over the messages.

The promise is `results-are-sequential`. The others are the steps of an argument for it: a job is about a part of its
input that never changes; a map task has one output, however often it is executed; a reduce task counts the output of
each map task once; its own output is committed when it is whole, and once; the job is done when all are committed.

The inputs are remembered, for every job counts all of its input. Otherwise only the last jobs are (`last_jobs.py`), and
the last appends of each client. What is sent about older ones is compared with nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from clew.systems.horizon import Recent
from clew.systems.invariant import Invariant, Sent, Violation
from clew.systems.mapreduce.last_jobs import LastJobs, OfJobs
from clew.systems.mapreduce.messages import (
    Append,
    Appended,
    Attempt,
    Collected,
    Done,
    Fetched,
    Key,
    Map,
    Pair,
    Read,
    Records,
    Reduced,
    Rename,
    Word,
    Write,
    Written,
)
from clew.systems.mapreduce.parameters import Parameters
from clew.systems.mapreduce.word_count import count, map_, partition


def invariants(parameters: Parameters, nodes: int) -> list[Invariant]:
    """All invariants, new for one run."""
    jobs = LastJobs()
    inputs = Inputs(parameters.reduce_tasks, jobs)
    return [
        RecordsStay(),
        SplitsStay(jobs),
        OneOutputOfAMap(inputs, jobs),
        EachMapCountsOnce(inputs),
        CommitsAreWhole(inputs, jobs),
        OneFileOfAReduce(jobs),
        AllAreReduced(parameters.reduce_tasks, jobs),
        ResultsAreSequential(inputs),
    ]


@dataclass
class About:
    """What a job is about: the first records of an input."""

    key: Key = 0
    end: int = 0
    counts: dict[Word, int] | None = None
    """How often each word is in them. None until it is counted."""
    counted: int = -1
    """How many records were known of all inputs at that time."""


class Inputs:
    """The records of each input, and which of them each job is about. What is said twice is noted once.

    A file system that is killed between the write of a record and its answer has told nobody of it. So a record is also
    noted when a worker reads it.
    """

    watches: tuple[type, ...] = (Append, Appended, Map, Read, Records)

    def __init__(self, parts: int, jobs: LastJobs) -> None:
        self.parts = parts
        self._asked = Recent[Word]()
        self._reads = OfJobs[dict[Attempt, tuple[Key, int]]](jobs, dict)
        self._words: dict[Key, dict[int, Word]] = {}
        self._known = 0
        self._abouts = OfJobs[About](jobs, About)

    def see(self, sent: Sent) -> bool:
        """Note what a message says of inputs and jobs. Returns whether it is about these."""
        message = sent.message
        if type(message) is Append:
            self._asked.first(sent.source, message.id, message.word)
        elif type(message) is Appended:
            word = self._asked.get(sent.destination, message.id)
            if word is not None:
                self._note(message.key, message.position, word)
        elif type(message) is Read:
            reads = self._reads.of(message.attempt.job)
            if reads is not None:
                reads[message.attempt] = (message.key, message.first)
        elif type(message) is Records:
            reads = self._reads.of(message.attempt.job)
            if reads is not None:
                key, first = reads[message.attempt]
                for position, word in enumerate(message.words, first):
                    self._note(key, position, word)
        elif type(message) is Map:
            about = self._abouts.of(message.attempt.job)
            if about is not None and message.end > about.end:
                about.key, about.end, about.counts = message.key, message.end, None
        return type(message) in self.watches

    def _note(self, key: Key, position: int, word: Word) -> None:
        words = self._words.setdefault(key, {})
        if position not in words:
            words[position] = word
            self._known += 1

    def records(self, key: Key, first: int, end: int) -> list[Word]:
        """Some of the records of an input."""
        words = self._words.get(key, {})
        return [words[position] for position in range(first, end) if position in words]

    def counts(self, job: str) -> dict[Word, int] | None:
        """How often each word is in what the job is about. None if the job is forgotten."""
        about = self._abouts.of(job)
        if about is None:
            return None
        if about.counts is None or about.counted < self._known:
            about.counts, about.counted = dict(count(self.records(about.key, 0, about.end))), self._known
        return about.counts


class RecordsStay:
    """An append makes one record, and a record stays what it is."""

    name = "records-stay"
    watches: tuple[type, ...] = (Appended,)

    def __init__(self) -> None:
        self._of_record: dict[tuple[Key, int], tuple[tuple[str, int], int]] = {}
        self._of_append = Recent[tuple[tuple[Key, int], int]]()

    def observe(self, sent: Sent) -> Violation | None:
        """Compare what a client is told with what was told before, of the record and of the append."""
        message = sent.message
        append, record = (sent.destination, message.id), (message.key, message.position)
        other, number = self._of_record.setdefault(record, (append, sent.id))
        if other != append:
            words = f"record {record[1]} of input {record[0]} is of {append[0]}, and was of {other[0]} before"
            return Violation(self.name, words, sent.time, (number, sent.id))
        if self._of_append.is_forgotten(*append):
            return None
        first, number = self._of_append.first(*append, (record, sent.id))
        if first == record:
            return None
        words = f"{append[0]} has appended once, and that is record {first[1]} and record {record[1]}"
        return Violation(self.name, words, sent.time, (number, sent.id))


class SplitsStay:
    """A map task has the same records in all its executions. So all jobs have different names, too."""

    name = "splits-stay"
    watches: tuple[type, ...] = (Map,)

    def __init__(self, jobs: LastJobs) -> None:
        self._splits = OfJobs[dict[int, tuple[tuple[Key, int, int], int]]](jobs, dict)

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the records of a task with those that it had first."""
        attempt, split = sent.message.attempt, (sent.message.key, sent.message.first, sent.message.end)
        splits = self._splits.of(attempt.job)
        known, number = (split, sent.id) if splits is None else splits.setdefault(attempt.task, (split, sent.id))
        if known == split:
            return None
        words = (
            f"map task {attempt.task} of job {attempt.job} is about records {split[1]} to {split[2]} of input "
            f"{split[0]}, and was about records {known[1]} to {known[2]} of input {known[0]}"
        )
        return Violation(self.name, words, sent.time, (number, sent.id))


class OneOutputOfAMap:
    """What is read of a map task is what the map function makes of its records, in all its executions."""

    name = "one-output-of-a-map"
    watches: tuple[type, ...] = (*Inputs.watches, Fetched)

    def __init__(self, inputs: Inputs, jobs: LastJobs) -> None:
        self._inputs = inputs
        self._splits = OfJobs[dict[int, tuple[Key, int, int]]](jobs, dict)

    def observe(self, sent: Sent) -> Violation | None:
        """Map the records once more, and compare."""
        message = sent.message
        task = message.map if type(message) is Fetched else message.attempt if type(message) is Map else None
        splits = None if task is None else self._splits.of(task.job)
        if self._inputs.see(sent):
            if splits is not None:
                splits[message.attempt.task] = (message.key, message.first, message.end)
            return None
        if splits is None:
            return None
        records = self._inputs.records(*splits[message.map.task])
        pairs = map_(records, self._inputs.parts)[message.reduce.task]
        if message.pairs == pairs:
            return None
        words = (
            f"{sent.source} gives {list(message.pairs)} as the output of map task {message.map.task} of job "
            f"{message.map.job}, but the map function makes {list(pairs)} of its records"
        )
        return Violation(self.name, words, sent.time, (sent.id,))


class EachMapCountsOnce:
    """A reduce task adds up the output of all map tasks, each once."""

    name = "each-map-counts-once"
    watches: tuple[type, ...] = (*Inputs.watches, Write)

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a line that is written with the sum over all records of the job."""
        if self._inputs.see(sent):
            return None
        attempt, (word, number) = sent.message.attempt, sent.message.pair
        counts = self._inputs.counts(attempt.job)
        there = number if counts is None else counts.get(word, 0)
        if number == there:
            return None
        words = (
            f"{sent.source} counts {number} of word {word} in reduce task {attempt.task} of job {attempt.job}, whose "
            f"records have {there}"
        )
        return Violation(self.name, words, sent.time, (sent.id,))


class CommitsAreWhole:
    """A file gets its last name when all its lines are written."""

    name = "commits-are-whole"
    watches: tuple[type, ...] = (*Inputs.watches, Written, Rename)

    def __init__(self, inputs: Inputs, jobs: LastJobs) -> None:
        self._inputs = inputs
        self._written = OfJobs[dict[tuple[int, int], set[int]]](jobs, dict)

    def observe(self, sent: Sent) -> Violation | None:
        """Count the lines that are written, when a file is renamed."""
        if self._inputs.see(sent):
            return None
        attempt = sent.message.attempt
        written, counts = self._written.of(attempt.job), self._inputs.counts(attempt.job)
        if written is None or counts is None:
            return None
        lines = written.setdefault((attempt.task, attempt.number), set())
        if type(sent.message) is Written:
            lines.add(sent.message.line)
            return None
        words = [word for word in counts if self._is_of(word, attempt.task)]
        if len(lines) == len(words):
            return None
        explanation = (
            f"{sent.source} commits reduce task {attempt.task} of job {attempt.job}, but {len(lines)} of "
            f"{len(words)} lines are written"
        )
        return Violation(self.name, explanation, sent.time, (sent.id,))

    def _is_of(self, word: Word, task: int) -> bool:
        return partition(word, self._inputs.parts) == task


class OneFileOfAReduce:
    """All executions of a reduce task commit the same file."""

    name = "one-file-of-a-reduce"
    watches: tuple[type, ...] = (Rename,)

    def __init__(self, jobs: LastJobs) -> None:
        self._files = OfJobs[dict[int, tuple[str, int]]](jobs, dict)

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the name of an output with the first one of this task."""
        message, attempt = sent.message, sent.message.attempt
        files = self._files.of(attempt.job)
        file, number = (
            (message.new, sent.id) if files is None else files.setdefault(attempt.task, (message.new, sent.id))
        )
        if file == message.new:
            return None
        words = f"reduce task {attempt.task} of job {attempt.job} has two outputs: {file} and {message.new}"
        return Violation(self.name, words, sent.time, (number, sent.id))


class AllAreReduced:
    """A job is done when each of its reduce tasks is."""

    name = "all-are-reduced"
    watches: tuple[type, ...] = (Reduced, Done)

    def __init__(self, tasks: int, jobs: LastJobs) -> None:
        self._tasks = tasks
        self._reduced = OfJobs[set[int]](jobs, set)

    def observe(self, sent: Sent) -> Violation | None:
        """Count the reduce tasks that are done, when the job is."""
        message = sent.message
        reduced = self._reduced.of(message.attempt.job if type(message) is Reduced else message.job)
        if reduced is None:
            return None
        if type(message) is Reduced:
            reduced.add(message.attempt.task)
            return None
        if len(reduced) == self._tasks:
            return None
        words = (
            f"{sent.source} says that job {message.job} is done, but {len(reduced)} of {self._tasks} reduce tasks are"
        )
        return Violation(self.name, words, sent.time, (sent.id,))


class ResultsAreSequential:
    """The result of a job is that of the sequential function (3.3)."""

    name = "results-are-sequential"
    watches: tuple[type, ...] = (*Inputs.watches, Collected)

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs

    def observe(self, sent: Sent) -> Violation | None:
        """Count the words once more, and compare."""
        if self._inputs.see(sent):
            return None
        counted = self._inputs.counts(sent.message.job)
        if counted is None:
            return None
        lines: list[Pair] = sorted(sent.message.lines)
        counts = sorted(counted.items())
        if lines == counts:
            return None
        words = f"the output of job {sent.message.job} is {lines}, but its records have {counts}"
        return Violation(self.name, words, sent.time, (sent.id,))
