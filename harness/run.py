"""The main job: plan -> runtime -> recorder -> history -> checker -> verdict -> store -> report.

`run` does all of it, in a folder of the store. `simulate` and `judge` are its two halves, without a folder:

    plan = resolve(load("caspaxos-happy-path"), seed=7)
    history, outcome = simulate(plan)
    result = judge(plan, history, outcome)
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import version
from math import inf
from pathlib import Path

import msgspec
import trio

from clew.checkers.deadline import Deadline
from clew.harness.errors import MachineError, UserError
from clew.harness.plan import Plan
from clew.harness.plan.schema import BudgetPlan
from clew.harness.runtime.conductor import Conductor
from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.open import NodesMode, accept, open_runtime
from clew.harness.runtime.outcome import Outcome, Progress
from clew.harness.runtime.until_signal import until_signal
from clew.harness.store.folder import NotKept, RunFolder, create_run_folder, open_files, write_whole
from clew.harness.store.record import make_record
from clew.harness.verdict.judge import FirstViolation, judge, watch_for_violation
from clew.harness.verdict.result import Result
from clew.harness.view.report import report
from clew.histories import Header, History, Recorder
from clew.histories.event import FORMAT
from clew.histories.journal import Journal
from clew.systems import find_system

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The errors that say that the run's files have no room."""

SHORT_BUDGET = 5_000_000_000
"""Nanoseconds for the verdict on a run that was cut short by Ctrl-C: the user waits for the end."""
STOPPED_BUDGET = 1_000_000_000
"""Nanoseconds for the verdict if Ctrl-C came while the checker was at work: the user has waited for it already."""


async def run(
    plan: Plan,
    *,
    nodes: NodesMode = "process",
    into: Path = Path("store"),
    watch: Callable[[Progress], None] = lambda progress: None,
    stop: trio.CancelScope | None = None,
    aside: bool = False,
    latest: bool = True,
    comment: str = "",
    campaign: str | None = None,
) -> Result:
    """Run a plan, judge it, and keep everything in a new folder below `into`.

    - `watch` is called once, with counters that the run keeps up to date.
    - `stop` is a scope that ends the run early when it is cancelled. What was recorded until then is judged within
      `SHORT_BUDGET`. The same happens if the whole task is cancelled; then the cancellation goes on afterwards. If the
      checker is at work already, it stops, and what it can say within `STOPPED_BUDGET` is the verdict.
    - `aside` writes the run to a hidden folder, and moves it to its place when it is whole. A run that is killed then
      leaves nothing; otherwise it leaves the history that it had.
    - `latest` has `store/latest` point to the run: from its beginning, or from its end if it is written aside.
    - `comment` is written above the plan, `campaign` into the verdict.

    No node outlives the call, however it ends. A part of the system that breaks by itself raises nothing: the result
    has an `error`. Raises `UserError` for a plan that its runtime cannot carry out, and `NoRun` for a store that cannot
    be used. If the disk is full, raises `OSError`, or `NotKept` with the result if anything was recorded. In all of
    these cases no folder is left, except that of a run whose history is whole and whose verdict alone had no room.
    A page that cannot be written is a note of the result. Any other `OSError` is raised as it is; the history stays.
    """
    accept(plan)
    folder = create_run_folder(into, plan, nodes, aside=aside, latest=latest, comment=comment)
    folder.campaign = campaign
    recorder, outcome = Recorder(header(plan)), Outcome()
    watch(outcome.progress)
    ns, judged = SHORT_BUDGET, None
    try:
        try:
            with stop or trio.CancelScope():
                await _record_in(folder, plan, nodes, recorder, outcome)
                ns = STOPPED_BUDGET
                judged = await _judge(plan, recorder, outcome, folder)
                return await _finish(folder, recorder, judged)
            return await _finish(folder, recorder, judged or await _judge_soon(plan, recorder, outcome, folder, ns))
        except trio.Cancelled:
            with trio.CancelScope(shield=True):
                result = judged or await _judge_soon(plan, recorder, outcome, folder, ns)
                await _finish(folder, recorder, result, SHORT_BUDGET / 1e9)
            raise
    except NotKept:
        if aside:
            folder.discard()
        raise
    except OSError as error:
        if error.errno not in FULL:
            # Not the disk: a socket, a process, too many open files. The folder has what was recorded.
            if aside or not recorder.events:
                folder.discard()
            raise
        folder.discard()
        if not recorder.events:
            raise
        result = await _judge_soon(plan, recorder, outcome, folder, SHORT_BUDGET)
        raise NotKept(msgspec.structs.replace(result, run=None), _named(error, folder.final_path)) from error
    except BaseException as error:
        # A run that could not be started leaves no folder.
        if aside or (isinstance(error, UserError | MachineError) and not recorder.events):
            folder.discard()
        raise


