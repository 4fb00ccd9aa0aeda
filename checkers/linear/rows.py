"""Configurations as rows of integers, and sets of rows: of two that are comparable a set keeps the better one.

A row is its state, the latest entry of its log, and words with a bit for each slot: the bit says whether the operation
in the slot has taken effect.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.kernel import raw_kernel

STATE, LOG, BITS = 0, 1, 2
"""Columns of a configuration. The words of bits begin at BITS."""

GONE, MET = np.arange(2)
"""The two sets of configurations at a return: those in which the returning operation has taken effect and from which it
is gone, and those in which it has not."""


@raw_kernel
def copy_row(source, target):  # type: ignore[no-untyped-def]
    """`copy`, for a raw kernel."""
    for column in range(len(source)):
        target[column] = source[column]


@raw_kernel
def _hash(t, row):  # type: ignore[no-untyped-def]
    """64 bits for the state of a row and its bits, except those of unknown outcomes and of observers."""
    code = np.uint64(row[STATE]) * np.uint64(0x9E3779B97F4A7C15)
    for word in range(len(t.unknown)):
        code ^= np.uint64(row[BITS + word] & ~(t.unknown[word] | t.observing[word]))
        code = (code ^ (code >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        code = (code ^ (code >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return code ^ (code >> np.uint64(31))


@raw_kernel
def chain_of(t, which, code):  # type: ignore[no-untyped-def]
    """The chain of a set for rows of this hash. It is empty when a return begins."""
    place = np.int64(code >> np.uint64(8)) % t.heads.shape[1]
    if t.stamps[which, place] != t.at.stamp:
        t.stamps[which, place] = t.at.stamp
        t.heads[which, place] = -1
    return place


@raw_kernel
def chain_up(t, which, place, row, rows, count):  # type: ignore[no-untyped-def]
    """Add a row to a set, at the head of a chain; returns how many rows there are then."""
    copy_row(row, rows[count])
    t.chains[which, count] = t.heads[which, place]
    t.heads[which, place] = count
    return count + 1


@raw_kernel
def add(t, row, rows, count, which):  # type: ignore[no-untyped-def]
    """Add a configuration to a set, unless one there is at least as good; returns how many there are then.

    Fewer unknown: of two configurations with the same state and the same other operations used, the one that has used
    fewer operations of unknown outcome is as good. Whatever the other can do next, it can do too, and more.
    More observers: so is the one that has used more operations that change no state. What the other does with these
    later, it has done already, and nothing else notices.

    In GONE the better one takes the place of the other. In MET it does not: from the other one more may have been
    found.
    """
    at = t.at
    place = chain_of(t, which, _hash(t, row))
    other = t.heads[which, place]
    while other >= 0:
        at.work += 1
        same, better, worse = rows[other, STATE] == row[STATE], True, True
        for word in range(len(t.unknown)):
            # Flipped, the bits of observers are the better the fewer there are, too.
            free = t.unknown[word] | t.observing[word]
            mine, its = row[BITS + word] ^ t.observing[word], rows[other, BITS + word] ^ t.observing[word]
            same = same and (mine & ~free) == (its & ~free)
            better = better and (mine & free & ~its) == 0
            worse = worse and (its & free & ~mine) == 0
        if same and worse:
            return count
        if same and better and which == GONE:
            copy_row(row, rows[other])
            return count
        other = t.chains[which, other]
    return chain_up(t, which, place, row, rows, count)
