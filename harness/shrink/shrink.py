"""The search for the smallest plan that fails in the same way: rounds of passes, until a round finds nothing smaller.

A round begins with a plan that fails, and depends on nothing else. So the plan that the last round leaves as it was is
a fixpoint: shrinking it again changes nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager

from clew.harness.plan import Plan
from clew.harness.shrink.arrange import rearranged
from clew.harness.shrink.budget import ARRANGEMENTS, PLAIN_NETWORKS, OutOfEvents
from clew.harness.shrink.explicit import members_of
from clew.harness.shrink.members import cut, members, merged
from clew.harness.shrink.same_failure import SameFailure
from clew.harness.shrink.shape import shape
from clew.harness.shrink.times import times, without
from clew.harness.shrink.world import is_plain, quick, world, worlds

DESCENT_LOOPS = 6
"""How often a descent goes through its passes, at most."""
SMALL = 10
"""Members of a plan that is small enough. Then the failure is not looked for in the network as it was."""


class Tried(enum.Enum):
    """How much of the search was done on the smallest plan."""

    EVERYTHING = "everything"
    """Every pass came to its end."""
    LEAVING_OUT = "leaving out"
    """Leaving out each operation and each fault was tried. A search for other arrangements stopped at its budget."""
    PART = "part"
    """The search ended before that: it was interrupted, or its budget was spent."""


def shrink(plan: Plan, fails: SameFailure) -> Tried:
    """Try ever smaller plans; `fails.best` is the smallest that failed. `plan` is explicit, and fails.

    Returns how much was tried on the smallest plan.
    """
    while True:
        fails.begin_round(plan)
        tried = _round(plan, fails)
        if fails.best.plan == plan:
            return tried
        plan = fails.best.plan


def _round(plan: Plan, fails: SameFailure) -> Tried:
    """One round. Returns how much was tried on the plan, if it is still the best at the end.

    What no pass makes smaller is not always the smallest there is. So the search goes down from several starts: the
    same failure in plain networks, and only if that ends large, the plan itself.
    """
    spent: list[OutOfEvents] = []
    fails.begin(plan)
    with _until_spent(spent):
        plan = quick(cut(plan, fails.moment(plan), fails), fails)
    if not _in_plain_networks(plan, fails, spent, PLAIN_NETWORKS):
        fails.begin(plan)
        with _until_spent(spent):
            _descend(plan, fails)
        _in_plain_networks(fails.best.plan, fails, spent)
    descended = False
    fails.begin(fails.best.plan)
    with _until_spent(spent):
        _descend(fails.best.plan, fails)
        descended = True
    for step, events in ((without, None), (rearranged, ARRANGEMENTS)):
        best = fails.best.plan
        fails.begin(best, events)
        with _until_spent(spent):
            while (smaller := step(best, fails)) != best:
                best = _descend(smaller, fails)
    if not spent:
        return Tried.EVERYTHING
    return Tried.LEAVING_OUT if descended else Tried.PART


@contextmanager
def _until_spent(spent: list[OutOfEvents]) -> Iterator[None]:
    """The block ends early if its budget is spent; `spent` then gets one entry more."""
    try:
        yield
    except OutOfEvents as end:
        spent.append(end)


def _in_plain_networks(plan: Plan, fails: SameFailure, spent: list[OutOfEvents], events: int | None = None) -> bool:
    """Look for the failure in networks that draw nothing, and go down from there. Whether that ended small."""
    starts: list[Plan] = []
    fails.begin(plan, events)
    with _until_spent(spent):
        starts = [] if is_plain(plan) else worlds(plan, fails, fails.run_of)
    ends: list[Plan] = []
    for start in starts:
        fails.begin(start)
        with _until_spent(spent):
            ends.append(_descend(start, fails))
    return any(len(members_of(end)) <= SMALL for end in ends)


def _descend(plan: Plan, fails: SameFailure) -> Plan:
    """Go down from a plan to one that no pass makes smaller.

    Members are left out first, for they cost the most. The network is made plain before shape and times are changed:
    in a plain network, moving a plan in time or renaming its nodes leaves its run as it was.
    """
    for _ in range(DESCENT_LOOPS):
        before = plan
        plan = cut(plan, fails.moment(plan), fails)
        for step in (quick, members, merged, world, shape, times):
            plan = step(plan, fails)
        if plan == before:
            break
    return plan
