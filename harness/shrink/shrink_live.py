"""The search for a smaller plan of a live run: coarse steps first, because every run takes seconds.

compress   less waiting; no run goes on after its failure anyway
cut        nothing after the failure
tail       only the last eighth, quarter, half of the operations
groups     without all faults, all of a kind, all operations of a client, or of a key
close up   round times, and no long gaps, so that the next runs are short
network    as the packets come: nothing delayed, lost or duplicated by clew
chunks     without halves, quarters, ... of the operations and faults, and at last single ones
small      what is left is small: Hypothesis leaves out more, fewer clients, nodes and keys, rounder times

What a shrink of a simulation does beyond that needs a network in virtual time: looking for the same failure in plain
networks with other seeds, and arranging a few operations anew at exact moments. Real time repeats neither, so these
steps are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from clew.harness.plan import Plan, PlannedOperation
from clew.harness.plan.schema import AS_THEY_COME, MILLISECOND
from clew.harness.shrink.explicit import Member, members_of, rebuilt
from clew.harness.shrink.fails_live import FailsLive, OutOfTime, compressed
from clew.harness.shrink.members import cut, members, merged
from clew.harness.shrink.shape import shape
from clew.harness.shrink.shrink import Tried
from clew.harness.shrink.times import gaps_of, retimed, times
from clew.nemesis.fault import FaultEvent, name

TAILS = (8, 4, 2)
"""The parts of the operations that are tried as all that is left."""
GAPS_MOST = (20, 200, 1 << 62)
"""The longest gaps between operations and faults that are tried, in ms."""
SMALL = 16
"""Members of a plan that is small enough for the steps in which every candidate differs by little."""


def shrink_live(plan: Plan, fails: FailsLive) -> Tried:
    """Try ever smaller plans; `fails.best` is the smallest that failed. `plan` is explicit, and fails.

    Returns how much was tried on the smallest plan: `LEAVING_OUT` means that each operation and fault was left out in
    vain, as far as the rule of `fails` can tell.
    """
    try:
        plan = next((found for one in compressed(plan) if (found := fails(one)) is not None), plan)
        plan = cut(plan, fails.moment(plan), fails)
        plan = _tail(plan, fails)
        plan = _without_groups(plan, fails)
        plan = _as_packets_come(_closed_up(plan, fails), fails)
        plan = _closed_up(_without_chunks(plan, fails), fails)
        while True:
            before = plan
            plan = _as_packets_come(plan, fails)
            for step in (members, merged, shape, times):
                if len(members_of(plan)) <= SMALL:
                    plan = step(plan, fails)
            if plan == before:
                return Tried.LEAVING_OUT
    except OutOfTime:
        return Tried.PART


def _tail(plan: Plan, fails: FailsLive) -> Plan:
    """Leave out the earliest operations, as many as possible: most failures need what came just before."""
    whole = members_of(plan)
    operations = [member for member in whole if isinstance(member, PlannedOperation)]
    for part in TAILS:
        early = operations[: len(operations) - max(1, len(operations) // part)]
        if early:
            found = fails(rebuilt(plan, [member for member in whole if member not in early]))
            if found is not None:
                return found
    return plan


def _closed_up(plan: Plan, fails: FailsLive) -> Plan:
    """Times in whole milliseconds, and no gap longer than needs be. The runs of all later candidates are shorter."""
    gaps, lasts = gaps_of(plan, MILLISECOND)
    for longest in GAPS_MOST:
        closed = retimed(plan, [min(gap, longest) for gap in gaps], lasts, MILLISECOND)
        if closed == plan:
            return plan
        found = fails(closed)
        if found is not None:
            return found
    return plan


def _without_groups(plan: Plan, fails: FailsLive) -> Plan:
    for group in _groups(plan):
        left = [member for member in members_of(plan) if member not in group]
        if len(left) < len(members_of(plan)):
            plan = fails(rebuilt(plan, left)) or plan
    return plan


def _groups(plan: Plan) -> Iterator[list[Member]]:
    """Members that have something in common, the largest groups first."""
    whole = members_of(plan)
    faults = [member for member in whole if isinstance(member, FaultEvent)]
    operations = [member for member in whole if isinstance(member, PlannedOperation)]
    yield list(faults)
    for kind in sorted({name(event.fault) for event in faults}):
        yield [event for event in faults if name(event.fault) == kind]
    for client in sorted({operation.client for operation in operations}, reverse=True):
        yield [operation for operation in operations if operation.client == client]
    for key in sorted({operation.key for operation in operations}, reverse=True):
        yield [operation for operation in operations if operation.key == key]


def _without_chunks(plan: Plan, fails: FailsLive) -> Plan:
    """Leave out halves, then quarters, down to single members; the latest first."""
    size = len(members_of(plan)) // 2
    while size:
        for start in reversed(range(0, len(members_of(plan)), size)):
            whole = members_of(plan)
            plan = fails(rebuilt(plan, [*whole[:start], *whole[start + size :]])) or plan
        size = min(size, len(members_of(plan))) // 2
    return plan


def _as_packets_come(plan: Plan, fails: FailsLive) -> Plan:
    """The network without anything that clew adds to it; or at least without losses and copies."""
    if plan.network == AS_THEY_COME:
        return plan
    whole = msgspec.structs.replace(plan.network.nodes, drop=0.0, duplicate=0.0)
    lossless = msgspec.structs.replace(plan.network, nodes=whole)
    for network in (AS_THEY_COME, lossless):
        if network != plan.network:
            found = fails(msgspec.structs.replace(plan, network=network))
            if found is not None:
                return found
    return plan
