"""The tables of a sweep: what its kernels share, and what a visit to them ends with."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

FREE = -1
"""The operation in a slot that is free."""

THERE, DEAD, ASK, ROWS, SLOTS, LOG_FULL, PAUSE = range(7)
"""What a visit ends with: the position is reached; no configuration survived a return; transitions are missing; there
is no room for more configurations, slots or entries of the log; it is time to look at the deadline."""

REGISTERS = np.dtype((
    np.record,
    [
        ("position", np.int64),  # everything before this position has been dealt with
        ("count", np.int64),  # configurations
        ("open", np.int64),  # slots that are occupied
        ("entries", np.int64),  # entries of the log
        ("asked", np.int64),  # transitions that are asked for
        ("work", np.int64),  # operations tried, and configurations compared or copied
        ("pause", np.int64),  # when there was this much work, it is time to look at the deadline
        ("stamp", np.int64),  # which return it is; says what in the hash tables is of this one
        ("visited", np.int64),  # configurations that the sweep went on from
        ("returns", np.int64),  # returns that were dealt with
        ("halfway", np.int64),  # 1 if the return at `position` is being dealt with; then also, to go on from there:
        ("entries_before", np.int64),  # `entries` before the return
        ("source", np.int64),  # configurations of `now` that were put into one of the two sets
        ("cost", np.int64),  # what the cheapest configuration costs from which more are to be found
        ("gone", np.int64),  # configurations of both sets
        ("met", np.int64),
        ("width", np.int64),  # configurations that are kept at most
        ("dropped", np.int64),  # 1 if some were dropped: if none survives a return, that proves nothing
        ("dropped_before", np.int64),  # `dropped` before the return
        ("tried", np.int64),  # configurations from which more were found at this return
    ],
))  # fmt: skip
ENTRY = np.dtype([("before", np.int32), ("op", np.int32)])
"""An entry of the log: the entry before it, -1 if there is none, and an operation that took effect."""

WORK_PER_VISIT = 500_000
"""Operations tried and configurations compared until Python may look at the deadline: 10 to 50 milliseconds."""
ENOUGH, TRIED, MOST = 4, 10, 256
"""What a narrow sweep does for a return, in widths. It is enough to find 4, or to go on from 10.
At most 256 are met."""
CLOSE_EVERY = 16
"""Returns between two looks for operations that all configurations have used: a look goes through all of these."""


class Tables(NamedTuple):
    """Everything that the kernels share."""

    at: Any
    """REGISTERS: where the sweep stands."""
    event_op: Any
    """For each position the operation that is called or returns there."""
    event_return: Any
    cls: Any
    ret: Any
    observer: Any
    """For each class whether its operations never change a state."""
    free: Any
    """For each class whether its operations were possible in every state so far."""
    first: Any
    """For each class the last visit in which one of its operations was tried."""
    now: Any
    """The configurations at `position`."""
    then: Any
    """Those after the return that is being dealt with."""
    seen: Any
    """Those before it, in which the returning operation has not taken effect."""
    cost: Any
    """For each row of `seen` its cost; see `waiting`, here and for the next three."""
    behind: Any
    """For each row of `seen` the one that waits behind it."""
    heads_of_cost: Any
    tails_of_cost: Any
    chains: Any
    """Hash tables of GONE (`then`) and MET (`seen`): the next row of the same place, -1 at the end."""
    heads: Any
    """The first row of each place, if its stamp is that of this return."""
    stamps: Any
    slots: Any
    """The occupied slots, in the order in which their operations return."""
    op_of: Any
    """The operation in each slot; FREE if there is none."""
    unknown: Any
    """The bits of the slots whose operations are of unknown outcome."""
    observing: Any
    """The bits of the slots whose operations never change a state."""
    log: Any
    """ENTRY."""
    order: Any
    """Rows of `then`: those that are kept come first. This and the next two are empty if all are kept."""
    scratch: Any
    """The key of each row; see `narrow`."""
    tally: Any
    """See `narrow`: how many rows have a key."""
    asked: Any
    """QUESTION of the memo: transitions that it does not know."""
