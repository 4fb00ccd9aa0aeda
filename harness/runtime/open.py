"""Which runtime carries a plan out."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from clew.harness.errors import UserError
from clew.harness.plan import Plan
from clew.harness.runtime.live.live import Live, open_live
from clew.harness.runtime.live.world.addresses import MOST_NODES
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.runtime import Runtime, refuse
from clew.harness.runtime.simulation import NodesMode, Simulation, open_simulation
from clew.histories.journal import Journal
from clew.systems import Program, Protocol, Service, find_system
from clew.systems.maelstrom import Maelstrom

__all__ = ["NodesMode", "accept", "open_runtime"]

CAPABILITIES = {"simulation": Simulation.capabilities, "live": Live.capabilities}
"""What each runtime can do, by the name that a plan gives it."""


def accept(plan: Plan, *, replays: bool = False) -> None:
    """Raise `UserError`, in one line, for a plan that asks for what its runtime cannot do; see `refuse`.

    Also if a server that the system needs is not installed.
    """
    system = find_system(plan.system.name)
    refuse(plan, system, CAPABILITIES[plan.runtime], replays=replays)
    for server in system.servers_of(plan.system.parameters) if isinstance(system, Program) else ():
        if (missing := server.missing()) is not None:
            raise UserError(f"{plan.name}: system.name: {missing}")
    if isinstance(system, Maelstrom):
        _accept_pipes(plan)
    if plan.runtime == "live" and plan.system.nodes > MOST_NODES:
        raise UserError(
            f"{plan.name}: system.nodes: a live run has at most {MOST_NODES} nodes, not {plan.system.nodes}"
        )


def _accept_pipes(plan: Plan) -> None:
    """What the pipes of Maelstrom programs cannot do."""
    if plan.live.pcap:
        raise UserError(f"{plan.name}: live.pcap: the network of Maelstrom programs is their pipes: it has no packets")
    if plan.network.clients.duplicate:
        # The answer to the second copy of a compare-and-set that happened would say that it did not.
        raise UserError(
            f"{plan.name}: network.clients.duplicate: a Maelstrom node may carry out each copy of a request; expected 0"
        )


@contextlib.asynccontextmanager
async def open_runtime(
    plan: Plan,
    system: Service,
    outcome: Outcome,
    *,
    nodes: NodesMode = "inline",
    folder: Path | None = None,
    journal: Journal | None = None,
    log: Callable[[str, str], None] = lambda name, line: None,
) -> AsyncIterator[Runtime]:
    """The runtime that the plan names, for as long as the block lasts.

    `folder` is the folder of the run: what nodes print goes to `nodes/<name>.log` in it. `nodes` is for simulations
    only. See `open_simulation` and `open_live` for the other arguments. The plan must be one that `accept` accepts.
    """
    if plan.runtime == "live":
        async with open_live(plan, system, outcome, folder=folder, journal=journal, log=log) as live:
            yield live
        return
    assert isinstance(system, Protocol)
    logs = None if folder is None else folder / "nodes"
    async with open_simulation(plan, system, outcome, nodes=nodes, logs=logs, journal=journal, log=log) as simulation:
        yield simulation