async def record(
    plan: Plan,
    recorder: Recorder,
    outcome: Outcome,
    *,
    nodes: NodesMode = "inline",
    folder: Path | None = None,
    journal: Journal | None = None,
    log: Callable[[str, str], None] = lambda name, line: None,
) -> None:
    """Run the cluster of a plan, from the start of the nodes to the end of the final reads.

    The history goes into `recorder`, everything else into `outcome`. The run ends early if a part of the system breaks
    or, if the plan says so, at the first violation. `outcome` says which. The other arguments are those of
    `open_runtime`.
    """
    system = find_system(plan.system.name)
    if plan.stop == "first-violation":
        recorder.watch(watch_for_violation(system.model_of(plan.system.parameters)))
    try:
        async with open_runtime(plan, system, outcome, nodes=nodes, folder=folder, journal=journal, log=log) as runtime:
            await runtime.run(Conductor(plan, recorder, outcome))
    except SystemFailure as failure:
        outcome.failure = failure
    except FirstViolation as violation:
        outcome.stuck = violation.stuck


def simulate(plan: Plan, seconds: float = inf) -> tuple[History, Outcome]:
    """Run a plan with inline nodes, in memory. Returns its history, and an outcome with everything else.

    A live plan is run live; its logs are thrown away, and Ctrl-C ends it cleanly before `KeyboardInterrupt` is raised.

    A part of the system that breaks raises nothing: it ends the run, and is the outcome's `failure`. Raises `UserError`
    for a plan that its runtime cannot carry out, and `trio.TooSlowError` if a live run takes more real time than
    `seconds`; then nothing of it is left.
    """
    accept(plan)
    recorder, outcome = Recorder(header(plan)), Outcome()
    job = partial(record, plan, recorder, outcome)
    if plan.runtime == "live":
        until_signal(job, seconds)
    else:
        trio.run(job)
    return recorder.history(), outcome


class Attempt:
    """A judged run in a folder that is still aside: hidden, and locked by this process. Keep it or drop it.

    If this process ends before that, the next run into the store removes the folder.
    """

    def __init__(self, folder: RunFolder, result: Result, history: History, outcome: Outcome) -> None:
        self.folder = folder
        self.result = result
        """The result. Its `run` is where the folder will be if it is kept."""
        self.history = history
        self.outcome = outcome

    def write(self) -> None:
        """Write the verdict and the page into the folder. Raises `OSError` if the disk is full."""
        self.folder.write_verdict(self.result)
        record = make_record(self.folder.path, self.history, self.folder, self.result)
        write_whole(self.folder.report, report(record).encode())

    def drop(self) -> None:
        """Remove the folder."""
        self.folder.discard()


def keep_aside(path: Path, final_path: Path) -> Result:
    """Move what an `Attempt` has written at `path` to its place. It becomes the latest run. Returns its result."""
    folder = RunFolder(path, final_path)
    result = folder.read_result()
    assert result is not None, "an attempt writes its verdict before it is kept"
    return folder.finish(result, None)


