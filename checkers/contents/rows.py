"""Rows and sets of rows: of two configurations that are comparable a set keeps the better one."""

from __future__ import annotations

import numpy as np

from clew.checkers.contents.tables import APPENDING, BITS, LOG, LOST, OBSERVING, PRICE, STATE
from clew.checkers.encoding import NEVER
from clew.checkers.kernel import raw_kernel
from clew.checkers.linear.rows import chain_of, chain_up, copy_row


@raw_kernel
def bit(slot):  # type: ignore[no-untyped-def]
    """The bit of a slot in its word."""
    return np.int64(1) << (slot & 63)


@raw_kernel
def has(row, begin, slot):  # type: ignore[no-untyped-def]
    """Whether the bit of a slot is set, in the words of a row that begin at a column."""
    return (row[begin + (slot >> 6)] >> (slot & 63)) & 1 != 0


@raw_kernel
def use(t, row, slot, op):  # type: ignore[no-untyped-def]
    """Let an open operation take effect in a row. The caller has made sure that the log has room."""
    words = t.sets.shape[1]
    row[BITS + (slot >> 6)] |= bit(slot)
    row[BITS + words + (slot >> 6)] &= ~bit(slot)
    if t.ret[op] == NEVER:
        row[PRICE] += price(t.at.position - t.ops[op].call)
    entry = t.log[t.at.entries]
    entry.before = row[LOG]
    entry.op = op
    entry.at = t.at.position
    row[LOG] = t.at.entries
    t.at.entries += 1


@raw_kernel
def price(age):  # type: ignore[no-untyped-def]
    """What it costs that an operation of unknown outcome takes effect so many events after its call, in bits.

    Most of those that take effect do so soon. Later there are many events, and it may be at any of them: how likely it
    is at this one is taken to fall like the inverse of the age. A wrong price makes a sweep longer, not wrong.
    """
    bits = 2
    while age > 1:
        age >>= 1
        bits += 1
    return bits


@raw_kernel
def _as_good(t, one, two):  # type: ignore[no-untyped-def]
    """Whether row `one` is as good as row `two` of the same content.

    Free is better than used: whatever the others do, it can take effect now or not at all. It is better than unused
    too. Of operations that change nothing, used is better: they are done. And an operation that is used in `one` only
    may have an equal one that is used in `two` only, is free in `one`, and returns no sooner: that one does its part.
    Where the content is lost, an append is as good as free: it can take effect when it returns.
    """
    words, extra, spare = t.sets.shape[1], 0, 0
    for word in range(words):
        used, free = one[BITS + word], one[BITS + words + word]
        other_used, other_free = two[BITS + word], two[BITS + words + word]
        if one[STATE] == LOST:
            free |= t.sets[APPENDING, word] & ~used
        if other_free & ~(free | used) != 0 or other_used & ~(used | free) != 0:
            return False
        extra += _bits(used & ~other_used & ~t.sets[OBSERVING, word])
        spare += _bits(other_used & ~used)
    if extra == 0 or extra > spare:
        return extra == 0
    for word in range(words):
        t.spent[word] = 0
    for word in range(words):
        rest = one[BITS + word] & ~two[BITS + word] & ~t.sets[OBSERVING, word]
        while rest != 0:
            if not _spend(t, one, two, t.op_of[64 * word + _first(rest)]):
                return False
            rest &= rest - 1
    return True


@raw_kernel
def _spend(t, one, two, op):  # type: ignore[no-untyped-def]
    """Find an equal operation for one that is used in `one` only; see `_as_good`."""
    for word in range(t.sets.shape[1]):
        rest = two[BITS + word] & ~one[BITS + word] & ~t.spent[word]
        while rest != 0:
            other = t.op_of[64 * word + _first(rest)]
            if t.ops[other].effect == t.ops[op].effect and t.ret[other] >= t.ret[op]:
                t.spent[word] |= rest & -rest
                return True
            rest &= rest - 1
    return False


@raw_kernel
def _first(word):  # type: ignore[no-untyped-def]
    """The number of the lowest bit that is set."""
    return _bits((word & -word) - 1)


@raw_kernel
def _bits(word):  # type: ignore[no-untyped-def]
    """How many bits are set; see Knuth, The Art of Computer Programming, 7.1.3, (62)."""
    rest = np.uint64(word)
    rest -= (rest >> np.uint64(1)) & np.uint64(0x5555555555555555)
    rest = (rest & np.uint64(0x3333333333333333)) + ((rest >> np.uint64(2)) & np.uint64(0x3333333333333333))
    rest = (rest + (rest >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((rest * np.uint64(0x0101010101010101)) >> np.uint64(56))


@raw_kernel
def add(t, row, rows, count, which):  # type: ignore[no-untyped-def]
    """Add a row to a set, unless one there is as good; returns how many there are then.

    In `gone` it takes the place of one that is not as good. In `met` it does not: more may have come from that one.
    """
    at = t.at
    code = np.uint64(row[STATE] + 1) * np.uint64(0x9E3779B97F4A7C15)
    for word in range(t.sets.shape[1]):
        code = (code ^ np.uint64(row[BITS + word] & t.sets[OBSERVING, word])) * np.uint64(0xBF58476D1CE4E5B9)
        code ^= code >> np.uint64(29)
    place = chain_of(t, which, code)
    other = t.heads[which, place]
    while other >= 0:
        at.work += 1
        if rows[other, STATE] == row[STATE]:
            if _as_good(t, rows[other], row):
                return count
            if which == 0 and _as_good(t, row, rows[other]):
                copy_row(row, rows[other])
                return count
        other = t.chains[which, other]
    return chain_up(t, which, place, row, rows, count)


@raw_kernel
def keep_best(t):  # type: ignore[no-untyped-def]
    """Keep as many rows as may be kept, the cheapest ones first."""
    at = t.at
    at.dropped = 1
    for cost in range(len(t.tally)):
        t.tally[cost] = 0
    for number in range(at.gone):
        t.tally[min(t.gone[number, PRICE] - at.least, len(t.tally) - 1)] += 1
    before, last = 0, 0
    while before + t.tally[last] <= at.width:
        before += t.tally[last]
        last += 1
    left = at.width - before
    for number in range(at.gone):
        cost = min(t.gone[number, PRICE] - at.least, len(t.tally) - 1)
        if cost < last or (cost == last and left > 0):
            left -= cost == last
            copy_row(t.gone[number], t.now[at.count])
            at.count += 1
