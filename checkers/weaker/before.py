"""A relation "must come before" on numbered things, as one set of predecessors each; and its cycles.

Things can be put into an order if and only if there is no cycle.
"""

from __future__ import annotations

from clew.checkers.deadline import Deadline
from clew.checkers.weaker.observations import bits


class OutOfTime(Exception):
    """The deadline passed while a relation was looked at."""


def look_at(deadline: Deadline | None) -> None:
    """Raise `OutOfTime` if the deadline has passed. Call it once for each thing: a look is quicker than a set."""
    if deadline is not None and deadline.passed():
        raise OutOfTime


def in_order(before: list[int], deadline: Deadline | None = None) -> tuple[list[int], list[int]]:
    """An order of all things, each after those in its set `before`, and an empty list; or, if there is none, an empty
    list and a short cycle: each thing of it must come before the next, and the last before the first.

    Depth first: O(n) steps, each with operations on sets of n. Raises `OutOfTime` if the deadline passes.
    """
    unvisited = (1 << len(before)) - 1
    finished = 0
    order: list[int] = []
    while unvisited:
        root = unvisited.bit_length() - 1
        stack = [root]
        unvisited ^= 1 << root
        while stack:
            look_at(deadline)
            node = stack[-1]
            waiting = before[node] & ~finished
            if not waiting:
                stack.pop()
                finished |= 1 << node
                order.append(node)
                continue
            new = waiting & unvisited
            if not new:
                # All that is waited for is on the stack: a cycle.
                return [], shortest_cycle(before, node, deadline)
            child = new.bit_length() - 1
            unvisited ^= 1 << child
            stack.append(child)
    return order, []


def shortest_cycle(before: list[int], node: int, deadline: Deadline | None = None) -> list[int]:
    """A shortest cycle through `node`, which must be on one: each must come before the next."""
    reached = before[node]
    after = dict.fromkeys(bits(before[node]), node)
    layer = list(after)
    while not reached >> node & 1:
        following = []
        for one in layer:
            look_at(deadline)
            new = before[one] & ~reached
            reached |= new
            for two in bits(new):
                after[two] = one
                following.append(two)
        layer = following
    cycle = [node]
    while after[cycle[-1]] != node:
        cycle.append(after[cycle[-1]])
    return cycle


def closure(before: list[int], order: list[int], deadline: Deadline | None = None) -> list[int]:
    """For each thing the set of all that must come before it, directly or not. `order` is from `in_order`.

    Raises `OutOfTime` if the deadline passes.
    """
    all_before = [0] * len(before)
    for node in order:
        rest, reached = before[node], before[node]
        # Largest first: what a session did last implies most of the rest.
        while rest:
            look_at(deadline)
            top = rest.bit_length() - 1
            reached |= all_before[top]
            rest &= ~(all_before[top] | 1 << top)
        all_before[node] = reached
    return all_before
