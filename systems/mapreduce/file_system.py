"""The global file system: what all workers and clients can read, and what no crash of a worker loses.

In the paper that is GFS. Here it is on one node, which keeps everything on its disk, and answers nobody while it is
down:

    input/3/0      [7, "c1", 12]      record 0 of input 3: the word, and who has appended it in which operation
    line/FILE/0    [7, 2]             line 0 of what was written as FILE
    name/FILE      "OTHER"            what is called FILE was written as OTHER

So a rename is the write of one value: it happens, or it does not.
"""

from __future__ import annotations

import msgspec

from clew.systems.mapreduce.messages import (
    Append,
    Appended,
    Collect,
    Collected,
    Key,
    Measure,
    Measured,
    Pair,
    Read,
    Records,
    Rename,
    Renamed,
    Word,
    Write,
    Written,
    outputs_of,
)
from clew.systems.node import Context


class Record(msgspec.Struct, frozen=True, array_like=True):
    """A record of an input."""

    word: Word
    client: str
    """Who has appended it."""
    id: int
    """In which operation."""


class FileSystem:
    """Inputs, to which clients append, and outputs, which workers write and rename. All is safe before it is told."""

    def __init__(self) -> None:
        self._inputs: dict[Key, dict[int, Word]] = {}
        self._appended: dict[str, tuple[int, int]] = {}
        """The last append of each client: the id of its operation, and the position of its record."""
        self._lines: dict[str, dict[int, Pair]] = {}
        self._names: dict[str, str] = {}

    def recover(self, ctx: Context) -> None:
        """Read all files. Raises `UnreadableDisk` if one cannot be read."""
        written = ctx.disk.keys()
        for path in written:
            kind, _, rest = path.partition("/")
            if kind == "input" and (record := ctx.disk.read(path, Record)) is not None:
                key, _, position = rest.partition("/")
                self._keep(int(key), int(position), record)
            elif kind == "line" and (pair := ctx.disk.read(path, tuple[int, ...])) is not None:
                file, _, line = rest.rpartition("/")
                word, number = pair
                self._lines.setdefault(file, {})[int(line)] = word, number
            elif kind == "name" and (file_ := ctx.disk.read(path, str)) is not None:
                self._names[rest] = file_

    def append(self, ctx: Context, client: str, message: Append) -> None:
        """Add a record, unless that was done: a client asks again, and networks copy messages."""
        id, position = self._appended.get(client, (-1, -1))
        if message.id < id:
            return
        if message.id > id:
            position = len(self._inputs.get(message.key, ()))
            record = Record(message.word, client, message.id)
            self._keep(message.key, position, record)
            ctx.disk.write(f"input/{message.key}/{position}", record)
            ctx.disk.sync()
        ctx.send(client, Appended(message.id, message.key, position))

    def measure(self, ctx: Context, master: str, message: Measure) -> None:
        """Tell how many records an input has now. Records are never changed, so these will always be the same."""
        ctx.send(master, Measured(message.job, len(self._inputs.get(message.key, ()))))

    def read(self, ctx: Context, worker: str, message: Read) -> None:
        """Tell some of the records."""
        records = self._inputs.get(message.key, {})
        words = tuple(records[position] for position in range(message.first, message.end) if position in records)
        ctx.send(worker, Records(message.attempt, words))

    def write(self, ctx: Context, worker: str, message: Write) -> None:
        """Write a line."""
        self._lines.setdefault(message.file, {})[message.line] = message.pair
        ctx.disk.write(f"line/{message.file}/{message.line}", message.pair)
        ctx.disk.sync()
        ctx.send(worker, Written(message.attempt, message.line))

    def rename(self, ctx: Context, worker: str, message: Rename) -> None:
        """Give a file its last name, and take that name from the file that had it."""
        self._names[message.new] = message.old
        ctx.disk.write(f"name/{message.new}", message.old)
        ctx.disk.sync()
        ctx.send(worker, Renamed(message.attempt))

    def collect(self, ctx: Context, client: str, message: Collect) -> None:
        """Tell what is in all files that are called an output of this job."""
        files = (self._names[name] for name in sorted(self._names) if name.startswith(outputs_of(message.job)))
        lines = tuple(pair for file in files for _, pair in sorted(self._lines.get(file, {}).items()))
        ctx.send(client, Collected(message.id, message.job, lines))

    def _keep(self, key: Key, position: int, record: Record) -> None:
        self._inputs.setdefault(key, {})[position] = record.word
        last = self._appended.get(record.client, (-1, -1))
        self._appended[record.client] = max(last, (record.id, position))
