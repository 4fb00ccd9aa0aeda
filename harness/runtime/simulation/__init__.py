"""The simulation runtime: virtual time, a seeded network, disks that lose what was not synced."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Literal

from clew.harness.plan import Plan
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.simulation.lockstep import open_processes
from clew.harness.runtime.simulation.nodes import InlineNodes
from clew.harness.runtime.simulation.simulation import Simulation
from clew.harness.runtime.watchdog import Watchdog
from clew.histories.journal import Journal
from clew.systems import Protocol

__all__ = ["NodesMode", "Simulation", "open_simulation"]

NodesMode = Literal["inline", "process"]
"""How nodes run: as objects in this process, or each in a process of its own."""


@contextlib.asynccontextmanager
async def open_simulation(
    plan: Plan,
    system: Protocol,
    outcome: Outcome,
    *,
    nodes: NodesMode = "inline",
    logs: Path | None = None,
    journal: Journal | None = None,
    log: Callable[[str, str], None] = lambda name, line: None,
) -> AsyncIterator[Simulation]:
    """A simulation of the plan for as long as the block lasts. However the block ends, no process is left.

    `journal` gets every message. `log(name, line)` gets what nodes and clients log. Nodes in processes write what they
    print to files in the folder `logs`. Raises `SystemFailure` if a part of the system breaks.
    """
    with Watchdog(outcome.progress) as watchdog:
        if nodes == "inline":
            make, parameters = system.variant(plan.system.variant).node, plan.system.parameters
            inline = InlineNodes(lambda: make(parameters), plan.nodes, watchdog)
            yield Simulation(plan, system, inline, watchdog, outcome, journal, log)
        else:
            assert logs is not None, "nodes in processes need a folder for their logs"
            async with open_processes(system, plan.system, plan.nodes, logs) as processes:
                yield Simulation(plan, system, processes, watchdog, outcome, journal, log)
