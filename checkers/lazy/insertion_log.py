"""Linearizations that grow in the middle: what was inserted where, as a log that many configurations share.

An entry is (entry before it, operation, anchor). The operation stands right behind the anchor; with the anchor -1 it
stands first, and with the anchor -2 - x right before x. Configurations that came from one share its entries.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clew.checkers.kernel import kernel
from clew.checkers.lazy.configuration import LOG


def linearization(log: NDArray[np.void], entry: int, count: int) -> list[int]:
    """The order that the log of a configuration leads to, from its latest entry."""
    entries = []
    while entry >= 0:
        entries.append((int(log["op"][entry]), int(log["anchor"][entry])))
        entry = int(log["before"][entry])
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
    """Discard the entries that no configuration leads back to; returns how many are left."""
    new = np.full(entries, -1, np.int32)
    for row in range(count):
        entry = now[row, LOG]
        while entry >= 0 and new[entry] < 0:
            new[entry] = 0
            entry = log[entry].before
    kept = 0
    for entry in range(entries):
        if new[entry] == 0:
            parent = log[entry].before
            log[kept].before = new[parent] if parent >= 0 else -1
            log[kept].op = log[entry].op
            log[kept].anchor = log[entry].anchor
            new[entry] = kept
            kept += 1
    for row in range(count):
        if now[row, LOG] >= 0:
            now[row, LOG] = new[now[row, LOG]]
    return kept
