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
def _hash(row, mask):  # type: ignore[no-untyped-def]
    """64 bits for the state of a row and its bits, except those of `mask`."""
    code = np.uint64(row[STATE]) * np.uint64(0x9E3779B97F4A7C15)
    for word in range(len(mask)):
        code ^= np.uint64(row[BITS + word] & ~mask[word])
        code = (code ^ (code >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        code = (code ^ (code >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return code ^ (code >> np.uint64(31))


@raw_kernel
def add(row, rows, count, mask, which, chains, heads, stamps, at):  # type: ignore[no-untyped-def]
    """Add a configuration to a set, unless one there is at least as good; returns how many there are then.

    Fewer unknown: `mask` has the bits of operations of unknown outcome. Of two configurations with the same state and
    the same other operations used, the one that has used fewer of these is as good. Whatever the other can do next, it
    can do too, and more.
    """
    place = np.int64(_hash(row, mask) >> np.uint64(8)) % heads.shape[1]
    if stamps[which, place] != at.stamp:
        stamps[which, place] = at.stamp
        heads[which, place] = -1
    other = heads[which, place]
    while other >= 0:
        at.work += 1
        same, fewer, more = rows[other, STATE] == row[STATE], True, True
        for word in range(len(mask)):
            mine, its = row[BITS + word], rows[other, BITS + word]
            same = same and (mine & ~mask[word]) == (its & ~mask[word])
            fewer = fewer and (its & mask[word] & ~mine) == 0
            more = more and (mine & mask[word] & ~its) == 0
        if same and fewer:
            return count
        if same and more:
            copy_row(row, rows[other])
            return count
        other = chains[which, other]
    copy_row(row, rows[count])
    chains[which, count] = heads[which, place]
    heads[which, place] = count
    return count + 1
