"""A set that was read wrong about one element: no order explains that, and it is seen at once.

    add 1    |--|
    read -> []      |--|        the add of 1 had returned before this read was called, and no remove of 1 was called

An element was certainly there if an operation which added or saw it had returned, and no remove of it was called. It
was certainly not there if no add of it was called. A search for an order of the whole would see the same, but a set
that is read whole has too many orders. The other sets fall apart by element (`clew.checkers.monitors.elements`).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np

from clew.checkers.accesses import set_accesses
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import Ints
from clew.checkers.models.model import ADD, READ, REMOVE, Model


class Misread(NamedTuple):
    """What no order explains."""

    stuck: int
    """The position of the return."""
    element: Hashable
    """The element that was seen or missed there."""


def misread(problem: Problem, model: Model, deadline: Deadline) -> Misread | None:
    """The first return of an operation that saw an element which nobody had begun to add, or missed one that was there.

    None if there is none, if an operation is none of a set, or if the deadline passes. O(reads * elements).
    """
    accesses = set_accesses(problem, model, deadline)
    if accesses is None:
        return None
    numbers: dict[Hashable, int] = {}
    for name, what, _ in accesses:
        for element in (what or ()) if name == READ else (what,):
            numbers.setdefault(element, len(numbers))
    call, ret = problem.call, problem.ret
    # For each element the first call of an add and of a remove, and the first return of an add and of what shows that
    # it was there.
    added, removed, acknowledged, there = np.full((4, len(numbers)), NEVER, np.int64)
    saw: list[tuple[int, Ints, bool]] = []
    missed: list[tuple[int, int]] = []
    for op, cls in enumerate(problem.cls.tolist()):
        if deadline.passed():
            return None
        name, what, answer = accesses[cls]
        returned = ret[op] != NEVER
        if name == READ:
            if returned and what is not None:
                content = np.fromiter(map(numbers.__getitem__, what), np.int64, len(what))
                there[content] = np.minimum(there[content], ret[op])
                saw.append((op, content, True))
            continue
        element = numbers[what]
        if name in (ADD, REMOVE) and not (returned and answer is False):
            first = added if name == ADD else removed
            first[element] = min(first[element], call[op])
        if not returned:
            continue
        if name == ADD:
            acknowledged[element] = min(acknowledged[element], ret[op])
        if name == ADD or (name != REMOVE and answer is True):
            there[element] = min(there[element], ret[op])
        if answer is not None:
            if answer is not (name == ADD):
                saw.append((op, np.array([element]), False))
            else:
                missed.append((op, element))
    found = [
        (int(ret[op]), element) for op, element in missed if there[element] < call[op] and ret[op] < removed[element]
    ]
    for op, content, whole in saw:
        if deadline.passed():
            break
        wrong = content[added[content] > ret[op]]
        if whole and not len(wrong):
            lost = (there < call[op]) & (removed > ret[op])
            lost[content] = False
            # Best is an element whose add returned: an add and a read are easier to see than two reads.
            wrong = np.flatnonzero(lost)[np.argsort(acknowledged[lost], kind="stable")]
        if len(wrong):
            found.append((int(ret[op]), int(wrong[0])))
    if not found:
        return None
    stuck, element = min(found)
    return Misread(stuck, list(numbers)[element])
