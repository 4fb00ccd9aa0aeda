"""A replica that keeps up knows no more after ten times as many operations."""

from __future__ import annotations

import sys
from typing import Any

from clew.harness.plan import load, resolve
from clew.systems.node import Node
from tests.systems.rsl.test_durability import RSL, played


def size(value: Any, seen: set[int]) -> int:
    """The bytes of an object and of everything that it refers to, code left out."""
    if id(value) in seen or callable(value):
        return 0
    seen.add(id(value))
    inside: list[Any] = []
    if isinstance(value, dict):
        inside = [*value, *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        inside = list(value)
    elif hasattr(value, "__struct_fields__"):
        inside = [getattr(value, field) for field in value.__struct_fields__]
    elif hasattr(value, "__dict__"):
        inside = [vars(value)]
    return sys.getsizeof(value) + sum(size(each, seen) for each in inside)


def largest(operations: int) -> int:
    """The bytes of the largest replica at the end of a run with that many operations."""
    replicas: list[Node] = []

    def make(parameters: Any) -> Node:
        replicas.append(RSL.variant(None).node(parameters))
        return replicas[-1]

    settings = (f"workload.operations={operations}", "system.durability=synced")
    played(resolve(load("rsl-counter-steady"), None, settings), make)
    return max(size(vars(replica), set()) for replica in replicas)


def test_replicas_that_keep_up_do_not_grow_with_the_length_of_the_run() -> None:
    short = largest(320)
    assert short > 10_000
    assert largest(3_200) < 1.2 * short
