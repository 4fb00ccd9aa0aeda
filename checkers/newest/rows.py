"""Rows and sets of rows: what has used the same operations is one row, with the stacks of both."""

from __future__ import annotations

import numpy as np

from clew.checkers.contents.rows import bit, price
from clew.checkers.encoding import NEVER
from clew.checkers.kernel import raw_kernel
from clew.checkers.linear.rows import chain_of, chain_up, copy_row
from clew.checkers.newest.diagram import union
from clew.checkers.newest.tables import BITS, ENTRY, PRICE, READY, STATE

GONE, MET = range(2)
"""Sets of rows."""
_MET = 8
"""Rows of a level that are looked at, for each row that is kept."""


@raw_kernel
def used(row):  # type: ignore[no-untyped-def]
    """How many open operations a row has used."""
    used = 0
    for word in range(BITS, len(row)):
        rest = row[word]
        while rest != 0:
            rest &= rest - 1
            used += 1
    return used


@raw_kernel
def use(t, row, op):  # type: ignore[no-untyped-def]
    """Let an open operation have taken effect in a row. What its price is for, see `clew.checkers.newest.engine`."""
    slot = t.slot_of[op]
    row[BITS + (slot >> 6)] |= bit(slot)
    row[PRICE] += price(t.at.position - t.call[op]) if t.ret[op] == NEVER else 1


@raw_kernel
def put(t, which, row, source, how, op, other):  # type: ignore[no-untyped-def]
    """Add a row to a set. If there is one that has used the same, it gets the stacks of both. It can be done again."""
    at = t.at
    code = np.uint64(row[READY])
    for word in range(BITS, len(row)):
        code = (code ^ np.uint64(row[word])) * np.uint64(0xBF58476D1CE4E5B9)
        code ^= code >> np.uint64(29)
    place = chain_of(t, which, code * np.uint64(0x9E3779B97F4A7C15))
    rows = t.gone if which == GONE else t.met
    number = np.int64(t.heads[which, place])
    while number >= 0:
        at.work += 1
        same = rows[number, READY] == row[READY]
        for word in range(BITS, len(row)):
            same = same and rows[number, word] == row[word]
        if same:
            break
        number = np.int64(t.chains[which, number])
    if which == GONE:
        at.least = row[PRICE] if at.gone == 0 else min(at.least, row[PRICE])
    if number >= 0:
        state = union(t, rows[number, STATE], row[STATE])
        if at.full:
            return
        rows[number, STATE] = state
        rows[number, PRICE] = min(rows[number, PRICE], row[PRICE])
    else:
        number = at.gone if which == GONE else at.met
        row[ENTRY] = at.entries
        at.entries += at.tracing
        chain_up(t, which, place, row, rows, number)
        if which == GONE:
            at.gone += 1
        else:
            at.met += 1
            level = used(row)
            t.behind[number] = t.levels[level]
            t.levels[level] = number
        if at.tracing:
            t.entry_edge[row[ENTRY]] = -1
    if at.tracing:
        trace(t, rows[number], source, how, op, other)


@raw_kernel
def trace(t, row, source, how, op, other):  # type: ignore[no-untyped-def]
    """Write down how a row came about."""
    at, entry = t.at, row[ENTRY]
    t.entry_state[entry] = row[STATE]
    edge = t.edge[at.edges]
    edge.source, edge.how, edge.op, edge.other, edge.next = source, how, op, other, t.entry_edge[entry]
    t.entry_edge[entry] = at.edges
    at.edges += 1


@raw_kernel
def thin(t):  # type: ignore[no-untyped-def]
    """Drop the dearest rows of a level, if there are too many."""
    at = t.at
    rows = 0
    number = t.levels[at.level]
    while number >= 0:
        rows += 1
        number = t.behind[number]
    if rows <= _MET * at.width:
        return
    at.dropped = 1
    for cost in range(len(t.tally)):
        t.tally[cost] = 0
    number = t.levels[at.level]
    while number >= 0:
        t.tally[min(t.met[number, PRICE], len(t.tally) - 1)] += 1
        number = t.behind[number]
    left, last = _MET * at.width, 0
    while left > 0:
        t.tally[last] = min(t.tally[last], left)
        left -= t.tally[last]
        last += 1
    before, number = np.int64(-1), np.int64(t.levels[at.level])
    while number >= 0:
        cost = min(t.met[number, PRICE], len(t.tally) - 1)
        if cost < last and t.tally[cost] > 0:
            t.tally[cost] -= 1
            before = number
        elif before >= 0:
            t.behind[before] = t.behind[number]
        else:
            t.levels[at.level] = t.behind[number]
        number = np.int64(t.behind[number])


@raw_kernel
def keep_cheapest(t):  # type: ignore[no-untyped-def]
    """Make the rows behind a return those of this position: only the cheapest ones, if they are too many."""
    at = t.at
    at.count = 0
    for cost in range(len(t.tally)):
        t.tally[cost] = 0
    rows = 0
    for number in range(at.gone):
        cost = t.gone[number, PRICE] - at.least
        if cost <= at.slack:
            t.tally[min(cost, len(t.tally) - 1)] += 1
            rows += 1
    left, last = min(at.width, rows), 0
    if at.gone > left:
        at.dropped = 1
    while left > 0:
        t.tally[last] = min(t.tally[last], left)
        left -= t.tally[last]
        last += 1
    for number in range(at.gone):
        cost = min(t.gone[number, PRICE] - at.least, len(t.tally) - 1)
        if cost < last and t.tally[cost] > 0:
            t.tally[cost] -= 1
            copy_row(t.gone[number], t.now[at.count])
            t.now[at.count, PRICE] -= at.least
            at.count += 1
