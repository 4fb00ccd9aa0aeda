"""A node: a worker, and perhaps the master or the file system too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clew.systems.mapreduce.file_system import FileSystem
from clew.systems.mapreduce.master import Master
from clew.systems.mapreduce.messages import (
    Append,
    Collect,
    Fetch,
    Fetched,
    Map,
    Mapped,
    Measure,
    Measured,
    Ping,
    Pong,
    Read,
    Records,
    Reduce,
    Reduced,
    Rename,
    Renamed,
    Submit,
    Write,
    Written,
    file_system_of,
    master_of,
)
from clew.systems.mapreduce.parameters import Parameters
from clew.systems.mapreduce.worker import Worker
from clew.systems.node import Context
from clew.systems.recovering_node import RecoveringNode


@dataclass(frozen=True)
class Roles:
    """What a node is made of. Variants bring their own."""

    master: Callable[[Parameters], Master] = Master
    worker: Callable[[Parameters], Worker] = Worker
    files: Callable[[], FileSystem] = FileSystem


class MapReduceNode(RecoveringNode):
    """One life of one node."""

    def __init__(self, parameters: Parameters, roles: Roles = Roles()) -> None:
        self._master = roles.master(parameters)
        self._worker = roles.worker(parameters)
        self._files = roles.files()
        self._react = {
            Submit: self._master.submit,
            Measured: self._master.measured,
            Mapped: self._master.mapped,
            Reduced: self._master.reduced,
            Pong: self._master.pong,
            Ping: self._worker.ping,
            Map: self._worker.map,
            Records: self._worker.records,
            Reduce: self._worker.reduce,
            Fetch: self._worker.fetch,
            Fetched: self._worker.fetched,
            Written: self._worker.written,
            Renamed: self._worker.renamed,
            Append: self._files.append,
            Measure: self._files.measure,
            Read: self._files.read,
            Write: self._files.write,
            Rename: self._files.rename,
            Collect: self._files.collect,
        }

    def recover(self, ctx: Context) -> None:
        """Count this life, so that nobody takes it for an earlier one."""
        life = (ctx.disk.read("life", int) or 0) + 1
        if ctx.name == file_system_of(ctx.nodes):
            self._files.recover(ctx)
        ctx.disk.write("life", life)
        ctx.disk.sync()
        self._worker.start(ctx, life)
        if ctx.name == master_of(ctx.nodes):
            self._master.start(ctx, life)

    def wake(self, ctx: Context, timer: str) -> None:
        """Hand the timer to the role that has set it."""
        if timer == "master":
            self._master.wake(ctx)
        else:
            self._worker.wake(ctx, timer)
