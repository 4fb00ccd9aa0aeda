"""What carries a run out: the contract between the story of a run and whatever makes it happen.

A `Runtime` starts the nodes, tells a `Conductor` what happens, carries out its orders, and stops the nodes. It says
what it can do. A plan that asks for more is refused before anything starts.
"""

from __future__ import annotations

import enum
import typing
from collections.abc import Iterator, Sequence
from typing import ClassVar

from clew.harness.errors import UserError
from clew.harness.plan import Plan
from clew.harness.runtime.conductor import Conductor
from clew.nemesis.fault import Fault
from clew.systems import Protocol, Service


class Capability(enum.Enum):
    """Something that a runtime may be able to do. The value completes the sentence "the runtime cannot ..."."""

    PROTOCOLS = "run a system of sans-IO nodes"
    PROGRAMS = "run a system of ordinary programs"
    MESSAGES = "read the messages between the nodes"
    REPEATS = "repeat a run byte for byte"


class Runtime(typing.Protocol):
    """Carries out one run."""

    capabilities: ClassVar[frozenset[Capability]]
    """What this runtime can do."""

    async def run(self, conductor: Conductor) -> None:
        """Start the nodes, feed the conductor until it orders `Over`, stop the nodes.

        May be cancelled at any moment, and then leaves nothing behind. Raises `SystemFailure` if a part of the system
        breaks.
        """

    async def apply(self, active: Sequence[Fault], healed: bool) -> None:
        """Bring the cluster into the state that exactly these faults ask for (`clew.nemesis.effect`).

        It is told the whole set each time, and compares it with the state of the cluster. Nothing is toggled, so no
        fault can be left in place. `healed`: see `Apply`.
        """


def needs(plan: Plan, system: Service) -> Iterator[tuple[str, Capability]]:
    """What a plan asks of its runtime, each with the field of the plan that asks for it."""
    yield "system.name", Capability.PROTOCOLS if isinstance(system, Protocol) else Capability.PROGRAMS
    if "invariants" in plan.checks:
        yield "checks", Capability.MESSAGES


def refuse(plan: Plan, system: Service, capabilities: frozenset[Capability], *, replays: bool = False) -> None:
    """Raise `UserError`, in one line, if the plan asks for what a runtime with these capabilities cannot do.

    `replays`: it shall also give the same bytes as another run.
    """
    asked = [*needs(plan, system), *([("runtime", Capability.REPEATS)] if replays else [])]
    for field, capability in asked:
        if capability not in capabilities:
            raise UserError(f"{plan.name}: {field}: the runtime {plan.runtime} cannot {capability.value}")
