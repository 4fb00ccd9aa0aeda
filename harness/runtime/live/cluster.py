"""The cluster of a live run: what starts, ends and pauses its nodes, and what its clients are.

    Live (live.py) ── start, kill, pause, resume, invoke, replace, apply ──> Cluster
    Live           <── completed, failed, leads, at, now ─────────────────── Cluster, by its Stage

There are two kinds. `protocol_cluster` runs the nodes of a `Protocol` in processes of ours, `program_cluster` runs
anybody's programs. Both run in the same world, behind the same switch, under the same `Live`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from clew.harness.plan import Plan
from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.live.packets.switch import Link, Switch
from clew.harness.runtime.live.world.world import World
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.thread import Thread
from clew.histories.journal import Journal
from clew.nemesis.fault import Fault
from clew.systems import Service
from clew.systems.node import Complete, Operation


class Stage(Protocol):
    """What a cluster has around it, and whom it tells what happens. `Live` is one.

    All methods are for the thread that trio runs in. They return at once.
    """

    plan: Plan
    system: Service
    world: World
    switch: Switch | None
    """The network. None on loopback: then the cluster itself does what the network should do, see `Cluster.apply`."""
    folder: Path
    """The folder of the run. Logs of nodes belong into `nodes/`."""
    data: Path
    """An empty folder for the data folders of the nodes. It is removed after the run, unless it is to be kept."""
    journal: Journal | None
    """Gets the messages of the run. None if nobody wants them."""
    outcome: Outcome
    """What the run leaves besides its history: the cluster adds to its counts."""
    log: Callable[[str, str], None]
    """`log(name, line)` keeps a line that the client or node of this name has said."""

    def now(self) -> int:
        """The time of the run: nanoseconds since `Cluster.begin`."""

    def at(self, time: int, call: Callable[[], None]) -> None:
        """Call this when the run has reached `time` (ns), within about a millisecond."""

    def completed(self, thread: Thread, result: Complete) -> None:
        """The open operation of a thread has ended.

        It may call `Cluster.invoke` and `Cluster.replace` before it returns. Do not call it for an operation that the
        conductor has ended already, by a timeout: `thread.operation` is None then, or another one.
        """

    def failed(self, failure: SystemFailure) -> None:
        """A part of the system broke by itself. The run ends with this."""

    def leads(self, node: str) -> None:
        """From now on this node leads. Faults that hit the leader hit it."""


class Cluster(Protocol):
    """The nodes and clients of one run. Leaving the block that gave it ends them all."""

    async def start(self, node: str) -> None:
        """Start a node, on what its data folder holds. Returns when it serves clients.

        `Live` limits the time and may cancel it; `kill` then follows. Raises `SystemFailure` if it ends by itself.
        """

    async def begin(self, threads: Sequence[Thread]) -> None:
        """All nodes have been started once. From here on `Stage.now` counts, and the clients of these threads are asked
        to invoke."""

    async def kill(self, node: str) -> None:
        """SIGKILL a node and everything that it started. Returns when nothing of it is left."""

    async def pause(self, node: str) -> None:
        """SIGSTOP a node and everything that it started. Returns when it stands still."""

    async def resume(self, node: str) -> None:
        """Let a paused node go on."""

    def invoke(self, thread: Thread, operation: Operation) -> None:
        """Have the client of a thread start an operation. Its end comes by `Stage.completed`."""

    def replace(self, thread: Thread) -> None:
        """Throw the client of a thread away, its answers too, and make a fresh one before the next `invoke`."""

    async def apply(self, active: Sequence[Fault], healed: bool) -> None:
        """What these faults do to links, if that is for the cluster to do: on loopback, and where pipes are the
        network. When it returns, it is in force. `healed`: see `conductor.Apply`.

        What they do to nodes is not for this: `Live` orders it by `kill`, `start`, `pause` and `resume`.
        """

    def touched(self) -> Iterable[Link]:
        """As `Switch.touched`, for a cluster without a switch."""

    def last_words(self, node: str) -> str:
        """The last lines of what a node has printed in its last life; for the `detail` of a `SystemFailure`."""
