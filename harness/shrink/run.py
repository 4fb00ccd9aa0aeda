"""`clew shrink RUN`: from a run folder to the folder of the smallest run that fails the same way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import trio

from clew.harness.errors import UserError
from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.plan import Plan
from clew.harness.run import run, simulate
from clew.harness.runtime.outcome import Outcome
from clew.harness.shrink.explicit import explicit, members_of
from clew.harness.shrink.reduce import without_home
from clew.harness.shrink.same_failure import SameFailure
from clew.harness.shrink.shrink import shrink
from clew.harness.shrink.smallest import Smallest
from clew.harness.shrink.story import story
from clew.harness.store.folder import RunFolder, check_writable
from clew.harness.verdict.judge import judge
from clew.harness.verdict.result import Result
from clew.harness.verdict.signature import Signature, signature
from clew.histories import History
from clew.histories.text import plural
from clew.nemesis.fault import FaultEvent

TIMES = 3
"""How often a run must fail before anything is concluded from leaving parts of it out."""

SUFFIX = " (shrunk)"
NAME_MOST = 100


class Shrunk(msgspec.Struct, frozen=True):
    """What a shrink came to: the smallest plan, its run, how many candidates were tried, whether it was interrupted."""

    plan: Plan
    signature: Signature
    result: Result
    operations: int
    faults: int
    candidates: int
    interrupted: bool


def shrink_run(
    folder: RunFolder,
    *,
    any_failure: bool = False,
    into: Path = Path("store"),
    watch: Callable[[Plan], None] = lambda plan: None,
) -> Shrunk:
    """Shrink a recorded run, and keep the outcome as a run of its own below `into`.

    KeyboardInterrupt ends the search, and the best so far is kept. Raises `UserError` with the counts for a run that
    does not fail every time; `NoRun` and `PlanError` for a folder that cannot be used; `OSError` if nothing can be
    written.
    """
    check_writable(into)
    original = folder.read_plan()
    whole, fails = _begun(original, watch, any_failure)
    interrupted = False
    try:
        with without_home():
            shrink(whole, fails)
    except KeyboardInterrupt:
        interrupted = True
    name = original.name if original.name.endswith(SUFFIX) else original.name[: NAME_MOST - len(SUFFIX)] + SUFFIX
    plan = msgspec.structs.replace(fails.best.plan, name=name)
    try:
        result = _keep(original, plan, into)
    except KeyboardInterrupt:
        # Who interrupts a second time wants it sooner; what there is to keep takes a second.
        interrupted = True
        result = _keep(original, plan, into)
    members = members_of(plan)
    faults = sum(isinstance(member, FaultEvent) for member in members)
    return Shrunk(plan, fails.signature, result, len(members) - faults, faults, fails.candidates, interrupted)


def smallest(plan: Plan) -> Plan:
    """The smallest plan found that fails as this one does, in memory. Raises `UserError` if it does not fail."""
    whole, fails = _begun(plan)
    shrink(whole, fails)
    return fails.best.plan


def _begun(
    plan: Plan, watch: Callable[[Plan], None] = lambda plan: None, any_failure: bool = False
) -> tuple[Plan, SameFailure]:
    """The plan with all that happens in its run spelled out, and the test for whatever fails as it does."""
    found, history, outcome = reproduced(plan)
    whole = explicit(plan, history, outcome.rested)
    return whole, SameFailure(found, Smallest(whole, watch), any_failure)


def reproduced(plan: Plan) -> tuple[Signature, History, Outcome]:
    """The failure of a plan's run, its history and outcome. Raises `UserError` unless it always fails the same way."""
    runs = []
    for _ in range(TIMES):
        history, outcome = simulate(plan)
        runs.append((signature(judge(plan, history, outcome), history, outcome), history, outcome))
    failing = [found for found, _, _ in runs if found is not None]
    if not failing:
        raise UserError(f"the run does not fail: it fails 0 times out of {TIMES}, and there is nothing to shrink")
    if len(failing) < TIMES:
        raise UserError(
            f"the run fails {plural(len(failing), 'time')} out of {TIMES}; only one that fails every time can be shrunk"
        )
    if len(set(failing)) > 1:
        said = "; ".join(sorted({str(found) for found in failing}))
        raise UserError(f"the run fails in another way each time ({said}); is the system deterministic?")
    return failing[0], runs[0][1], runs[0][2]


def _keep(original: Plan, plan: Plan, into: Path) -> Result:
    """Run the plan into a folder, the story at the head of its plan. The folder is either whole or not there."""
    history, outcome = simulate(plan)
    found = judge(plan, history, outcome)
    broke = signature(found, history, outcome)
    assert broke is not None, "the last candidate failed"
    comment = story(original, plan, broke, found, history)
    with unwrap_exception_groups():
        return trio.run(lambda: run(plan, nodes="inline", into=into, aside=True, comment=comment))
