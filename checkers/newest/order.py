"""The order that a sweep over stacks has found: first back through the events, and then on again.

Rows that have used the same are one, so a row does not tell where it came from. Going back from a row of the end, the
stacks that lead there are kept, as a set again: of the stacks before a step those from which it leads to one of the
stacks behind it. Any way on which there are some is an order. On the way on again each push finds its place: one with
which the stack is among those from which the rest is possible.

The way back leads from mark to mark. From each mark the sweep goes on once more to the next one, and traces its rows.
So the trace is short, and all in all the sweep is made twice.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import Problem
from clew.checkers.forms import EMPTIES
from clew.checkers.kernel import kernel, raw_kernel
from clew.checkers.newest.diagram import (
    AMONG,
    compute,
    element_of,
    freed,
    label_of,
    node,
    symbol_of,
)
from clew.checkers.newest.sweep import Sweep
from clew.checkers.newest.tables import (
    BARE,
    ENTRY,
    FILLS,
    FINDS_NOTHING,
    LOSES,
    NOTHING,
    POPS,
    PUSHES,
    RELABELS,
    SERVES,
    STATE,
    STAYS,
)

_WORK_PER_LOOK = 1_000_000
"""Elements that are looked at for the places of pushes, between two looks at the deadline: some milliseconds."""


def order_of(sweep: Sweep, problem: Problem, deadline: Deadline) -> list[int] | None:
    """A linearization of what has returned until now. None if the deadline passes or there is no memory.

    The sweep goes back to its beginning.
    """
    end, width, row = sweep.position, int(sweep.tables.at.width), 0
    sweep.tables.at.steps = 0
    for number in range(len(sweep.marks) - 1, -1, -1):
        mark = sweep.marks[number]
        then, width_then = mark.position, int(mark.at.width)
        sweep.go_back(mark)
        sweep.widen(width)
        if not sweep.trace(end):
            return None
        t, at = sweep.tables, sweep.tables.at
        if at.steps == 0 and t.goal[0] == NOTHING:
            t.goal[0] = t.now[row, STATE]
        at.entry = t.now[row, ENTRY]
        sweep.begin_visit()
        while not go_back(sweep.tables):
            sweep.make_room()
            if deadline.passed() or sweep.over_budget:
                return None
            sweep.begin_visit()
        row, end, width = int(at.entry), then, width_then
    return _laid(sweep, problem, deadline)


@kernel
def go_back(t):  # type: ignore[no-untyped-def]
    """Go back from the row `at.entry` to where its trace begins. False if there is no room: then it can go on."""
    at = t.at
    while at.entry >= at.first:
        number, found = np.int64(t.entry_edge[at.entry]), np.int64(NOTHING)
        while True:
            edge = t.edge[number]
            found = _before(t, edge)
            if at.full:
                return False
            if found != NOTHING:
                break
            number = np.int64(edge.next)
        if edge.how != STAYS:
            step = t.steps[at.steps]
            step.stacks, step.how, step.op, step.other = t.goal[0], edge.how, edge.op, edge.other
            at.steps += 1
        t.goal[0] = found
        at.entry = edge.source
    return True


@raw_kernel
def _before(t, edge):  # type: ignore[no-untyped-def]
    """Stacks from which this leads to one of the goal, if there are any."""
    at, stacks, goal, how, op = t.at, t.entry_state[edge.source], t.goal[0], edge.how, edge.op
    at.stamp += 1
    at.old = 0
    if how in (STAYS, SERVES):
        return compute(t, AMONG, stacks, goal)
    if how == FINDS_NOTHING:
        return np.int64(BARE)
    at.call = t.call[op] + 1
    if how == RELABELS:
        at.old, at.new = at.call, edge.other
        return compute(t, AMONG, stacks, goal)
    if how in (PUSHES, FILLS):
        at.value = t.element[op]
        return freed(t, goal, np.int64(BARE) if how == FILLS else stacks, edge.other)
    while stacks > BARE:
        one = t.nodes[stacks]
        if how == LOSES or element_of(one.symbol) == t.element[op]:
            found = compute(t, AMONG, np.int64(one.below), goal)
            if found != NOTHING or at.full:
                return node(t, one.symbol, found, np.int64(NOTHING))
        stacks = np.int64(one.other)
    return np.int64(NOTHING)


@kernel
def place_of(t, stacks, pile, height, element, label):  # type: ignore[no-untyped-def]
    """Where an element is inserted into a pile of so many symbols so that a set has this stack; -1 if nowhere.

    On top it has the label that is given, further down that of the element above it. It takes a step for each element
    of the stack at each place that is tried.
    """
    place = height
    while place >= 0:
        label = label if place == height else label_of(pile[place])
        if _has_stack(t, stacks, pile, height, place, symbol_of(element, label)):
            return place
        place -= 1
    return place


@raw_kernel
def _has_stack(t, stacks, pile, height, place, symbol):  # type: ignore[no-untyped-def]
    """Whether a set has the stack of the first `height` symbols of a pile, with one inserted at a place."""
    for number in range(height, -1, -1):
        t.at.work += 1
        wanted = symbol if number == place else pile[number] if number < place else pile[number - 1]
        while stacks > BARE and t.nodes[stacks].symbol < wanted:
            stacks = np.int64(t.nodes[stacks].other)
        if stacks <= BARE or t.nodes[stacks].symbol != wanted:
            return False
        stacks = np.int64(t.nodes[stacks].below)
    while stacks > BARE:
        stacks = np.int64(t.nodes[stacks].other)
    return stacks == BARE


def _laid(sweep: Sweep, problem: Problem, deadline: Deadline) -> list[int] | None:
    """The order, from the steps that lead back."""
    t, call = sweep.tables, problem.call.tolist()
    kind, element = t.kind, t.element.tolist()
    line = _Line(len(problem))
    pile, owners = np.zeros(len(problem) + 1, np.int64), list[int]()
    finding_nothing = np.flatnonzero(kind == EMPTIES).tolist()[::-1]
    waiting, look = list[int](), int(t.at.work) + _WORK_PER_LOOK
    for stacks, how, op, other in t.steps[: t.at.steps][::-1].tolist():
        if how in (FINDS_NOTHING, FILLS):
            while finding_nothing and call[finding_nothing[-1]] < problem.ret[op]:
                waiting.append(finding_nothing.pop())
            for one in waiting:
                line.append(one)
            waiting.clear()
        if how == SERVES:
            line.append(other)
            line.append(op)
        elif how in (POPS, LOSES):
            line.append(op)
            owners.pop()
        elif how in (PUSHES, FILLS):
            height = len(owners)
            place = place_of(t, stacks, pile, height, element[op], other)
            assert place >= 0, "no place for a push that has one"
            if t.at.work >= look:
                look = t.at.work + _WORK_PER_LOOK
                if deadline.passed():
                    return None
            label = other if place == height else label_of.plain(int(pile[place]))
            assert label > call[op] or place == height, "no label allows this place"
            if place == height:
                line.append(op)
            else:
                line.insert(op, owners[place])
            pile[place + 1 : height + 1] = pile[place:height]
            pile[place] = symbol_of.plain(element[op], label)
            owners.insert(place, op)
        elif how == RELABELS:
            old = call[op] + 1
            for place in range(len(owners) - 1, -1, -1):
                label = label_of.plain(int(pile[place]))
                if label < old:
                    break
                if label == old:
                    pile[place] += other - old
    return line.all()


class _Line:
    """Operations one behind the other."""

    def __init__(self, count: int) -> None:
        self._next, self._last = [-1] * (count + 1), count
        self._previous = [-1] * (count + 1)

    def append(self, op: int) -> None:
        """Put an operation behind all others."""
        self._next[self._last], self._previous[op] = op, self._last
        self._last = op

    def insert(self, op: int, later: int) -> None:
        """Put an operation right before another one."""
        before = self._previous[later]
        self._next[before], self._previous[op] = op, before
        self._next[op], self._previous[later] = later, op

    def all(self) -> list[int]:
        """All of them."""
        found, op = list[int](), self._next[-1]
        while op >= 0:
            found.append(op)
            op = self._next[op]
        return found
