"""Gaps with adds of unknown outcome, if there are many of these: found by what they add.

    sum 10, read 2017      2007 is missing            who adds 2007?   nobody
    open: add 3, add 5     with the 3, 2004 is        who adds 2004?   one of unknown outcome: it is in the gap

In a long history a hundred adds of unknown outcome are open. To try each of them with all sets of the others takes
long. Where values are unique, what is missing says which add it can be: sets of adds of known outcome are taken, the
small ones first, and a table says who adds the rest. Two of unknown outcome in one gap are seldom, and only a wide
sweep with few configurations looks for them.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.kernel import inlined, raw_kernel
from clew.checkers.linear.gap_notes import note
from clew.checkers.linear.gap_tables import UNKNOWN, uses_unknown
from clew.checkers.linear.sets import most_of
from clew.checkers.wrong_list import NOBODY

_SETS, _MORE_SETS = 1 << 14, 1 << 18
"""How many sets of adds of known outcome are tried for one result more, about, of all configurations: in a sweep as
wide as at first, and in a wide one."""
_FEWEST_SETS = 1 << 7
"""How many of each configuration are tried at least, about."""
_PAIRS = 1 << 16
"""How many sets of adds are tried, about, each with every add of unknown outcome, to find another one."""


@inlined
def slot_of(number, slots):  # type: ignore[no-untyped-def]
    """The place of a number in a hash table of so many slots, a power of 2."""
    return (number ^ (number >> 11)) & (slots - 1)


@raw_kernel
def try_numbers(g, source, first, last, must, base):  # type: ignore[no-untyped-def]
    """Note gaps before the results from `first` to before `last` that have an add of unknown outcome, or two.

    They have the adds `must`, with which the sum is `base`, and some others of known outcome: of those in `g.sorted`.
    """
    at, free = g.at, 0
    for i in range(at.known):
        free += g.delta[g.adds[i]] != 0 and not (must >> np.uint64(i)) & np.uint64(1)
    most = most_of(free, max(_FEWEST_SETS, (_SETS if at.many == 1 else _MORE_SETS) // at.count))
    fewer = -1
    if at.many > 1 and at.count * len(g.numbers) < _PAIRS:
        fewer = most_of(free, _PAIRS // (at.count * len(g.numbers)))
    for size in range(most + 1):
        # All sets of this size, as in `gaps._try_sets`.
        some = (np.int64(1) << size) - 1
        while some < np.int64(1) << free:
            mask, sum_of, rest, i = must, base, some, 0
            while rest:
                if rest & 1:
                    mask |= np.uint64(1) << np.uint64(g.sorted[i])
                    sum_of += g.delta[g.adds[g.sorted[i]]]
                rest, i = rest >> 1, i + 1
            _complete(g, source, first, last, mask, sum_of, NOBODY)
            if size <= fewer:
                for one in g.numbers:
                    if g.call[one] < at.horizon and not uses_unknown(g, g.rows[source], one):
                        _complete(g, source, first, last, mask, sum_of + g.delta[one], one)
            if some == 0:
                break
            lowest = some & -some
            higher = some + lowest
            some = (((higher ^ some) >> 2) // lowest) | higher


@raw_kernel
def _complete(g, source, first, last, mask, sum_of, other):  # type: ignore[no-untyped-def]
    """Note the gaps whose sum is right with one more add of unknown outcome. `other` is in them too, if not NOBODY."""
    at = g.at
    at.work += last - first
    for i in range(first, last):
        result = g.results[i]
        missing = g.before[result] - sum_of
        place = g.slots[slot_of(missing, len(g.slots))]
        while place != NOBODY:
            one = g.numbers[place]
            usable = g.delta[one] == missing and g.call[one] < at.horizon and one > other
            if usable and not uses_unknown(g, g.rows[source], one):
                price = g.gap_of_unknown[UNKNOWN, 1 if other == NOBODY else 2]
                note(g, source, result, mask, price, one, other)
                break
            place = g.next_number[place]
