"""The passes, one after the other, until none of them finds anything."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from harness.plan import Plan, PlannedOperation
from harness.shrink import passes
from harness.shrink.test import OutOfEvents, Test, is_plain

ROUNDS_MOST = 6

Watch = Callable[[str, Plan], None]
"""Told of every smaller plan, with the name of the pass that found it."""


def shrink(plan: Plan, fails: Test, watch: Watch = lambda name, plan: None) -> Plan:
    """The smallest plan found that still fails the test; `plan` is explicit, and fails it.

    A function of plan and test. Where the failure shows in a plain network too, some of the ways in which it does are
    shrunk, and the smallest outcome counts: what can no longer be made smaller is not always the smallest there is.
    `watch` is told of every plan that is smaller than all before it.
    """
    smallest = plan

    def accept(name: str, smaller: Plan) -> None:
        nonlocal smallest
        if size(smaller) < size(smallest):
            smallest = smaller
            watch(name, smaller)

    starts: list[Plan] = []
    with suppress(OutOfEvents):
        starts = [] if is_plain(plan) else passes.worlds(plan, fails)
    for start in starts or [plan]:
        fails.allow_more()
        with suppress(OutOfEvents):
            _descend(start, fails, accept)
    return smallest


def _descend(plan: Plan, fails: Test, accept: Watch) -> None:
    for _ in range(ROUNDS_MOST):
        before = plan
        for name, step in (
            ("members", passes.members),
            ("world", passes.world),
            ("shape", passes.shape),
            ("times", passes.times),
            ("without", passes.without),
        ):
            plan = step(plan, fails)
            accept(name, plan)
        if plan == before:
            return


def size(plan: Plan) -> tuple[float, ...]:
    """How much there is to read in an explicit plan: operations and faults first, then the cluster, then time."""
    members = passes.members_of(plan)
    operations = sum(isinstance(member, PlannedOperation) for member in members)
    last = max((member.at for member in members), default=0)
    return (
        len(members) + (0 if is_plain(plan) else 1),
        len(members) - operations,
        plan.system.nodes,
        plan.workload.clients,
        plan.workload.keys,
        last,
        sum(len(str(member.at).rstrip("0")) for member in members),
        len(repr(plan)),
    )
