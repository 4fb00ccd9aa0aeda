"""How many requests a live RSL cluster serves in a second: three replicas, a counter, clients that never pause.

It is the benchmark of IronFleet's paper (SOSP 2015, section 7.2), which measured its replicated state machine with
closed-loop clients that increment a counter. What it runs is the plan `PLAN`: our nodes as processes, UDP, the wall
clock. The history is written as it happens and is checked afterwards, like that of any run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, cast

import msgspec
import trio

from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.plan import Plan, loads, resolve
from clew.harness.run import header, record
from clew.harness.runtime.open import accept
from clew.harness.runtime.outcome import Outcome, Progress
from clew.harness.store.folder import create_run_folder
from clew.harness.verdict.judge import judge
from clew.harness.verdict.result import Result
from clew.histories import History, Recorder
from clew.histories.history import OK

PLAN = """\
name: bench-rsl
system:
  name: rsl
  nodes: 3
  # IronFleet's replicas keep nothing on disk.
  durability: none
  # Its batches of 32, views of 1 s and heartbeats of 100 ms are our defaults. Its log has room for 7 operations above
  # the checkpoints, which move with the heartbeats: that is 70 batches in a second, and replicas that wait.
  max_log_length: 1000
runtime: live
workload:
  kind: counter
  clients: 32
  duration: 30s
  mix: {add-and-get: 1}
  timeout: 5s
recovery: {after: 100ms}
checks: [linearizable, liveness]
budget: {time: 10m, memory: 4GiB}
seed: 0
"""


class Served(msgspec.Struct, frozen=True):
    """What one run has measured."""

    network: str
    """`tun` or `loopback`."""
    clients: int
    requests: int
    """Requests that were answered while the clients asked."""
    seconds: float
    """How long the clients asked."""
    latency: tuple[float, float, float, float]
    """Milliseconds, as the clients saw them: the mean, and the 50th, 95th and 99th percentile."""
    harness: float
    """Microseconds of processor time for each request that the harness takes: clients, conductor and recorder."""
    nodes: float
    """Microseconds of processor time for each request that all nodes together take."""
    checked: float
    """Seconds that the verdict took."""
    result: Result

    @property
    def rate(self) -> float:
        """Requests in a second."""
        return self.requests / self.seconds


class Blocks:
    """Writes the lines of a history ten times a second.

    A run writes each event when it happens. A write takes as long as two datagrams.
    """

    write: Callable[[bytes], None]
    """Takes a line."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lines: list[bytes] = []
        self.write = self._lines.append

    async def keep_flushing(self) -> None:
        """Write what has come, again and again."""
        while True:
            await trio.sleep(0.1)
            self.flush()

    def flush(self) -> None:
        """Write what has come."""
        view = memoryview(b"".join(self._lines))
        self._lines.clear()
        while view:
            view = view[self._stream.write(view) :]


def bench_plan(network: str, seconds: float, clients: int, settings: Sequence[str] = ()) -> Plan:
    """The plan of one measurement. `settings` change it as `--set` does. Raises `PlanError`."""
    own = [f"live.network={network}", f"workload.duration={round(seconds * 1e9)}ns", f"workload.clients={clients}"]
    return resolve(loads(PLAN, "bench-rsl", Path()), None, [*own, *settings])


async def measure(plan: Plan, store: Path, stop: trio.CancelScope, *, watch: Callable[[Progress], None]) -> Served:
    """Run the plan, check its history, and keep the run in `store`. Its messages are not recorded.

    `stop` and `watch` are those of `run`. Raises `UserError` and `MachineError` as `run` does.
    """
    accept(plan)
    assert plan.workload.duration is not None
    folder = create_run_folder(store, plan, "process")
    recorder, outcome = Recorder(header(plan)), Outcome()
    watch(outcome.progress)
    began = time.process_time()

    async def note_the_beginning() -> None:
        # What it takes to start the nodes is no part of what a request costs.
        nonlocal began
        while not outcome.progress.events:
            began = time.process_time()
            await trio.sleep(0.01)

    with folder.history.open("wb", buffering=0) as stream, stop:
        blocks = Blocks(stream)
        recorder.write_to(cast(IO[bytes], blocks))
        try:
            with unwrap_exception_groups():
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(blocks.keep_flushing)
                    nursery.start_soon(note_the_beginning)
                    await record(plan, recorder, outcome, folder=folder.path)
                    nursery.cancel_scope.cancel()
        finally:
            blocks.flush()
    used = time.process_time() - began
    began = time.perf_counter()
    history = recorder.history()
    result = await trio.to_thread.run_sync(judge, plan, history, outcome, folder.path, abandon_on_cancel=True)
    checked = time.perf_counter() - began
    folder.finish(result, None)
    requests = max(outcome.answered, 1)
    return Served(
        network=plan.live.network,
        clients=plan.workload.clients,
        requests=outcome.answered,
        seconds=plan.workload.duration / 1e9,
        latency=_latency(history),
        harness=used / requests * 1e6,
        nodes=sum(outcome.progress.processor.values()) / requests / 1e3,
        checked=checked,
        result=result,
    )


def _latency(history: History) -> tuple[float, float, float, float]:
    import numpy as np

    operations = history.operations
    took = (operations.end - operations.start)[operations.outcome == OK] / 1e6
    if not len(took):
        return 0.0, 0.0, 0.0, 0.0
    p50, p95, p99 = (float(found) for found in np.percentile(took, (50, 95, 99)))
    return float(took.mean()), p50, p95, p99


def table(measured: Sequence[Served]) -> str:
    """What was measured, as a Markdown table."""
    rows = [
        "| network | clients | requests/s | mean | 50 % | 95 % | 99 % | harness | nodes | history | checked in |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in measured:
        latency = [f"{part:.2f} ms" for part in one.latency]
        costs = [f"{part:.0f} us" for part in (one.harness, one.nodes)]
        history = f"{one.result.verdict}, {one.result.operations:,} operations"
        cells = [one.network, str(one.clients), f"{one.rate:,.0f}", *latency, *costs, history, f"{one.checked:.1f} s"]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"
