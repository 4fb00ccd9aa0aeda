"""The tables of a search, by name, and how an operation is lifted and unlifted.

To *lift* an operation is to let it take effect now: it leaves the list of open operations. To *unlift* it puts it back
where it was (Wing & Gong, "Testing and verifying concurrent objects", JPDC 17, 1993; Lowe, "Testing for
linearizability", CCPE 29(4), 2017, section 3). A *trail* remembers what was done, so that the last things can be taken
back first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers.encoding import NEVER, Problem
from clew.checkers.kernel import inlined, raw_kernel

CALLED, RETURNED, PLACED, EXPIRED = range(4)
"""Kinds of rows of the trail. EXPIRED is the return of an optional operation that did not take effect."""

REGISTERS = np.dtype(
    [
        ("mode", np.int64),  # what to do next
        ("position", np.int64),  # everything before this position has been dealt with
        ("state", np.int64),  # of the model, a number of the memo
        ("trail", np.int64),  # rows of the trail
        ("frames", np.int64),  # rows of `frames`
        ("candidates", np.int64),  # entries of `candidates`
        ("farthest", np.int64),  # the largest position that a branch ended at; -1 before the first
        ("best", np.int64),  # rows of `best`, the trail of that branch
        ("same", np.int64),  # how many rows, from the first, trail and `best` share
        ("dead", np.int64),  # entries of `dead`
        ("asked", np.int64),  # entries of `asked`
        ("called", np.int64),  # operations called before `position`
        ("steps", np.int64),  # steps of the search until now
        ("work", np.int64),  # operations looked at and rows copied in these steps
        ("pause_steps", np.int64),  # when there were so many of either, it is time to look at the deadline
        ("pause_work", np.int64),
        ("open_one", np.uint64),  # the hash of the open operations that have taken effect
        ("open_two", np.uint64),
    ]
)
ROW = np.dtype([("kind", np.int32), ("op", np.int32), ("state", np.int32)])
"""A row of the trail: what was done to which operation, and the state before."""
FRAME = np.dtype([("trail", np.int64), ("begin", np.int64), ("end", np.int64), ("next", np.int64)])
"""A return at which the search had a choice: the length of the trail then, where its candidates begin and end, and the
one to try next."""
OPERATION = np.dtype(
    [
        ("ret", np.int64),  # its return position, NEVER if its outcome is unknown
        ("one", np.uint64),  # random bits; see `clew.checkers.wgl.dead`
        ("two", np.uint64),
        ("cls", np.int32),
        ("following", np.int64),  # the next operation in the queue of its class; see `queues`
        ("next", np.int64),  # the open list, a linked list of the operations that can be placed
        ("previous", np.int64),
        ("optional", np.bool_),  # it may also not take effect, though it returns
        ("placed", np.bool_),  # it has taken effect
    ],
    align=True,
)
CLASS = np.dtype(
    [
        ("queue", np.int64),  # the first operation of its queue; see `queues`
        ("first", np.int64),  # scratch: its open operation that returns first; -1 outside of `_enter`
        ("observer", np.bool_),  # its operations never change a state
    ],
    align=True,
)


class Search(NamedTuple):
    """Everything that the kernels share."""

    at: Any
    """REGISTERS: where the search stands."""
    event_op: Any
    """For each position the operation that is called or returns there."""
    event_return: Any
    ops: Any
    """OPERATION. The last two are no operations: the head and the tail of the open list."""
    classes: Any
    """CLASS."""
    trail: Any
    """ROW. It can hold every call, return and effect."""
    best: Any
    """ROW: the trail that came farthest."""
    frames: Any
    """FRAME, one for each choice on the way here."""
    candidates: Any
    """Operations to try, those of all frames one after the other."""
    dead: Any
    """The configurations from which the search came back; see `clew.checkers.wgl.dead`."""
    needs: Any
    """What operations need; see `clew.checkers.wgl.needs`."""
    asked: Any
    """QUESTION of the memo: transitions that it does not know."""


def queues(problem: Problem) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One at a time: of the open operations of unknown outcome of one class only the one called first is tried.

    If a linearization places another one now, the two can change places, or names if the first never happens: both are
    open now and for ever. So the others wait in a queue, and a thousand lost operations cost the search nothing.
    Returns for each operation the next one in its queue, and for each class the first one; -1 where there is none.
    """
    following = np.full(len(problem), -1, np.int64)
    first = np.full(len(problem.classes), -1, np.int64)
    (unknown,) = (problem.ret == NEVER).nonzero()
    queued = unknown[np.argsort(problem.cls[unknown], kind="stable")]
    same = problem.cls[queued[1:]] == problem.cls[queued[:-1]]
    following[queued[:-1][same]] = queued[1:][same]
    begins = np.concatenate(([True], ~same))
    first[problem.cls[queued[begins]]] = queued[begins]
    return following, first


@raw_kernel
def note(trail, at, kind, op):  # type: ignore[no-untyped-def]
    """Add a row to the trail."""
    row = trail[at.trail]
    row.kind = kind
    row.op = op
    row.state = at.state
    at.trail += 1


@raw_kernel
def append(ops, op):  # type: ignore[no-untyped-def]
    """Put an operation at the end of the open list."""
    tail = len(ops) - 1
    last = ops[tail].previous
    ops[op].next = tail
    ops[op].previous = last
    ops[last].next = op
    ops[tail].previous = op


@raw_kernel
def unlink(ops, op):  # type: ignore[no-untyped-def]
    """Take an operation out of the open list. It keeps its own links, for `relink`."""
    ops[ops[op].previous].next = ops[op].next
    ops[ops[op].next].previous = ops[op].previous


@raw_kernel
def relink(ops, op):  # type: ignore[no-untyped-def]
    """Put the operation that was taken out last back where it was."""
    ops[ops[op].previous].next = op
    ops[ops[op].next].previous = op


@raw_kernel
def toggle(at, ops, op):  # type: ignore[no-untyped-def]
    """Add an operation to the hash of the open operations that have taken effect, or take it out again."""
    at.open_one ^= ops[op].one
    at.open_two ^= ops[op].two


@inlined
def lift(s, op):  # type: ignore[no-untyped-def]
    """Let an open operation take effect. The next in its queue can be placed from now on, if it has been called."""
    at, ops = s.at, s.ops
    unlink(ops, op)
    ops[op].placed = True
    toggle(at, ops, op)
    note(s.trail, at, PLACED, op)
    if ops[op].ret == NEVER:
        following = ops[op].following
        s.classes[ops[op].cls].queue = following
        if 0 <= following < at.called:
            append(ops, following)


@inlined
def take_back(s, length):  # type: ignore[no-untyped-def]
    """Take back the trail down to `length` rows, last row first, so that the links of the open list fit again."""
    at, ops = s.at, s.ops
    while at.trail > length:
        at.trail -= 1
        kind = s.trail[at.trail].kind
        op = np.int64(s.trail[at.trail].op)
        if kind == PLACED:
            # Unlift it.
            if ops[op].ret == NEVER:
                following = ops[op].following
                if 0 <= following < at.called:
                    unlink(ops, following)
                s.classes[ops[op].cls].queue = op
            relink(ops, op)
            ops[op].placed = False
            toggle(at, ops, op)
            at.state = s.trail[at.trail].state
        elif kind == CALLED:
            at.position -= 1
            at.called = op
            if ops[op].ret != NEVER or s.classes[ops[op].cls].queue == op:
                unlink(ops, op)
        elif kind == RETURNED:
            at.position -= 1
            toggle(at, ops, op)
        else:
            at.position -= 1
            relink(ops, op)
