"""What a plan may set for the store on Multi-Paxos: the parameters of Paxos, and those of the log."""

from __future__ import annotations

from typing import Literal

import clew.systems.paxos.parameters
from clew.systems.paxos.parameters import Duration
from clew.systems.service import BadParameters


class Parameters(clew.systems.paxos.parameters.Parameters, frozen=True, forbid_unknown_fields=True):
    """The fields of `system:` in a plan for Multi-Paxos."""

    max_batch: int = 5000
    """The most commands that one instance decides. The default is that of the published code."""
    ask: Literal["own", "first"] = "own"
    """Whom clients ask: each a replica of its own, so that all of them propose; or all the first replica, as in the
    published benchmark."""
    retransmit_after: Duration = 200_000_000
    """How long a client waits for an answer before it asks the next replica."""


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for a cluster that could never answer, and for timers that would fire all the time."""
    clew.systems.paxos.parameters.validate(parameters, nodes)
    if parameters.max_batch < 1:
        raise BadParameters("max_batch", f"{parameters.max_batch}; expected more than zero")
    if parameters.retransmit_after < 100_000:
        raise BadParameters("retransmit_after", f"{parameters.retransmit_after} ns; expected at least 100 us")
