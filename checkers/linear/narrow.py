"""A narrow sweep keeps only some of the configurations after a return: those of which most is done that is demanding.

It looks at what operations demand. A read of a counter is possible in one state only, an add always: so it is good to
have read, and bad to have added what need not be added yet. An operation of unknown outcome may be missing later. The
best come first, whatever their states. `going_back` makes such sweeps.

A sweep that dropped anything and in which no configuration survives proves nothing. One that reaches the end has found
an order, however much it dropped.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.kernel import raw_kernel
from clew.checkers.linear.rows import BITS, STATE

_UNIT, _SOON = 8, 60
"""What an operation counts in `_left`, and how many events ahead a return is that is not soon."""
KEYS = 1 << 10
"""How many different keys there are. Greater ones count as the greatest."""


@raw_kernel
def choose(t, count):  # type: ignore[no-untyped-def]
    """Put the first `count` rows of `then` into `order`, those that are to be kept first."""
    t.at.dropped = 1
    t.at.work += count
    least = np.int64(KEYS)
    for row in range(count):
        t.scratch[row] = _left(t, t.then[row])
        least = min(least, t.scratch[row])
    for row in range(count):
        t.scratch[row] = min(t.scratch[row] - least, KEYS - 1)
    _sort(t, count)


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
def _sort(t, count):  # type: ignore[no-untyped-def]
    """Put the first `count` rows into `order`, by their keys in `scratch`. Those of equal keys stay in their order."""
    for key in range(KEYS):
        t.tally[key] = 0
    for row in range(count):
        t.tally[t.scratch[row]] += 1
    before = 0
    for key in range(KEYS):
        here = t.tally[key]
        t.tally[key] = before
        before += here
    for row in range(count):
        key = t.scratch[row]
        t.order[t.tally[key]] = row
        t.tally[key] += 1
