"""How much memory the parts of a run take at its end: its nodes and its monitors."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import trio

from clew.harness.plan import load, resolve
from clew.harness.run import header
from clew.harness.runtime.conductor import Conductor
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.simulation import open_simulation
from clew.histories import Recorder
from clew.systems import Invariant, Node, find_protocol


def size(value: Any, seen: set[int] | None = None) -> int:
    """The bytes of an object and of everything that it refers to, code left out."""
    seen = set() if seen is None else seen
    value = getattr(value, "__self__", value)  # What a bound method refers to.
    if id(value) in seen or callable(value):
        return 0
    seen.add(id(value))
    inside: list[Any] = [getattr(value, name) for name in getattr(type(value), "__slots__", ()) if hasattr(value, name)]
    if isinstance(value, dict):
        inside = [*value, *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        inside = list(value)
    elif hasattr(value, "__struct_fields__"):
        inside = [getattr(value, field) for field in value.__struct_fields__]
    elif hasattr(value, "__dict__"):
        inside += [vars(value)]
    return sys.getsizeof(value) + sum(size(each, seen) for each in inside)


def at_the_end(name: str, settings: Iterable[str]) -> tuple[list[Node], list[Invariant]]:
    """The nodes and the invariants of a shipped plan with these settings, after the run. It must break no invariant."""
    plan = resolve(load(name), None, settings)
    system = find_protocol(plan.system.name)
    made: list[Node] = []
    watching: list[Invariant] = []

    def node(parameters: Any) -> Node:
        made.append(system.node(parameters))
        return made[-1]

    def invariants(parameters: Any, nodes: int) -> list[Invariant]:
        watching.extend(system.invariants(parameters, nodes))
        return watching

    recorder, outcome = Recorder(header(plan)), Outcome()

    async def main() -> None:
        observed = replace(system, node=node, invariants=invariants, variants={})
        async with open_simulation(plan, observed, outcome) as simulation:
            await simulation.run(Conductor(plan, recorder, outcome))

    trio.run(main)
    assert outcome.violations == []
    return made, watching
