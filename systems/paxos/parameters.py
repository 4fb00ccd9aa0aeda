"""What a plan may set for a Paxos cluster."""

from __future__ import annotations

from typing import Annotated

import msgspec

from clew.systems.service import BadParameters

Duration = Annotated[int, msgspec.Meta(ge=0, extra={"unit": "ns"})]
"""Nanoseconds. A plan gives a duration with its unit: `10ms`."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of `system:` in a plan for Paxos."""

    try_again_after: Duration = 100_000_000
    """How long a proposer waits for a decision before it begins another round."""
    back_off: Duration = 10_000_000
    """The longest random pause after a proposer's first conflict. Each of the next five doubles it."""


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for timers that would fire all the time."""
    for field in ("try_again_after", "back_off"):
        if getattr(parameters, field) < 100_000:
            raise BadParameters(field, f"{getattr(parameters, field)} ns; expected at least 100 us")


def majority(acceptors: int) -> int:
    """The smallest number of acceptors of which any two sets share one."""
    return acceptors // 2 + 1