def attempt(plan: Plan, into: Path, campaign: str | None = None, seconds: float = inf) -> Attempt:
    """Run a plan aside and judge it. The caller decides whether the run is kept.

    For live runs: a failing one is kept as it is, because a second run of the plan may not fail. Ctrl-C drops the run
    and raises `KeyboardInterrupt` when nothing of it is left. A run that takes more real time than `seconds` is dropped
    too, and `trio.TooSlowError` is raised. The checker gets the time that the run has left. Raises what `run` raises.
    """
    accept(plan)
    deadline = time.monotonic() + seconds
    folder = create_run_folder(into, plan, "process", aside=True, latest=False)
    folder.campaign = campaign
    recorder, outcome = Recorder(header(plan)), Outcome()
    try:
        until_signal(partial(_record_in, folder, plan, "process", recorder, outcome), seconds)
        history = recorder.history()
        hurried = within(plan, deadline - time.monotonic())
        result = msgspec.structs.replace(judge(hurried, history, outcome, folder.final_path), campaign=campaign)
    except BaseException:
        folder.discard()
        raise
    return Attempt(folder, result, history, outcome)


async def _record_in(folder: RunFolder, plan: Plan, nodes: NodesMode, recorder: Recorder, outcome: Outcome) -> None:
    with open_files(folder, recorder) as (journal, log):
        await record(plan, recorder, outcome, nodes=nodes, folder=folder.path, journal=journal, log=log)


async def _judge_soon(plan: Plan, recorder: Recorder, outcome: Outcome, folder: RunFolder, ns: int) -> Result:
    """Judge within so many nanoseconds and a little more. A kernel that is being compiled is not waited for."""
    until = Deadline(ns / 1e9)
    with trio.move_on_after(2 * ns / 1e9):
        return await _judge(within(plan, ns / 1e9), recorder, outcome, folder, until)
    # Now the deadline has passed. So nothing is searched, and nothing is compiled.
    return await _judge(within(plan, ns / 1e9), recorder, outcome, folder, until)


async def _judge(
    plan: Plan, recorder: Recorder, outcome: Outcome, folder: RunFolder, until: Deadline | None = None
) -> Result:
    until = until or Deadline()

    def judged() -> Result:
        # The history too is made here: that of a million events takes seconds, and Ctrl-C should not wait for it.
        return judge(plan, recorder.history(), outcome, folder.final_path, until=until)

    try:
        result = await trio.to_thread.run_sync(judged, abandon_on_cancel=True)
    finally:
        # A thread that is abandoned must not go on searching: the next verdict on this run needs its core.
        until.stop()
    return msgspec.structs.replace(result, campaign=folder.campaign)


async def _finish(folder: RunFolder, recorder: Recorder, result: Result, seconds: float = float("inf")) -> Result:
    """Store the verdict first, and then make the page: whatever happens to the page, the verdict is there.

    A page that cannot be made or written becomes a note of the result. A page that takes longer than `seconds` is left
    out. Raises `NotKept` for a verdict that cannot be written.
    """

    def page_of(result: Result) -> str:
        return report(make_record(folder.path, recorder.history(), folder, result))

    try:
        folder.write_verdict(result)
    except OSError as error:
        kept = folder.path == folder.final_path
        result = result if kept else msgspec.structs.replace(result, run=None)
        raise NotKept(result, _named(error, folder.final_path)) from error
    page = None
    with trio.move_on_after(seconds):
        try:
            page = await trio.to_thread.run_sync(page_of, result, abandon_on_cancel=True)
        except Exception as error:
            note = f"the page of the run could not be made: {type(error).__name__}: {error}"
            result = msgspec.structs.replace(result, notes=(*result.notes, note))
    return folder.finish(result, page)


def _named(error: OSError, path: Path) -> OSError:
    """The error, with a path that a user knows: a write names none, and a hidden folder is none."""
    return OSError(error.errno, error.strerror or str(error), str(path))


def within(plan: Plan, seconds: float) -> Plan:
    """The plan with a checker that answers within this time; at least a millisecond."""
    if seconds * 1e9 >= plan.budget.time:
        return plan
    return msgspec.structs.replace(plan, budget=BudgetPlan(int(max(seconds, 0.001) * 1e9), plan.budget.memory))


def header(plan: Plan) -> Header:
    """The first line of the history of any run of this plan: the same on every machine."""
    model = find_system(plan.system.name).model_of(plan.system.parameters)
    return Header(FORMAT, plan.name, plan.seed, model, {"clew": _version()})


@cache
def _version() -> str:
    # Looked up once: a campaign or a shrink runs thousands of plans, and each look reads the package's metadata.
    return version("clew")
