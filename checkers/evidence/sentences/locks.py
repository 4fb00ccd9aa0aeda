"""Sentences about locks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import Any

from clew.checkers.encoding import NEVER
from clew.checkers.evidence.sentences.past import Past, Said, text, upper
from clew.histories.frozen import freeze
from clew.histories.text import times


def said_of_locks(past: Past) -> Iterator[Said]:
    """Two held the lock at once, or somebody released what they did not hold.

    The owner is the value of an operation, or its process if it has none.
    """
    owner = [_owner(past, op) for op in range(len(past.call))]
    acquires = [past.operation(op).f == "acquire" for op in range(len(past.call))]
    core = [op for op in past.core if past.ret[op] != NEVER]

    def released(first: int, second: int) -> bool:
        """Whether the owner of `first` can have released the lock after it and before `second`."""
        return any(
            not acquires[op]
            and owner[op] == owner[first]
            and past.ret[op] > past.call[first]
            and past.call[op] < past.ret[second]
            for op in range(len(owner))
        )

    for one, two in combinations([op for op in core if acquires[op]], 2):
        # One of them came first, and its owner must then have released the lock before the other.
        if (past.before(two, one) or not released(one, two)) and (past.before(one, two) or not released(two, one)):
            if owner[one] == owner[two]:
                yield Said(f"{upper(_name(past, one))} acquired the lock twice without releasing it", (one, two))
            else:
                who = "Two" if past.alike(one, two) else "Two clients"
                yield Said(f"{who} held the lock at once: {_name(past, one)} and {_name(past, two)}", (one, two))
    yield from _taken_too_often(past, acquires, core)
    for one, two in permutations(core, 2):
        if (
            acquires[one]
            and not acquires[two]
            and owner[one] != owner[two]
            and past.before(one, two)
            and not released(one, two)
        ):
            yield Said(f"{upper(_name(past, two))} released the lock while {_name(past, one)} held it", (one, two))
    for who in dict.fromkeys(owner[op] for op in core if not acquires[op]):
        mine = sorted((op for op in core if not acquires[op] and owner[op] == who), key=lambda op: past.ret[op])
        for count, release in enumerate(mine, 1):
            taken = sum(
                acquires[op] and owner[op] == who and past.call[op] < past.ret[release] for op in range(len(owner))
            )
            if taken < count:
                name = upper(_name(past, release))
                words = "a lock that it had never acquired"
                if taken:
                    words = f"the lock {times(count)}, but had acquired it {times(taken)}"
                yield Said(f"{name} released {words}", tuple(mine[:count]))
                break


def _taken_too_often(past: Past, acquires: list[bool], core: list[int]) -> Iterator[Said]:
    """More acquires had returned than releases had begun, but for one. The first of them needs no release."""
    taken = sorted((op for op in core if acquires[op]), key=lambda op: past.ret[op])
    for count in range(2, len(taken) + 1):
        named = taken[:count]
        releases = sum(
            not acquires[op] and past.call[op] < past.ret[named[-1]] and past.ret[op] > min(past.call[named])
            for op in range(len(acquires))
        )
        if releases < count - 1:
            most = f"at most {times(releases)}" if releases else "never"
            yield Said(f"The lock was acquired {times(count)} but released {most} in between", tuple(named))
            return


def _owner(past: Past, op: int) -> Any:
    operation = past.operation(op)
    return ("process", operation.process) if operation.argument is None else ("owner", freeze(operation.argument))


def _name(past: Past, op: int) -> str:
    argument = past.operation(op).argument
    return past.client(op) if argument is None else text(argument)
