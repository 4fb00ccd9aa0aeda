"""Which runtime carries a plan out."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from clew.harness.plan import Plan
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.runtime import Runtime, refuse
from clew.harness.runtime.simulation import NodesMode, Simulation, open_simulation
from clew.histories.journal import Journal
from clew.systems import Protocol, Service, find_system

__all__ = ["NodesMode", "accept", "open_runtime"]

CAPABILITIES = {"simulation": Simulation.capabilities}
"""What each runtime can do, by the name that a plan gives it."""


def accept(plan: Plan, *, replays: bool = False) -> None:
    """Raise `UserError`, in one line, for a plan that asks for what its runtime cannot do; see `refuse`."""
    refuse(plan, find_system(plan.system.name), CAPABILITIES[plan.runtime], replays=replays)


@contextlib.asynccontextmanager
async def open_runtime(
    plan: Plan,
    system: Service,
    outcome: Outcome,
    *,
    nodes: NodesMode = "inline",
    logs: Path | None = None,
    journal: Journal | None = None,
    log: Callable[[str, str], None] = lambda name, line: None,
) -> AsyncIterator[Runtime]:
    """The runtime that the plan names, for as long as the block lasts; see `open_simulation` for the arguments.

    The plan must be one that `accept` accepts.
    """
    assert isinstance(system, Protocol)
    async with open_simulation(plan, system, outcome, nodes=nodes, logs=logs, journal=journal, log=log) as simulation:
        yield simulation
