"""From the folder of a live run to the folder of the smallest run that fails in the same way, if it can be repeated."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import trio

from clew.harness.errors import UserError
from clew.harness.plan import Plan, dump
from clew.harness.run import Attempt, attempt, keep_aside
from clew.harness.shrink.explicit import explicit, members_of
from clew.harness.shrink.fails_live import Count, FailsLive, OutOfTime, Search, stopped_early
from clew.harness.shrink.frequency import FAILURES, RUNS, Rule, rule
from clew.harness.shrink.reduce import without_home
from clew.harness.shrink.run import NAME_MOST, SUFFIX
from clew.harness.shrink.shrink import Tried
from clew.harness.shrink.shrink_live import shrink_live
from clew.harness.shrink.story import live_story
from clew.harness.store.folder import NoRun, RunFolder, check_writable
from clew.harness.verdict.result import Result
from clew.harness.verdict.signature import Signature, recorded_signature, signature
from clew.histories import load as load_history
from clew.histories.text import plural
from clew.nemesis.fault import FaultEvent

SECONDS = 300.0
"""The wall time of a shrink, if the user says nothing else."""
LAST_RUNS = 5
"""How often the smallest plan is run at the end, at least, if there is time."""


class ShrunkLive(msgspec.Struct, frozen=True):
    """What the shrink of a live run found."""

    plan: Plan
    """The smallest plan that fails in the same way."""
    signature: Signature
    """What broke in the run that was shrunk."""
    result: Result
    """The result of a failing run of the smallest plan: the one that is kept."""
    operations: int
    """How many operations are left."""
    faults: int
    """How many faults are left."""
    failed: int
    """How many of the last runs of the smallest plan failed in the same way."""
    times: int
    """How many last runs there were."""
    hurried: bool
    """Whether the time was over before all last runs were made."""
    rule: Rule
    """How often a candidate had to fail."""
    candidates: int
    """How many plans were tried."""
    runs: int
    """How many live runs all of that took."""
    seconds: float
    """How long it took."""
    tried: Tried
    """How much of the search was done."""
    interrupted: bool
    """Whether Ctrl-C ended the search."""
    text: str
    """The plan as YAML, with its story above it: what the plan.yaml of its run holds."""


def shrink_live_run(
    folder: RunFolder,
    *,
    any_failure: bool = False,
    seconds: float = SECONDS,
    into: Path = Path("store"),
    watch: Callable[[Search], None] = lambda search: None,
) -> ShrunkLive:
    """Shrink a recorded live run, and keep a failing run of the smallest plan in a folder of its own below `into`.

    First the plan is run until it has failed three times, or twenty times at all. That says how often a candidate must
    fail (`frequency.py`). Then smaller plans are tried, until two thirds of `seconds` are over. At last the
    smallest one is run at least `LAST_RUNS` times, or until `seconds` are over, and one of its failing runs is kept. A
    run that is under way at a deadline is cancelled. KeyboardInterrupt ends the search early.

    Raises `UserError` if the failure does not come back or the time is too short, `NoRun`
    and `PlanError` for a folder that cannot be used, and
    `OSError` if the disk is full.
    """
    check_writable(into)
    original = folder.read_plan()
    wanted = _wanted(folder)
    search = Search(time.monotonic(), seconds)
    fails = FailsLive(wanted, search, any_failure, watch)
    tried, interrupted = Tried.PART, False
    start = _start(original, fails)
    try:
        with without_home():
            tried = shrink_live(start, fails)
    except KeyboardInterrupt:
        interrupted = True
    try:
        last = _last(original, fails, tried, into, watch)
    except KeyboardInterrupt:
        # The second Ctrl-C may come just then; the result must not be lost to it.
        interrupted = True
        last = _last(original, fails, tried, into, watch)
    members = members_of(last.plan)
    faults = sum(isinstance(member, FaultEvent) for member in members)
    assert search.rule is not None
    return ShrunkLive(
        plan=last.plan,
        signature=wanted,
        result=last.result,
        operations=len(members) - faults,
        faults=faults,
        failed=last.count.failed,
        times=last.count.runs,
        hurried=last.hurried,
        rule=search.rule,
        candidates=search.candidates,
        runs=search.runs,
        seconds=search.spent,
        tried=tried,
        interrupted=interrupted,
        text=last.text,
    )


def _wanted(folder: RunFolder) -> Signature:
    """What broke in the recorded run."""
    result = folder.read_result()
    if result is None or not folder.history.exists():
        raise NoRun(f"{folder.path} has no verdict: it was killed, and there is no failure to shrink")
    found = recorded_signature(result, load_history(folder.history))
    if found is None:
        raise UserError(f"the run {folder.path} did not fail: there is nothing to shrink")
    return found


def _start(original: Plan, fails: FailsLive) -> Plan:
    """The plan with everything spelled out that happened in a failing run, and the rule for candidates.

    Raises `UserError` if the failure does not come back.
    """
    search, count, starts = fails.search, Count(), list[Plan]()
    # A run that ends as soon as it has failed takes less time, and lists nothing that came later.
    early = stopped_early(original, fails.wanted)
    try:
        while count.failed < FAILURES and count.runs < RUNS:
            before = count.failed
            _, history, outcome = fails.once(early, count)
            if count.failed > before:
                starts.append(explicit(early, history, outcome.rested))
        short = ""
    except OutOfTime:
        short = "; the time was over, --time gives it more"
    if not starts:
        raise UserError(
            f"the failure did not come back in {plural(count.runs, 'run')} of {search.spent:.0f} s together, so it "
            f"cannot be shrunk: {fails.wanted}{short}"
        )
    search.rule = rule(count.failed, count.runs)
    try:
        for start in starts:
            if fails(start) is not None:
                return start
        # What a failure needs is in the list, but a whole run gives it more chances to happen.
        _, history, outcome = fails.once(original, Count())
        start = stopped_early(explicit(original, history, outcome.rested), fails.wanted)
        if fails(start) is not None:
            return start
    except OutOfTime:
        raise UserError(
            f"the time is over: the run failed {count} times, and {search.seconds:g} s are too few to shrink it; "
            "--time gives it more"
        ) from None
    raise UserError(
        f"the plan failed {count} times, but not with its operations and faults as a list (less than {search.rule}): "
        "its failure depends on when a client is answered, and cannot be shrunk"
    )


class _Last(msgspec.Struct, frozen=True):
    plan: Plan
    count: Count
    hurried: bool
    result: Result
    text: str


def _last(original: Plan, fails: FailsLive, tried: Tried, into: Path, watch: Callable[[Search], None]) -> _Last:
    """Run the smallest plan a few more times, and keep a failing run. If it fails too rarely, take the one before it.

    If the time is over before all runs are made, a failing one is kept all the same. Raises `UserError` if there is
    none, or if none of the plans that were accepted fails any more.
    """
    rule = fails.search.rule
    assert rule is not None
    for accepted in reversed(fails.accepted):
        name = original.name.removesuffix(SUFFIX)[: NAME_MOST - len(SUFFIX)] + SUFFIX
        plan = msgspec.structs.replace(accepted, name=name, stop=original.stop)
        count = fails.search.count = Count()
        kept: Attempt | None = None
        try:
            hurried = False
            while count.runs < max(LAST_RUNS, rule.runs):
                watch(fails.search)
                try:
                    one = attempt(plan, into, seconds=fails.search.left)
                except trio.TooSlowError:
                    hurried = True
                    break
                fails.search.runs += 1
                count.runs += 1
                failed = fails.matches(signature(one.result, one.history, one.outcome))
                count.failed += failed
                if failed and kept is None:
                    kept = one
                else:
                    one.drop()
            if kept is not None and (hurried or count.failed >= rule.needed):
                return _keep(original, plan, kept, count, hurried, tried)
        except BaseException:
            if kept is not None:
                kept.drop()
            raise
        if kept is not None:
            kept.drop()
        if hurried:
            raise UserError(
                f"the time is over: {fails.search.seconds:g} s are too few to see the smallest plan fail again; "
                "--time gives it more"
            )
    raise UserError("the failure went away during the search: the plans that had failed fail no more")


def _keep(original: Plan, plan: Plan, kept: Attempt, count: Count, hurried: bool, tried: Tried) -> _Last:
    found = signature(kept.result, kept.history, kept.outcome)
    assert found is not None
    text = live_story(original, plan, found, kept.result, kept.history, f"{count} times", tried) + dump(plan)
    kept.folder.plan.write_text(text, encoding="utf-8")
    kept.write()
    return _Last(plan, count, hurried, keep_aside(kept.folder.path, kept.folder.final_path), text)
