"""The tables of a sweep, by name.

A configuration is a row: its content (a node of the trie, or LOST), the latest entry of its log, and two bits for each
slot. An open operation occupies a slot. USED: it has taken effect. FREE: it need not take effect, though it may. An
operation of unknown outcome is free. An operation that was open when a write took effect is free too: see the engine.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

READS, DIFFERS, WRITES, APPENDS, SWAPS, ENSURES = range(6)
"""Kinds of operations. DIFFERS is a compare-and-set that found something else than it expected. ENSURES is a swap that
may also have found what it would set."""

LOST = -1
"""In place of a node: a content that nobody can see any more, nor anything that begins with it."""
NOT_CALLED, CLOSED = -1, -2
"""In place of a slot."""
LOOSE, APPENDING, UNKNOWN, OBSERVING = range(4)
"""Sets of open operations: those that are always possible and return; the appends of these; those of unknown outcome;
those that change nothing."""
STATE, LOG, PRICE, BITS = range(4)
"""Columns of a row. PRICE is what its operations of unknown outcome cost; see `rows`. From BITS on stand the words of
USED, and then those of FREE."""
AHEAD = 32
"""How many events ahead needs are looked at: of operations that are called so soon."""

REGISTERS = np.dtype((
    np.record,
    [
        ("position", np.int64),  # everything before it has been dealt with
        ("halfway", np.int64),  # 1 within a return
        ("source", np.int64),  # the next row of `now` at this return
        ("base", np.int64),  # the least price of a row of `now`
        ("least", np.int64),  # the least price of a row of `gone`, if there is one
        ("cost", np.int64),  # what the cheapest row of `met` costs that waits; see `clew.checkers.linear.waiting`
        ("count", np.int64),  # rows of `now`
        ("gone", np.int64),  # rows of `gone`
        ("met", np.int64),  # rows of `met`
        ("open", np.int64),  # open operations
        ("entries", np.int64),  # of the log
        ("begun", np.int64),  # operations of `by_begin` that count in `alive`
        ("pending", np.int64),  # rows of `pending`
        ("stamp", np.int64),  # of the heads of chains, one for each return
        ("visit", np.int64),  # of `tried`, one for each row that it goes on from
        ("returns", np.int64),  # returns until now
        ("work", np.int64),  # rows and operations looked at
        ("pause", np.int64),  # when there was so much work, it is time to look at the deadline
        ("width", np.int64),  # configurations that are kept after a return
        ("slack", np.int64),  # how much dearer than the cheapest one these may be
        ("dropped", np.int64),  # 1 if any was dropped
    ],
))  # fmt: skip
ENTRY = np.dtype([("before", np.int32), ("op", np.int32), ("at", np.int64)])
"""An entry of the log: the entry before it, an operation that took effect, and the position at which it did."""
OPERATION = np.dtype(
    [
        ("kind", np.int64),
        ("call", np.int64),
        ("sought", np.int64),  # the node that it must find, or must not find
        ("beyond", np.int64),  # the number behind the last node that counts as found
        ("instead", np.int64),  # a node that is found as well, -1 if there is none
        ("target", np.int64),  # the node that it leads to, for a write or swap; the number of its piece, for an append
        ("effect", np.int64),  # operations of equal effect have equal numbers
        ("slot", np.int64),
        ("helpers", np.int64),  # where its helpers begin; those of the next operation come after them
    ],
    align=True,
)


class Tables(NamedTuple):
    """Everything that the kernels share."""

    at: Any
    """REGISTERS: where the sweep stands."""
    event_op: Any
    """For each position the operation that is called or returns there."""
    event_return: Any
    ret: Any
    """For each operation the position of its return; NEVER if its outcome is unknown."""
    ops: Any
    """OPERATION; there is one more, behind the last."""
    helpers: Any
    """For each operation that must find something the writes and swaps that can lead there."""
    by_begin: Any
    """Operations that must find something, or must not, in the order of `begin`."""
    begin: Any
    """For each of these the first position at which a content may still be seen by it."""
    parent: Any
    """For each node the one above it. The root is its own."""
    end: Any
    """For each node the number behind the last one under it: the nodes are numbered from above, left to right."""
    alive: Any
    """For each node how many operations can still see it, or something that begins with it."""
    grows: bool
    """Whether contents grow. If not, they are records, and a node also stands for all lost ones that begin with it."""
    wary: bool
    """Whether any operation found something else than it expected."""
    pieces: int
    """How many pieces there are."""
    keys: Any
    """Where appends lead: a table of `clew.checkers.memo`, of `node * pieces + piece`."""
    values: Any
    """For each key the node."""
    now: Any
    """The rows at this position."""
    gone: Any
    """The rows behind a return."""
    met: Any
    """The rows at a return in which the operation that returns has not taken effect."""
    chains: Any
    """For each row of `gone` and of `met` the next one in its chain."""
    heads: Any
    """For each chain of `gone` and of `met` its first row."""
    stamps: Any
    """For each chain the return at which it was begun. At another one it is empty."""
    log: Any
    """ENTRY: what took effect, in one tree for all rows."""
    slots: Any
    """The slots of the open operations, that of the first to return first."""
    op_of: Any
    """For each slot its operation."""
    sets: Any
    """Sets of open operations, as words: see LOOSE."""
    pending: Any
    """What must still be found: for each the operation, its slot, and the words of those who can help."""
    tried: Any
    """For each effect when an operation was tried that must take effect, and one that is free."""
    cost: Any
    """For each row of `met` what it costs. For this and the next three see `clew.checkers.linear.waiting`."""
    behind: Any
    """For each row of `met` the one that waits behind it."""
    heads_of_cost: Any
    tails_of_cost: Any
    tally: Any
    """Room for how many rows there are of each price."""
    spent: Any
    """Room for words of operations."""
    row: Any
    """Room for one row."""
