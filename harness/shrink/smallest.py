"""What small means, and the smallest failing plan so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from clew.harness.plan import Plan, PlannedOperation
from clew.harness.shrink.explicit import members_of
from clew.harness.shrink.world import is_plain


class Smallest:
    """The smallest of the plans that failed. `watch` is called with each plan that is smaller than all before it."""

    def __init__(self, plan: Plan, watch: Callable[[Plan], None] | None = None) -> None:
        self.plan = plan
        self._size = size(plan)
        self._watch = watch

    def offer(self, plan: Plan) -> None:
        """Keep this failing plan if it is the smallest so far."""
        if (offered := size(plan)) < self._size:
            self.plan, self._size = plan, offered
            if self._watch is not None:
                self._watch(plan)


def size(plan: Plan) -> tuple[float, ...]:
    """How much there is to read in an explicit plan: operations and faults first, then the cluster, then the times.

    Sizes are compared from left to right. A network that draws random numbers counts as one member more.
    """
    members = members_of(plan)
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
        _total([member.value for member in members if isinstance(member, PlannedOperation)]),
    )


def _total(value: Any) -> int:
    """The sum of the numbers in a value. Of two values of one length, the smaller one is easier to read."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return sum(_total(part) for part in value)
    return abs(value) if type(value) is int else 0
