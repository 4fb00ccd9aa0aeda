"""Change when things happen: shorter gaps and faults, and round times. Other times may also save a member."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from clew.harness.plan import Plan, PlannedOperation
from clew.harness.plan.schema import MILLISECOND
from clew.harness.shrink.explicit import Member, members_of, rebuilt
from clew.harness.shrink.reduce import ATTEMPTS, Dials, Fails, search, smallest_failing_plan
from clew.harness.shrink.world import mean_latency
from clew.nemesis.fault import FaultEvent

SEARCHED_MOST = 10
"""Members of a plan that is small enough to search for other times."""
GAP_MOST = 12
"""The longest gap and fault of that search, in halves of the mean latency: three round trips."""
UNITS = (100 * MILLISECOND, 10 * MILLISECOND, MILLISECOND)
"""Units that times are rounded to, the coarsest first."""


def times(plan: Plan, fails: Fails) -> Plan:
    """Make gaps and faults shorter, in whole units: the coarsest unit with which the plan still fails."""
    for unit in UNITS:
        rounded = fails(retimed(plan, *gaps_of(plan, unit), unit))
        if rounded is not None:
            return _shorter(rounded, unit, fails)
    return plan


def _shorter(plan: Plan, unit: int, fails: Fails) -> Plan:
    gaps, lasts = gaps_of(plan, unit)

    def build(dials: Dials) -> Plan:
        return retimed(plan, list(dials[: len(gaps)]), _with_nones(lasts, dials[len(gaps) :]), unit)

    return smallest_failing_plan(build, [*gaps, *(last for last in lasts if last is not None)], fails)


def without(plan: Plan, fails: Fails) -> Plan:
    """Leave out one more member, with the others at other times. Faults are tried first: they take more to read."""
    if len(members_of(plan)) > SEARCHED_MOST:
        return plan
    whole = members_of(plan)
    for leaver in sorted(whole, key=lambda member: isinstance(member, PlannedOperation)):
        rest = rebuilt(plan, [member for member in whole if member is not leaver])
        unit = max(MILLISECOND, mean_latency(plan) // 2)
        gaps, lasts = gaps_of(rest, unit)

        def build(dials: Dials, rest: Plan = rest, lasts: list[int | None] = lasts, unit: int = unit) -> Plan:
            count = len(dials) - sum(last is not None for last in lasts)
            return retimed(rest, dials[:count], _with_nones(lasts, dials[count:]), unit)

        highest = [GAP_MOST] * len(gaps) + [GAP_MOST for last in lasts if last is not None]
        found = search(highest, lambda dials, build=build: fails(build(dials)) is not None, ATTEMPTS)  # type: ignore[misc]
        if found is not None:
            smaller = fails(build(found))
            assert smaller is not None
            return smaller
    return plan


def _with_nones(lasts: Sequence[int | None], dials: Sequence[int]) -> list[int | None]:
    coming = iter(dials)
    return [None if last is None else next(coming) for last in lasts]


def gaps_of(plan: Plan, unit: int) -> tuple[list[int], list[int | None]]:
    """The time from each member to the next, and how long each fault lasts, in whole units."""
    members = members_of(plan)
    marks = [round(member.at / unit) for member in members]
    gaps = [mark - before for before, mark in zip([0, *marks], marks, strict=False)]
    lasts = [
        None if member.until is None else max(1, round((member.until - member.at) / unit))
        for member in members
        if isinstance(member, FaultEvent)
    ]
    return gaps, lasts


def retimed(plan: Plan, gaps: Sequence[int], lasts: Sequence[int | None], unit: int) -> Plan:
    now = 0
    durations = iter(lasts)
    moved: list[Member] = []
    for member, gap in zip(members_of(plan), gaps, strict=True):
        now += gap * unit
        if isinstance(member, FaultEvent):
            last = next(durations)
            until = None if last is None else now + max(last, 1) * unit
            moved.append(msgspec.structs.replace(member, at=now, until=until))
        else:
            moved.append(msgspec.structs.replace(member, at=now))
    return rebuilt(plan, moved)
