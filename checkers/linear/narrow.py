"""A narrow sweep keeps only some of the configurations after a return: different ones, and of these the best.

A configuration is the better, the fewer operations of unknown outcome it has used, which may be missing later, and the
more that only observe, which are done with.
Of equal ones those count as better that have used fewer of the other operations, or more of them: which of the two
leads to the end is not known, so both are tried (`clew.checkers.linear.sweep`). And many configurations of one state
often have the same flaw. So the best of each state come first, then the second of each, and so on.

A third kind of sweep looks at what operations demand. A read of a counter is possible in one state only, an add always:
so it is good to have read, and bad to have added what need not be added yet. There the best come first, whatever their
states. `going_back` makes such sweeps.

A sweep that dropped anything and in which no configuration survives proves nothing. One that reaches the end has found
an order, however much it dropped.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.kernel import raw_kernel
from clew.checkers.linear.rows import BITS, STATE
from clew.checkers.linear.waiting import COST_OF_UNKNOWN

FEWEST_KNOWN, MOST_KNOWN, DEMANDING = range(3)
"""What is kept first. DEMANDING: configurations in which most of what is not always possible has taken effect."""
_UNIT, _SOON = 8, 60
"""What an operation counts in `_left`, and how many events ahead a return is that is not soon."""
KEYS = 1 << 10
"""How many different keys there are. Greater ones count as the greatest."""

_WORTH_OF_OBSERVER = 4
"""An operation that changes nothing and has found what it needs counts like so many others, the other way round."""


@raw_kernel
def choose(t, count):  # type: ignore[no-untyped-def]
    """Put the first `count` rows of `then` into `order`, those that are to be kept first."""
    for row in range(count):
        t.scratch[0, row] = _badness(t, t.then[row])
    best_first(t, count)
    if t.at.keep == DEMANDING:
        return
    for i in range(count):
        t.scratch[1, i] = t.order[i]
    for key in range(KEYS):
        t.tally[key] = 0
    for i in range(count):
        row = t.scratch[1, i]
        bucket = t.then[row, STATE] % KEYS
        t.scratch[0, row] = min(t.tally[bucket], KEYS - 1)
        t.tally[bucket] += 1
    _sort(t, count, t.scratch[1], t.order)


@raw_kernel
def best_first(t, count):  # type: ignore[no-untyped-def]
    """Put the first `count` rows of `then` into `order`, those of the least badness first. It is in `scratch[0]`."""
    t.at.dropped = 1
    t.at.work += count
    least = t.scratch[0, 0]
    for row in range(count):
        least = min(least, t.scratch[0, row])
    for row in range(count):
        t.scratch[1, row] = row
        t.scratch[0, row] = min(t.scratch[0, row] - least, KEYS - 1)
    _sort(t, count, t.scratch[1], t.order)


@raw_kernel
def _badness(t, row):  # type: ignore[no-untyped-def]
    if t.at.keep == DEMANDING:
        return _left(t, row)
    unknown, observers, others = 0, 0, 0
    for word in range(len(t.unknown)):
        unknown += _bits(row[BITS + word] & t.unknown[word])
        observers += _bits(row[BITS + word] & t.observing[word])
        others += _bits(row[BITS + word] & ~(t.unknown[word] | t.observing[word]))
    others = -others if t.at.keep == MOST_KNOWN else others
    return max(0, KEYS // 4 + COST_OF_UNKNOWN * unknown + others - _WORTH_OF_OBSERVER * observers)


@raw_kernel
def _left(t, row):  # type: ignore[no-untyped-def]
    """The less, the more operations that demand something have taken effect, and the fewer that are always possible.

    An operation of the second kind costs more, the later it returns. Some noise keeps rows that are much alike apart.
    """
    code = np.uint64(row[STATE])
    badness = KEYS // 2
    for i in range(t.at.open):
        slot = t.slots[i]
        if not (row[BITS + (slot >> 6)] >> (slot & 63)) & 1:
            continue
        op = t.op_of[slot]
        code = (code ^ np.uint64(slot + 1)) * np.uint64(0x9E3779B97F4A7C15)
        if t.ret[op] == NEVER:
            badness += 3 * _UNIT
        elif t.free[t.cls[op]]:
            badness += min(_UNIT, (t.ret[op] - t.at.position) * _UNIT // _SOON)
        else:
            badness -= _UNIT
    return max(0, badness + np.int64(code >> np.uint64(60)) * _UNIT // 16)


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
