"""What small means, and the smallest failing plan so far: what there is to keep whenever the search ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from clew.harness.plan import Plan, PlannedOperation
from clew.harness.shrink.explicit import members_of
from clew.harness.shrink.world import is_plain


class Smallest:
    """The smallest plan of those that failed; `watch` is told of each that is smaller than all before."""

    def __init__(self, plan: Plan, watch: Callable[[Plan], None] = lambda plan: None) -> None:
        self.plan = plan
        self._size = size(plan)
        self._watch = watch

    def offer(self, plan: Plan) -> None:
        """A plan that fails."""
        if (offered := size(plan)) < self._size:
            self.plan, self._size = plan, offered
            self._watch(plan)


def size(plan: Plan) -> tuple[float, ...]:
    """How much there is to read in an explicit plan: operations and faults first, then the cluster, then time."""
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
    """The sum of the numbers in a value: of two values of one length the smaller is easier to read."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return sum(_total(part) for part in value)
    return abs(value) if type(value) is int else 0
