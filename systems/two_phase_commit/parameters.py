"""What a plan may set for two-phase commit."""

from __future__ import annotations

from typing import Annotated

import msgspec

from clew.systems.service import BadParameters

Duration = Annotated[int, msgspec.Meta(ge=0, extra={"unit": "ns"})]
"""Nanoseconds. A plan gives a duration with its unit: `10ms`."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of `system:` in a plan for two-phase commit."""

    vote_timeout: Duration = 100_000_000
    """How long a coordinator waits for votes. Then it aborts the transaction."""
    ask_again_after: Duration = 50_000_000
    """How long a participant that has voted yes waits for the decision, and a client for an answer. Then it asks."""


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for timers that would fire all the time."""
    for field in ("vote_timeout", "ask_again_after"):
        if getattr(parameters, field) < 100_000:
            raise BadParameters(field, f"{getattr(parameters, field)} ns; expected at least 100 us")
