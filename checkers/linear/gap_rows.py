"""The next configurations of a sweep by gaps (see `gaps`), of the best of what was found."""

from __future__ import annotations

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.kernel import raw_kernel
from clew.checkers.linear.gap_tables import BITS, CODE, FIRST, LEFT, LOG, PRICE, SUM, THERE, WINDOW, list_open
from clew.checkers.wrong_list import NOBODY


@raw_kernel
def settle(g, order):  # type: ignore[no-untyped-def]
    """Go on with the best of what was found. `order` lists it; the log must have room for it."""
    at = g.at
    base, least, entries = at.base, NEVER, at.entries
    ahead = NEVER
    for row in range(at.count):
        ahead = min(ahead, g.rows[row, FIRST])
    base += (ahead - base) // 64 * 64
    for i in range(len(g.heads)):
        g.heads[i] = -1
    kept = 0
    for number in order:
        if kept == at.width:
            at.dropped = 1
            break
        found, row = g.found[number], g.next[kept]
        before = g.rows[found.source]
        if found.mask != np.uint64(0):
            list_open(g, before)
        if not _use_all(g, before, row, found, base):
            at.entries = entries
            return WINDOW
        if _is_new(g, row, kept):
            _write_log(g, row, found)
            least = min(least, found.price)
            kept += 1
    for row in range(kept):
        g.next[row, PRICE] -= least
    at.count, at.base = kept, base
    at.results += 1
    return THERE


@raw_kernel
def _use_all(g, before, row, found, base):  # type: ignore[no-untyped-def]
    """Make the row of what was found; returns whether the window is large enough."""
    at = g.at
    result, shift = found.result, (base - at.base) >> 6
    row[SUM], row[LOG], row[FIRST] = g.before[result] + g.delta[result], before[LOG], before[FIRST]
    row[LEFT] = before[LEFT] - (g.ret[result] != NEVER)
    row[PRICE], row[CODE] = found.price, np.int64(found.code)
    for word in range(BITS, at.window):
        row[word] = before[word]
    for word in range(at.window, len(row)):
        row[word] = before[word + shift] if word + shift < len(row) else 0
    if not _use(g, row, result, base):
        return False
    for i in range(at.adds):
        if (found.mask >> np.uint64(i)) & np.uint64(1) and not _use(g, row, g.adds[i], base):
            return False
    for op in (found.one, found.two):
        if op != NOBODY:
            _use(g, row, op, base)
    return True


@raw_kernel
def _use(g, row, op, base):  # type: ignore[no-untyped-def]
    """Use an operation; returns whether the window, which begins at `base`, is large enough."""
    bit, word = g.place[op], BITS
    if g.ret[op] != NEVER:
        bit, word = bit - base, g.at.window
    word += bit >> 6
    if word < len(row):
        row[word] |= np.int64(1) << (bit & 63)
    return word < len(row)


@raw_kernel
def _is_new(g, row, kept):  # type: ignore[no-untyped-def]
    """Whether a row is none of those before it. If so, it is put into the hash table."""
    head = np.int64(np.uint64(row[CODE]) >> np.uint64(8)) % len(g.heads)
    other = g.heads[head]
    while other >= 0:
        same = g.next[other, CODE] == row[CODE]
        for word in range(BITS, len(row)):
            same = same and g.next[other, word] == row[word]
        if same:
            return False
        other = g.chains[other]
    g.chains[kept] = g.heads[head]
    g.heads[head] = kept
    return True


@raw_kernel
def _write_log(g, row, found):  # type: ignore[no-untyped-def]
    """Write the gap, in the order of the calls, and the result."""
    mask, one, two = found.mask, found.one, found.two
    while mask != np.uint64(0) or one != NOBODY or two != NOBODY:
        first, place = NOBODY, 0
        for i in range(g.at.adds):
            if (mask >> np.uint64(i)) & np.uint64(1) and (first == NOBODY or g.call[g.adds[i]] < g.call[first]):
                first, place = g.adds[i], i
        for op in (one, two):
            if op != NOBODY and (first == NOBODY or g.call[op] < g.call[first]):
                first = op
        if first == one:
            one = NOBODY
        elif first == two:
            two = NOBODY
        else:
            mask &= ~(np.uint64(1) << np.uint64(place))
        _write(g, row, first)
    _write(g, row, found.result)


@raw_kernel
def _write(g, row, op):  # type: ignore[no-untyped-def]
    entry = g.log[g.at.entries]
    entry.before, entry.op = row[LOG], op
    row[LOG] = g.at.entries
    g.at.entries += 1
