"""`clew shrink RUN`: from a run folder to the folder of the smallest run that fails in the same way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import takewhile
from pathlib import Path

import msgspec
import trio

from clew.harness.errors import UserError
from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.plan import Plan, dump
from clew.harness.run import run, simulate
from clew.harness.runtime.outcome import Outcome
from clew.harness.shrink.explicit import explicit, is_explicit, members_of
from clew.harness.shrink.reduce import without_home
from clew.harness.shrink.same_failure import SameFailure
from clew.harness.shrink.shrink import Tried, shrink
from clew.harness.shrink.story import says, story
from clew.harness.store.folder import RunFolder, check_writable
from clew.harness.verdict.judge import judge
from clew.harness.verdict.result import Result
from clew.harness.verdict.signature import Signature, signature
from clew.histories import History
from clew.histories.text import plural
from clew.nemesis.fault import FaultEvent

TIMES = 3
"""How often a run must fail, out of as many times, before it is shrunk."""

SUFFIX = " (shrunk)"
"""Added to the name of a plan, once."""
NAME_MOST = 100
"""Characters in the name of a plan."""


class Shrunk(msgspec.Struct, frozen=True):
    """What a shrink found."""

    plan: Plan
    """The smallest plan that fails in the same way."""
    signature: Signature
    """What broke in the run that was shrunk."""
    result: Result
    """The result of the smallest plan's run."""
    operations: int
    """How many operations are left."""
    faults: int
    """How many faults are left."""
    candidates: int
    """How many plans were simulated."""
    tried: Tried
    """How much of the search was done on the plan."""
    interrupted: bool
    """Whether Ctrl-C ended the search."""
    text: str
    """The plan as YAML, with its story above it: what the plan.yaml of its run holds."""
    error: OSError | None = None
    """Why its run could not be kept; then the result has no `run`."""


def shrink_run(
    folder: RunFolder,
    *,
    any_failure: bool = False,
    into: Path = Path("store"),
    watch: Callable[[Plan], None] | None = None,
) -> Shrunk:
    """Shrink a recorded run, and keep the smallest one in a folder of its own below `into`.

    `watch` is called with each plan that is smaller than all before it. With `any_failure` the smaller run may fail in
    another way. KeyboardInterrupt ends the search early; the smallest plan so far is kept. Shrinking the result again
    gives the same plan, byte for byte.

    Raises `UserError` for a run that does not fail the same way every time, `NoRun` and `PlanError` for a folder that
    cannot be used, and `OSError` if the disk is full before the search. If it is full afterwards, the plan is returned
    with the error.
    """
    check_writable(into)
    original = folder.read_plan()
    start, fails = _start(original, any_failure, watch)
    tried, interrupted = Tried.PART, False
    try:
        with without_home():
            tried = shrink(start, fails)
    except KeyboardInterrupt:
        interrupted = True
    smallest = fails.best.plan
    comment = None
    if smallest == original and original.name.endswith(SUFFIX):
        comment = "".join(takewhile(_is_comment, folder.plan.read_text(encoding="utf-8").splitlines(keepends=True)))
        # A search that was interrupted says less than one that came to its end.
        comment = comment if says(comment) == tried else None
    else:
        name = original.name.removesuffix(SUFFIX)[: NAME_MOST - len(SUFFIX)] + SUFFIX
        smallest = msgspec.structs.replace(smallest, name=name)
    try:
        kept = _keep(original, smallest, tried, comment, into)
    except KeyboardInterrupt:
        # Keeping takes a second. The second Ctrl-C may come just then; the result must not be lost to it.
        interrupted = True
        kept = _keep(original, smallest, tried, comment, into)
    members = members_of(smallest)
    faults = sum(isinstance(member, FaultEvent) for member in members)
    return Shrunk(
        plan=smallest,
        signature=fails.signature,
        result=kept.result,
        operations=len(members) - faults,
        faults=faults,
        candidates=fails.candidates,
        tried=tried,
        interrupted=interrupted,
        text=kept.text,
        error=kept.error,
    )


def smallest_plan(plan: Plan) -> tuple[Plan, Tried]:
    """The smallest plan found that fails as this one does, and how much was tried on it. Nothing is written.

    Raises `UserError` if the plan does not fail the same way every time.
    """
    start, fails = _start(plan)
    tried = shrink(start, fails)
    return fails.best.plan, tried


def _start(
    plan: Plan, any_failure: bool = False, watch: Callable[[Plan], None] | None = None
) -> tuple[Plan, SameFailure]:
    """The plan with everything that happens in its run spelled out, and the question that is asked about candidates."""
    found, history, outcome = reproduced(plan)
    start = plan if is_explicit(plan) else explicit(plan, history, outcome.rested)
    return start, SameFailure(found, start, any_failure, watch)


def reproduced(plan: Plan) -> tuple[Signature, History, Outcome]:
    """What breaks in a plan's run, its history and its outcome.

    Raises `UserError` unless the run fails in the same way every time.
    """
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
        ways = "; ".join(sorted({str(found) for found in failing}))
        raise UserError(f"the run fails in another way each time ({ways}); is the system deterministic?")
    return failing[0], runs[0][1], runs[0][2]


class _Kept(msgspec.Struct, frozen=True):
    result: Result
    text: str
    error: OSError | None = None


def _keep(original: Plan, plan: Plan, tried: Tried, comment: str | None, into: Path) -> _Kept:
    """Run the plan into a folder, whole or not at all. The comment above the plan is the story, unless it is given."""
    history, outcome = simulate(plan)
    result = judge(plan, history, outcome)
    if comment is None:
        found = signature(result, history, outcome)
        assert found is not None, "the smallest plan fails"
        comment = story(original, plan, tried, found, result, history)
    text = comment + dump(plan)
    running = partial(run, plan, nodes="inline", into=into, aside=True, comment=comment)
    try:
        with unwrap_exception_groups():
            return _Kept(trio.run(running), text)
    except OSError as error:
        return _Kept(result, text, error)


def _is_comment(line: str) -> bool:
    return line.startswith("#")
