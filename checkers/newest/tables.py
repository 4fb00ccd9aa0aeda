"""The tables of a sweep over stacks, by name.

A configuration is a row: a set of stacks (a node of the diagram, see `clew.checkers.newest.diagram`), and for each open
operation whether it has taken effect. An open operation occupies a slot.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

NOTHING, BARE = 0, 1
"""Nodes of the diagram that stand for no stack at all, and for the one that is bare: that has no element."""
STATE, PRICE, ENTRY, READY, BITS = range(5)
"""Columns of a row. STATE is its set of stacks. PRICE is what the operations cost that it has used. ENTRY is where the
trace knows it. READY is 1 if the operation that returns may take effect next; see `clew.checkers.newest.search`. From
BITS on stand the words of a bit for each slot."""
STAYS, SERVES, POPS, LOSES, FINDS_NOTHING, PUSHES, FILLS, RELABELS = range(8)
"""How one row came from another: nothing took effect; the push `other` and then the pop `op` of its element; a known
pop; a pop of unknown outcome; all open pops that found nothing; a push; all open pops that found nothing and then a
push; nothing, but a label is replaced."""

REGISTERS = np.dtype((
    np.record,
    [
        ("position", np.int64),  # everything before it has been dealt with
        ("phase", np.int64),  # how far it has come within a return
        ("source", np.int64),  # the next row of this phase
        ("level", np.int64),  # how many open operations the rows have used that are looked at
        ("count", np.int64),  # rows of `now`
        ("gone", np.int64),  # rows of `gone`
        ("met", np.int64),  # rows of `met`
        ("open", np.int64),  # open operations
        ("pushes", np.int64),  # of these, known pushes, and one more
        ("stamp", np.int64),  # of the heads of chains, and of what is known of sets: one for each return
        ("visit", np.int64),  # of `tried`, one for each row that it goes on from
        ("returns", np.int64),  # returns until now
        ("work", np.int64),  # rows and nodes looked at
        ("pause", np.int64),  # when there was so much work, it is time to look at the deadline
        ("stop", np.int64),  # when there was so much, a set is not computed to its end
        ("width", np.int64),  # configurations that are kept after a return
        ("slack", np.int64),  # how much dearer than the cheapest one these may be
        ("least", np.int64),  # the least price of a row of `gone`, if there is one
        ("dropped", np.int64),  # 1 if any was dropped
        ("nodes", np.int64),  # of the diagram
        ("full", np.int64),  # 1 if a set was not computed, for lack of room or because it took too long
        ("depth", np.int64),  # frames in use, when these were full
        ("value", np.int64),  # the element that is pushed
        ("call", np.int64),  # the label of its push
        ("top", np.int64),  # the label that it gets on top
        ("old", np.int64),  # a label that goes
        ("new", np.int64),  # what is in its place
        ("tracing", np.int64),  # 1 if it is written down how rows came about
        ("first", np.int64),  # entry of the trace that no row led to at the mark where it begins
        ("entries", np.int64),  # of the trace
        ("entry", np.int64),  # of the row that it goes back from
        ("steps", np.int64),  # of the order
        ("edges", np.int64),  # of the trace
    ],
))  # fmt: skip
NODE = np.dtype(
    [
        ("symbol", np.int64),
        ("below", np.int32),
        ("other", np.int32),
        ("next", np.int32),
        ("high", np.int32),
    ],
    align=True,
)
"""A node of the diagram: see `clew.checkers.newest.diagram`. `next` is the next node of equal hash, `high` the highest
label."""
FRAME = np.dtype([("act", np.int64), ("one", np.int64), ("two", np.int64), ("stage", np.int64), ("part", np.int64)])
"""What is computed at present: of which sets, how far it is, and what is known already."""
KNOWN = np.dtype([("act", np.int64), ("one", np.int64), ("two", np.int64), ("found", np.int64)])
"""What has been computed."""
STEP = np.dtype([("stacks", np.int64), ("how", np.int64), ("op", np.int64), ("other", np.int64)])
"""A step of the order that is sought, and the stacks behind it from which the rest is possible."""
EDGE = np.dtype([("source", np.int32), ("how", np.int32), ("op", np.int32), ("other", np.int32), ("next", np.int32)])
"""How a row came from a row: the entry of that one; `next` is another way to the same row, -1 if there is none."""


class Tables(NamedTuple):
    """Everything that the kernels share."""

    at: Any
    """REGISTERS: where the sweep stands."""
    event_op: Any
    """For each position the operation that is called or returns there."""
    event_return: Any
    call: Any
    """For each operation the position of its call."""
    ret: Any
    """For each operation the position of its return; NEVER if its outcome is unknown."""
    kind: Any
    """For each operation what it does; see `clew.checkers.forms`."""
    element: Any
    """For each operation the number of its element, from 0 on; -1 if it has none or if it is unknown."""
    slot_of: Any
    """For each open operation its slot."""
    op_of: Any
    """For each slot its operation, -1 if it is free."""
    slots: Any
    """The open slots, in the order of the returns of their operations."""
    calls: Any
    """The labels of open known pushes, in order. The first one is 0."""
    empties: Any
    """The words of a bit for each slot: whether its operation found nothing."""
    now: Any
    """The rows at this position."""
    gone: Any
    """The rows behind the return that is looked at."""
    met: Any
    """The rows in between."""
    row: Any
    """Room for one row."""
    heads: Any
    """For `gone` and `met`: the first row of each chain of equal hashes."""
    stamps: Any
    """When a head was set."""
    chains: Any
    """For each row the next one of its chain."""
    levels: Any
    """For each number of used operations the first row of `met` that has so many, -1 if there is none."""
    behind: Any
    """For each row of `met` the next one that has used as many."""
    tally: Any
    """How many rows have each price."""
    tried: Any
    """For each element when it was tried last; the last one stands for an unknown one."""
    nodes: Any
    """NODE: the diagram."""
    places: Any
    """The first node of each hash."""
    frames: Any
    """FRAME: what is computed at present."""
    known: Any
    """KNOWN, by hash: a later one takes the place of an earlier one."""
    entry_state: Any
    """For each entry of the trace the set of its row."""
    entry_edge: Any
    """For each entry the first edge that leads there."""
    edge: Any
    """EDGE."""
    goal: Any
    """One number: the set of stacks that it goes back from."""
    steps: Any
    """STEP: the order, from its end back."""
