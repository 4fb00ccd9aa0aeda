"""The main job as a sentence: plan -> runtime -> recorder -> history -> checker -> verdict -> store.

`run` is what `clew run` calls. `simulate` and `judge` are its halves, for whoever wants them without a folder:

    history, outcome = simulate(resolve(load("caspaxos-happy-path"), seed=7))
    result = judge(plan, history, outcome)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import msgspec
import trio

from clew.harness.plan import Plan
from clew.harness.plan.schema import BudgetPlan
from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.outcome import Outcome, Progress
from clew.harness.runtime.simulation import InlineNodes, Simulation, open_nodes
from clew.harness.store.folder import RunFolder, create_run_folder, open_files
from clew.harness.store.record import make_record
from clew.harness.verdict.judge import FirstViolation, judge, watch_for_violation
from clew.harness.verdict.result import Result
from clew.harness.view.report import report
from clew.histories import Header, History, Recorder
from clew.histories.event import FORMAT
from clew.systems import find_protocol, find_system

NodesMode = Literal["inline", "process"]

SHORT_BUDGET = 5_000_000_000
"""Nanoseconds that the verdict on a run that was cut short may take."""


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
    """Run a plan, keep everything about it in a new folder below `into`, and judge it.

    `watch` is called once, with counters that the run keeps up to date. Cancelling `stop` ends the run early, or its
    judgement: what was recorded until then is judged, in a hurry. A run cancelled from outside leaves its verdict too,
    in the folder, before the cancellation goes on. Whatever happens, no node outlives the call.

    A run that is killed leaves the history that it had. One written `aside` leaves either its whole folder or nothing:
    that is for runs of which everything is known before. `store/latest` points to it from its beginning (one written
    aside: from its end), unless not `latest`. `comment` is put above its plan, `campaign` into its verdict.

    Raises `NoRun` for a store that cannot be, and `OSError` if the folder cannot be written; then none is left. A node
    that breaks by itself is no exception but a result with an `error`.
    """
    folder = create_run_folder(into, plan, nodes, aside=aside, latest=latest, comment=comment)
    folder.campaign = campaign
    try:
        return await _run(plan, nodes, folder, watch, stop or trio.CancelScope())
    except BaseException as error:
        if aside or isinstance(error, OSError):
            folder.discard()
        raise


async def _run(
    plan: Plan, nodes: NodesMode, folder: RunFolder, watch: Callable[[Progress], None], stop: trio.CancelScope
) -> Result:
    recorder = Recorder(header(plan))
    outcome = Outcome()
    watch(outcome.progress)
    result: Result | None = None
    try:
        with stop:
            await _record(plan, nodes, folder, recorder, outcome)
            result = await _judged(plan, recorder, outcome, folder)
        if result is None:
            result = await _judged(with_short_budget(plan), recorder, outcome, folder)
    except trio.Cancelled:
        with trio.CancelScope(shield=True):
            await _finish(
                folder, recorder, await _judged(with_short_budget(plan), recorder, outcome, folder), SHORT_BUDGET / 1e9
            )
        raise
    return await _finish(folder, recorder, result)


async def _judged(plan: Plan, recorder: Recorder, outcome: Outcome, folder: RunFolder) -> Result:
    history = recorder.history()
    result = await trio.to_thread.run_sync(judge, plan, history, outcome, folder.final_path, abandon_on_cancel=True)
    return msgspec.structs.replace(result, campaign=folder.campaign)


async def _finish(folder: RunFolder, recorder: Recorder, result: Result, seconds: float = float("inf")) -> Result:
    """Keep the verdict, and then make the page: whatever befalls the page, the verdict is there.

    A page that cannot be made is a note of the result, and one that is not made within so many seconds is left out.
    """
    folder.write_verdict(result)
    page = None
    with trio.move_on_after(seconds):
        try:
            run = make_record(folder.path, recorder.history(), folder, result)
            page = await trio.to_thread.run_sync(report, run, abandon_on_cancel=True)
        except Exception as error:
            note = f"the page of the run could not be made: {type(error).__name__}: {error}"
            result = msgspec.structs.replace(result, notes=(*result.notes, note))
    folder.finish(result, page)
    return result


def with_short_budget(plan: Plan) -> Plan:
    """The plan with a checker that must answer soon: somebody is waiting for the end."""
    return msgspec.structs.replace(plan, budget=BudgetPlan(min(SHORT_BUDGET, plan.budget.time), plan.budget.memory))


async def _record(plan: Plan, nodes: NodesMode, folder: RunFolder, recorder: Recorder, outcome: Outcome) -> None:
    """Run the cluster into the folder's files; a broken node ends it, and `outcome.failure` says so."""
    system = find_protocol(plan.system.name)
    if plan.stop == "first-violation":
        recorder.watch(watch_for_violation(system.model_of(plan.system.parameters)))
    with open_files(folder, recorder) as (journal, log):
        try:
            if nodes == "inline":
                inline = InlineNodes(system, plan.system.variant, plan.system.parameters, plan.nodes)
                await Simulation(plan, system, inline, recorder, outcome, journal, log).run()
            else:
                async with open_nodes(system, plan.system, plan.nodes, folder.nodes) as processes:
                    await Simulation(plan, system, processes, recorder, outcome, journal, log).run()
        except SystemFailure as failure:
            outcome.failure = failure
        except FirstViolation as violation:
            outcome.stuck = violation.stuck


def simulate(plan: Plan) -> tuple[History, Outcome]:
    """Run a plan with inline nodes, in memory: the history, and what else there is to say. Leaves no trace.

    Raises `SystemFailure` for a node that breaks by itself.
    """
    history, outcome = recording(plan)
    if outcome.failure is not None:
        raise outcome.failure
    return history, outcome


def recording(plan: Plan) -> tuple[History, Outcome]:
    """As `simulate`, but a node that breaks by itself ends the run, and is the outcome's `failure`."""
    system = find_protocol(plan.system.name)
    recorder = Recorder(header(plan))
    if plan.stop == "first-violation":
        recorder.watch(watch_for_violation(system.model_of(plan.system.parameters)))
    outcome = Outcome()
    nodes = InlineNodes(system, plan.system.variant, plan.system.parameters, plan.nodes)
    try:
        trio.run(Simulation(plan, system, nodes, recorder, outcome).run)
    except SystemFailure as failure:
        outcome.failure = failure
    except FirstViolation as violation:
        outcome.stuck = violation.stuck
    return recorder.history(), outcome


def header(plan: Plan) -> Header:
    """The first line of the history of any run of this plan: the same on every machine."""
    model = find_system(plan.system.name).model_of(plan.system.parameters)
    return Header(FORMAT, plan.name, plan.seed, model, {"clew": _version()})


@cache
def _version() -> str:
    # Looked up once: a campaign or a shrink runs thousands of plans, and each look reads the package's metadata.
    return version("clew")
