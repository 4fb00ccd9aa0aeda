"""The order in which configurations have put the operations, remembered as what was put where.

Each entry of the log is (entry before it, operation, anchor): the operation stands right behind the anchor (-1: first),
or right before it (-2 - anchor). Configurations that came from one share their entries up to there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clew.checkers.kernel import kernel
from clew.checkers.lazy.configuration import LOG


def linearization(log: NDArray[np.int32], entry: int, count: int) -> list[int]:
    """Replay a log: each entry puts an operation behind another (-1: first), or before one (-2 - operation)."""
    entries = []
    while entry >= 0:
        entries.append((int(log[entry, 1]), int(log[entry, 2])))
        entry = int(log[entry, 0])
    head = count
    following, preceding = {head: head}, {head: head}
    for op, anchor in reversed(entries):
        before = head if anchor == -1 else anchor if anchor >= 0 else preceding[-2 - anchor]
        after = following[before]
        following[before], following[op] = op, after
        preceding[after], preceding[op] = op, before
    order, op = [], following[head]
    while op != head:
        order.append(op)
        op = following[op]
    return order


@kernel
def collect(log, entries, now, count):  # type: ignore[no-untyped-def]
    """Throw away the entries that no configuration leads back to; returns how many are left."""
    new = np.full(entries, -1, np.int32)
    for row in range(count):
        entry = now[row, LOG]
        while entry >= 0 and new[entry] < 0:
            new[entry] = 0
            entry = log[entry, 0]
    kept = 0
    for entry in range(entries):
        if new[entry] == 0:
            parent = log[entry, 0]
            log[kept, 0] = new[parent] if parent >= 0 else -1
            log[kept, 1] = log[entry, 1]
            log[kept, 2] = log[entry, 2]
            new[entry] = kept
            kept += 1
    for row in range(count):
        if now[row, LOG] >= 0:
            now[row, LOG] = new[now[row, LOG]]
    return kept
