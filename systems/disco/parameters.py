"""What a plan may set for the file system."""

from __future__ import annotations

from typing import Annotated

import msgspec

from clew.systems.service import BadParameters

Duration = Annotated[int, msgspec.Meta(ge=0, extra={"unit": "ns"})]
"""Nanoseconds. A plan gives a duration with its unit: `10ms`."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of `system:` in a plan for Disco's file system."""

    replicas: int = 3
    """K: how many nodes have each blob and each tag."""
    collect_every: Duration = 1_000_000_000
    """How long after one inventory the master begins the next one, to collect garbage and to replicate again."""
    blobs_expire_after: Duration = 10_000_000_000
    """How long a blob may wait for its tag. Then the master takes it for garbage, and refuses to tag it."""
    ask_again_after: Duration = 50_000_000
    """How long the master and clients wait for an answer before they ask again, or ask others."""


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for a cluster that could store nothing, and for timers that would fire all the time."""
    if not 1 <= parameters.replicas <= nodes - 1:
        expected = (
            f"expected 1 to {nodes - 1}: one of the {nodes} nodes is the master"
            if nodes > 1
            else "expected 2 nodes or more"
        )
        raise BadParameters("replicas", f"{parameters.replicas}; {expected}")
    for field in ("collect_every", "ask_again_after"):
        if getattr(parameters, field) < 100_000:
            raise BadParameters(field, f"{getattr(parameters, field)} ns; expected at least 100 us")
