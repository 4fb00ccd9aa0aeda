"""The last pass, for the smallest plans: leave out one more fault by arranging everything else anew.

A plan may be too large although no single step makes it smaller. Two crashes at any time may do what one crash does at
the right moment, and no plan in between fails. So a few operations and at most one fault are arranged anew, in a plain
network, where only the order of events counts. The fault is of a kind that can hit a single node (`Fault.alone`), such
as a crash or a pause:

    operations   at most two of those that there are, in any order, half a latency or several apart, each of a
                 client of its own
    the fault    at any node, for a moment, just after messages of an operation's rounds have arrived

    0        1        2    2.5   3 ✗      latencies since the first operation; the fault just after its accept
    ├────────┼────────┼─────┼────┼─
    first    prepare  promise    accept
                            second
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product
from random import Random

import msgspec

from clew.harness.plan import Plan, PlannedOperation
from clew.harness.plan.schema import MILLISECOND
from clew.harness.shrink.budget import OutOfEvents
from clew.harness.shrink.explicit import members_of, with_members
from clew.harness.shrink.reduce import Fails
from clew.harness.shrink.world import mean_latency, plain
from clew.nemesis.fault import Fault, FaultEvent

OPERATIONS_MOST = 2
"""The most operations of an arrangement. With three there are at least twenty times as many arrangements."""
FAULTS_MOST = 1
"""The most faults of an arrangement, for the same reason."""
OPERATIONS_FROM = 8
"""The most operations of a plan that is arranged. Each pair of them is tried; more operations have too many pairs."""
HALVES = range(7)
"""When the second operation begins, in half latencies after the first: at a step of a round, or between two steps."""
STEPS = range(5)
"""When the fault begins: just after this many latencies since an operation began. A round of two phases takes four."""
MOMENT = 5
"""A latency divided by this is how long after its step the fault begins, and how long it lasts."""
CANDIDATES_MOST = 3000
"""Arrangements that are tried, for each number of nodes and faults: about ten seconds. Three nodes, two operations and
one kind of fault have 2340."""


def rearranged(plan: Plan, fails: Fails) -> Plan:
    """A plan with fewer members, or as many on fewer nodes, if an arrangement fails; the plan itself if none does.

    A plan that is too large is left as it is. The arrangements are tried in a shuffled order, which is always the same.

    Raises `OutOfEvents` if none of those that were tried fails, but there are more than `CANDIDATES_MOST` of a kind.
    """
    whole = members_of(plan)
    operations = [member for member in whole if isinstance(member, PlannedOperation)]
    faults = [member.fault for member in whole if isinstance(member, FaultEvent)]
    if len(operations) > OPERATIONS_FROM or any(fault.alone(plan.nodes[0]) is None for fault in faults):
        return plan
    kinds = list({type(fault): fault for fault in faults}.values())
    now = (len(operations) > OPERATIONS_MOST, len(faults), plan.system.nodes)
    all_tried = True
    for count, nodes in product(range(min(FAULTS_MOST, len(faults)) + 1), range(1, plan.system.nodes + 1)):
        if (False, count, nodes) >= now:
            break
        some = _choices(operations)
        candidates = [one for chosen in some for one in _arrangements(plain(plan), nodes, chosen, kinds, count)]
        Random(0).shuffle(candidates)
        all_tried &= len(candidates) <= CANDIDATES_MOST
        for candidate in candidates[:CANDIDATES_MOST]:
            failing = fails(candidate)
            if failing is not None:
                return failing
    if not all_tried:
        raise OutOfEvents
    return plan


def _choices(operations: Sequence[PlannedOperation]) -> list[tuple[PlannedOperation, ...]]:
    """The operations to arrange: all, or each pair of them. Of several pairs that ask for the same, only one."""
    if len(operations) <= OPERATIONS_MOST:
        return [tuple(operations)]
    pairs = combinations(operations, OPERATIONS_MOST)
    return list({tuple((one.f, one.key, one.value) for one in pair): pair for pair in pairs}.values())


def _arrangements(
    plan: Plan, nodes: int, operations: Sequence[PlannedOperation], kinds: Sequence[Fault], count: int
) -> Iterator[Plan]:
    plan = msgspec.structs.replace(
        plan,
        system=msgspec.structs.replace(plan.system, nodes=nodes),
        workload=msgspec.structs.replace(plan.workload, clients=max(plan.workload.clients, len(operations))),
    )
    latency = mean_latency(plan)
    moment = max(MILLISECOND, latency // MOMENT)
    homes = permutations(range(max(plan.workload.clients, len(operations))), len(operations))
    for order, clients, halves in product(
        permutations(operations), list(homes), list(product(HALVES, repeat=len(operations) - 1))
    ):
        starts = [sum(halves[:i]) * latency // 2 for i in range(len(operations))]
        moved = [
            msgspec.structs.replace(operation, at=at, client=client)
            for operation, at, client in zip(order, starts, clients, strict=True)
        ]
        for hit in product(product(dict.fromkeys(starts), STEPS, plan.nodes, kinds), repeat=count):
            begun = [(start + step * latency + moment, kind.alone(node)) for start, step, node, kind in hit]
            faults = [FaultEvent(i, at, at + moment, fault) for i, (at, fault) in enumerate(begun) if fault is not None]
            yield with_members(plan, moved, faults)
