"""A narrow sweep keeps only some of the configurations after a return: different ones, and of these the best.

A configuration is the better, the fewer operations of unknown outcome it has used, which may be missing later, and the
more that only observe, which are done with.
Of equal ones those count as better that have used fewer of the other operations, or more of them: which of the two
leads to the end is not known, so both are tried (`clew.checkers.linear.sweep`). And many configurations of one state
often have the same flaw. So the best of each state come first, then the second of each, and so on.

A sweep that dropped anything and in which no configuration survives proves nothing. One that reaches the end has found
an order, however much it dropped.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.kernel import raw_kernel
from clew.checkers.linear.rows import BITS, STATE
from clew.checkers.linear.waiting import COST_OF_UNKNOWN

KEYS = 1 << 10
"""How many different keys there are. Greater ones count as the greatest."""

_WORTH_OF_OBSERVER = 4
"""An operation that changes nothing and has found what it needs counts like so many others, the other way round."""


@raw_kernel
def choose(t, count):  # type: ignore[no-untyped-def]
    """Put the first `count` rows of `then` into `order`, those that are to be kept first."""
    t.at.dropped = 1
    t.at.work += count
    for row in range(count):
        t.order[row] = row
        t.scratch[0, row] = min(_badness(t, t.then[row]), KEYS - 1)
    _sort(t, count, t.order, t.scratch[1])
    for key in range(KEYS):
        t.tally[key] = 0
    for i in range(count):
        row = t.scratch[1, i]
        bucket = t.then[row, STATE] % KEYS
        t.scratch[0, row] = min(t.tally[bucket], KEYS - 1)
        t.tally[bucket] += 1
    _sort(t, count, t.scratch[1], t.order)


@raw_kernel
def _badness(t, row):  # type: ignore[no-untyped-def]
    unknown, observers, others = 0, 0, 0
    for word in range(len(t.unknown)):
        unknown += _bits(row[BITS + word] & t.unknown[word])
        observers += _bits(row[BITS + word] & t.observing[word])
        others += _bits(row[BITS + word] & ~(t.unknown[word] | t.observing[word]))
    others = -others if t.at.known_first else others
    return max(0, KEYS // 4 + COST_OF_UNKNOWN * unknown + others - _WORTH_OF_OBSERVER * observers)


@raw_kernel
def _bits(word):  # type: ignore[no-untyped-def]
    count = 0
    rest = np.uint64(word)
    while rest != np.uint64(0):
        rest &= rest - np.uint64(1)
        count += 1
    return count


@raw_kernel
def _sort(t, count, source, target):  # type: ignore[no-untyped-def]
    """Sort rows by their keys, in `scratch[0]`. Those of equal keys stay in their order."""
    for key in range(KEYS):
        t.tally[key] = 0
    for row in range(count):
        t.tally[t.scratch[0, row]] += 1
    before = 0
    for key in range(KEYS):
        here = t.tally[key]
        t.tally[key] = before
        before += here
    for i in range(count):
        row = source[i]
        key = t.scratch[0, row]
        target[t.tally[key]] = row
        t.tally[key] += 1
