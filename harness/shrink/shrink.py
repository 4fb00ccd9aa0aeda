"""The passes, one after the other, until none of them finds anything."""

from __future__ import annotations

from contextlib import suppress

from clew.harness.plan import Plan
from clew.harness.shrink.arrange import rearranged
from clew.harness.shrink.explicit import members_of
from clew.harness.shrink.members import cut, members, merged
from clew.harness.shrink.same_failure import EVENTS_MOST_ARRANGED, EVENTS_MOST_WORLDS, OutOfEvents, SameFailure
from clew.harness.shrink.shape import shape
from clew.harness.shrink.times import times, without
from clew.harness.shrink.world import is_plain, quick, world, worlds

ROUNDS_MOST = 6
SMALL = 10
"""Members of a plan that is small enough not to look for the failure in the network as it was."""


def shrink(plan: Plan, fails: SameFailure) -> None:
    """Try ever smaller plans, each of which `fails` is asked about; `plan` is explicit, and fails.

    A function of plan and test. Where the failure shows in a plain network too, some of the ways in which it does are
    shrunk: what can no longer be made smaller is not always the smallest there is.
    """
    fails.begin(plan)
    assert fails(plan) is not None, "only what fails can be shrunk"
    with suppress(OutOfEvents):
        plan = quick(cut(plan, fails.moment(plan), fails), fails)
    if not _in_plain_networks(plan, fails, EVENTS_MOST_WORLDS):
        fails.begin(plan)
        with suppress(OutOfEvents):
            _descend(plan, fails)
        _in_plain_networks(fails.best.plan, fails)
    for step, events in ((without, None), (rearranged, EVENTS_MOST_ARRANGED)):
        best = fails.best.plan
        fails.begin(best, events)
        with suppress(OutOfEvents):
            while (smaller := step(best, fails)) != best:
                best = _descend(smaller, fails)


def _in_plain_networks(plan: Plan, fails: SameFailure, events: int | None = None) -> bool:
    """Look for the failure where nothing of the network is drawn, and descend from there; whether that ended small."""
    starts: list[Plan] = []
    fails.begin(plan, events)
    with suppress(OutOfEvents):
        starts = [] if is_plain(plan) else worlds(plan, fails)
    ends: list[Plan] = []
    for start in starts:
        fails.begin(start)
        with suppress(OutOfEvents):
            ends.append(_descend(start, fails))
    return any(len(members_of(end)) <= SMALL for end in ends)


def _descend(plan: Plan, fails: SameFailure) -> Plan:
    """From a plan to one that no pass makes smaller.

    Members come before the rest, for they cost the most; the world comes before shape and times, for where nothing is
    drawn any more, moving a plan in time or renaming its nodes leaves its run as it was.
    """
    for _ in range(ROUNDS_MOST):
        before = plan
        plan = cut(plan, fails.moment(plan), fails)
        for step in (quick, members, merged, world, shape, times):
            plan = step(plan, fails)
        if plan == before:
            break
    return plan
