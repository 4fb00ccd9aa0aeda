"""A recorded run as an explicit plan: it lists each operation and each fault with its time.

In a drawn plan, leaving something out changes what is drawn for the rest: a fault follows from the one before it, and
an operation from the completion before it. In an explicit plan every operation and every fault stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any, Literal

import msgspec

from clew.harness.plan import Plan, PlannedOperation
from clew.harness.plan.workload import KINDS
from clew.histories import NEMESIS, History
from clew.nemesis.fault import FaultEvent, name
from clew.nemesis.faults import from_value
from clew.nemesis.latency import Constant
from clew.nemesis.schedule import END, AtTimes, Entry, schedule
from clew.systems import find_system

Member = PlannedOperation | FaultEvent


def explicit(plan: Plan, history: History, rested: int | None = None) -> Plan:
    """The plan with the operations and faults of this history as lists. Its run is the same, byte for byte.

    `rested` is when (ns) the workload of the run was over (`Outcome.rested`). Operations after it are final reads,
    which every run makes by itself. None for a run that was cut short before.
    """
    operations: list[PlannedOperation] = []
    faults: list[FaultEvent] = []
    for event in history.events():
        if event.process == NEMESIS:
            if event.f.startswith("start-"):
                faults.append(from_value(event.value))
        elif event.type == "invoke" and (rested is None or event.time <= rested):
            # The processes of a thread differ by the number of threads.
            thread = event.process % plan.workload.clients
            operations.append(PlannedOperation(event.time, thread, event.f, event.key, _argument(event.value)))
    return with_members(plan, operations, faults)


def is_explicit(plan: Plan) -> bool:
    """Whether the plan is explicit already: `rebuilt` makes the same plan of its members."""
    if not isinstance(plan.workload.operations, tuple) or not all(
        isinstance(line.when, AtTimes) for line in plan.nemesis
    ):
        return False
    return rebuilt(plan, members_of(plan)) == plan


def with_members(plan: Plan, operations: list[PlannedOperation], faults: list[FaultEvent]) -> Plan:
    """The plan with these operations and faults and no others."""
    functions = find_system(plan.system.name).functions_of(plan.system.parameters)
    usable = [f for f in KINDS[plan.workload.kind] if f in functions]
    workload = msgspec.structs.replace(
        plan.workload,
        operations=tuple(sorted(operations, key=lambda operation: operation.at)),
        # These mean nothing in an explicit plan. They get the values that a plan without them has.
        mix=dict.fromkeys(usable, 1.0),
        values="unique",
        rate=None,
        think=Constant(0),
        duration=None,
    )
    entries = tuple(entry(fault) for fault in sorted(faults, key=lambda fault: (fault.at, fault.number)))
    return msgspec.structs.replace(plan, workload=workload, nemesis=entries)


def members_of(plan: Plan) -> list[Member]:
    """The operations and faults of an explicit plan, in the order of their times."""
    assert isinstance(plan.workload.operations, tuple)
    faults = schedule(plan.nemesis, plan.nodes, lambda name: Random(0))
    return sorted([*faults, *plan.workload.operations], key=lambda member: member.at)


def rebuilt(plan: Plan, members: Iterable[Member]) -> Plan:
    """The plan with these members and no others."""
    members = list(members)
    operations = [member for member in members if isinstance(member, PlannedOperation)]
    return with_members(plan, operations, [member for member in members if isinstance(member, FaultEvent)])


def entry(event: FaultEvent) -> Entry:
    """The fault as an entry of a nemesis, with nothing left to draw."""
    duration = None if event.until is None else event.until - event.at
    end: Literal["end"] | None = END if event.stays else None
    return Entry(name(event.fault), event.fault.parameters_of_entry(), AtTimes((event.at,)), duration, 0, end)


def _argument(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
