"""The kinds of fault. To add one, write its module and list it here: plans, runs and pictures find it by its name."""

from __future__ import annotations

from typing import Any, Union

import msgspec

from clew.nemesis.crash import Crash
from clew.nemesis.fault import Fault, FaultEvent, name_of
from clew.nemesis.membership import Membership
from clew.nemesis.network import BadNetwork
from clew.nemesis.partition import Partition
from clew.nemesis.pause import Pause

FAULTS: dict[str, type[Fault]] = {name_of(kind): kind for kind in (Partition, Crash, Pause, BadNetwork, Membership)}
"""The kinds by their names in plans and histories, in the order in which errors and docs list them."""


def from_value(value: Any) -> FaultEvent:
    """The event whose `fault.to_value` this is; `msgspec.ValidationError` if it is none."""
    read = msgspec.convert(value, _Event)
    return FaultEvent(read.number, read.at, read.until, read.fault, read.stays)


class _Event(msgspec.Struct):
    """A `FaultEvent` whose fault is decoded by its tag."""

    number: int
    at: int
    until: int | None
    fault: Union[tuple(FAULTS.values())]  # type: ignore[valid-type]  # noqa: UP007
    stays: bool = False
