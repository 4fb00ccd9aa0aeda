"""Faults that hit the leader: they name `LEADER` until they begin.

Faults are drawn before the run, when the leader is not known yet. So such a fault names `LEADER`, and the runtime puts
the node that leads in its place when the fault begins. The history names that node, and so does a plan made from the
history.
"""

from __future__ import annotations

import msgspec

from clew.nemesis.fault import FaultEvent

LEADER = "leader"
"""Stands for the node that leads when the fault begins. No node has this name."""


def with_leader(event: FaultEvent, leader: str) -> FaultEvent:
    """The event with this node in the place of `LEADER`; an equal event if its fault does not name the leader."""
    return msgspec.structs.replace(event, fault=event.fault.with_leader(leader))
