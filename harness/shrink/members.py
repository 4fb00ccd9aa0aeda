"""Leave out operations and faults that the failure does not need.

cut         what begins after the failure
members     the rest: in chunks, then one by one
merged      one fault in the place of two
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import msgspec

from clew.harness.plan import Plan
from clew.harness.shrink.explicit import Member, members_of, rebuilt
from clew.harness.shrink.reduce import ATTEMPTS, Dials, Fails, search, smallest_failing_plan
from clew.nemesis.fault import FaultEvent

CHUNKS = 16
"""How many chunks the members are divided into at first."""
DIALS_MOST = 48
"""Members that are given to Hypothesis, at most. Its own cost grows with the square of their number."""


def cut(plan: Plan, late: int | None, fails: Fails) -> Plan:
    """Drop everything that begins after the failure (`late`, in ns) or, if the run then no longer fails, one timeout
    after it: operations that were open at the failure may need what came next."""
    if late is not None:
        for moment in (late, late + plan.workload.timeout):
            before = [member for member in members_of(plan) if member.at <= moment]
            shorter = fails(rebuilt(plan, before)) if len(before) < len(members_of(plan)) else None
            if shorter is not None:
                return shorter
    return plan


def members(plan: Plan, fails: Fails) -> Plan:
    """Leave out what the failure does not need: chunks first, then ever smaller chunks, and single members.

    First a random selection of the chunks is tried: if one fails, much is gone at once. Then the chunks are left out
    one after the other, the latest first. The rest is for Hypothesis, which also finds members that can only be left
    out together.
    """
    size = 1
    while size * CHUNKS < len(members_of(plan)):
        size *= 2
    plan = _some(plan, size, fails) if size > 1 else plan
    while size:
        for start in reversed(range(0, len(members_of(plan)), size)):
            whole = members_of(plan)
            plan = fails(rebuilt(plan, [*whole[:start], *whole[start + size :]])) or plan
        size //= 2
    whole = members_of(plan)
    if len(whole) > DIALS_MOST:
        return plan

    def build(dials: Dials) -> Plan:
        return rebuilt(plan, [member for member, kept in zip(whole, dials, strict=True) if kept])

    return smallest_failing_plan(build, [1] * len(whole), fails)


def _some(plan: Plan, size: int, fails: Fails) -> Plan:
    """The plan with a random selection of its chunks that still fails; the plan itself if none is found."""
    whole = members_of(plan)
    chunks = [whole[i : i + size] for i in range(0, len(whole), size)]

    def build(dials: Dials) -> Plan:
        return rebuilt(plan, [member for chunk, kept in zip(chunks, dials, strict=True) if kept for member in chunk])

    found = search([1] * len(chunks), lambda dials: fails(build(dials)) is not None, ATTEMPTS)
    return plan if found is None else fails(build(found)) or plan


def merged(plan: Plan, fails: Fails) -> Plan:
    """Fewer faults that last longer: one in the place of two, or a fault left out while its neighbours grow."""
    failing: Plan | None = plan
    while failing is not None:
        plan = failing
        failing = next((found for fewer in _with_longer(plan) if (found := fails(fewer)) is not None), None)
    return plan


def _with_longer(plan: Plan) -> Iterator[Plan]:
    whole = members_of(plan)
    faults = [member for member in whole if isinstance(member, FaultEvent)]
    for kept, left in permutations(faults, 2):
        others = [member for member in whole if member is not kept and member is not left]
        joined = kept.fault.joined(left.fault)
        for fault in (kept.fault,) if joined is None else (kept.fault, joined):
            until = None if kept.until is None or left.until is None else max(kept.until, left.until)
            yield rebuilt(plan, [*others, FaultEvent(0, min(kept.at, left.at), until, fault, kept.stays or left.stays)])
    for left in faults:
        before = [fault.until for fault in faults if fault.until is not None and fault.until <= left.at]
        after = [fault.at for fault in faults if left.until is not None and fault.at >= left.until]
        grown: list[Member] = []
        for member in whole:
            if isinstance(member, FaultEvent) and before and member.until == max(before):
                member = msgspec.structs.replace(member, until=left.until)
            elif isinstance(member, FaultEvent) and after and member.at == min(after):
                member = msgspec.structs.replace(member, at=left.at)
            if member is not left:
                grown.append(member)
        if before or after:
            yield rebuilt(plan, grown)
