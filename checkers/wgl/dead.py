"""Configurations from which the search came back: a hash table, so that none is entered twice (Lowe's cache).

A configuration is remembered by 127 bits of a Zobrist hash and nothing else. Two of N are taken for one another with a
probability of about N^2 / 2^128, which is 10^-22 for 10^8 of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clew.checkers.kernel import raw_kernel

HASH = np.dtype([("one", np.uint64), ("two", np.uint64)])
"""An entry of the table. `one` is odd; an empty entry is (0, 0)."""


_SEED = np.uint64(0x1D8E4E27C47D124F)
"""Keeps these bits apart from those that `configuration` makes of a position."""


def zobrist(count: int) -> NDArray[np.uint64]:
    """128 random bits for each operation, the same in every search. The hash of a set is the XOR of its operations'."""
    if count <= len(_bits):
        return _bits[:count]
    return _random_bits(count)


def _mixed(x):  # type: ignore[no-untyped-def]
    """64 bits that all depend on all bits of x: the finalizer of splitmix64."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


_mix = raw_kernel(_mixed)


def _random_bits(count: int) -> NDArray[np.uint64]:
    """Outputs of splitmix64. Importing numpy's random numbers would take as long as a small check."""
    counted = np.arange(1, 2 * count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    numbers: NDArray[np.uint64] = _mixed(counted + _SEED)  # type: ignore[no-untyped-call]
    return numbers.reshape(count, 2)


_bits = _random_bits(1 << 10)


@raw_kernel
def configuration(at):  # type: ignore[no-untyped-def]
    """The hash of (position, state, open operations that have taken effect)."""
    where = np.uint64(at.position) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(at.state)
    one = _mix(at.open_one ^ _mix(where)) | np.uint64(1)
    return one, _mix(at.open_two + _mix(where + np.uint64(0x632BE59BD9B4E019)))


@raw_kernel
def slot_of(dead, one, two):  # type: ignore[no-untyped-def]
    """The slot that holds a hash, or the empty slot in which it belongs."""
    mask = len(dead) - 1
    entry = np.int64(one >> np.uint64(8)) & mask
    while dead[entry].one != 0 and not (dead[entry].one == one and dead[entry].two == two):
        entry = (entry + 1) & mask
    return entry


@raw_kernel
def refill(dead, larger, begin, end):  # type: ignore[no-untyped-def]
    """Copy the entries from `begin` to `end` into a larger table."""
    for entry in range(begin, end):
        if dead[entry].one != 0:
            larger[slot_of(larger, dead[entry].one, dead[entry].two)] = dead[entry]
