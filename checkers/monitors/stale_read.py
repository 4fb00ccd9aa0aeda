"""Stale reads: one way in which a history of a register can be wrong, found in one pass. Values may repeat.

    setters of v:   |--| |----|                                     |---
    d, not v:                       |-------|
    r, needs v:                                  |---------|
                            ^ since here no operation that sets v was open

Let d leave the register at a value other than v, or find it there. Let d return before r is called. If no operation
that sets v was open at any moment from the call of d to the return of r, then r cannot have found v: when d took effect
the value was not v, and no operation has set v since. An operation of unknown outcome stays open for ever.

This is one way to be wrong among many. A history without a stale read may still be invalid.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.forms import DIFFERS, Mask, RegisterForm
from clew.checkers.kernel import kernel

_NO_OPERATION = -1


class StaleRead(NamedTuple):
    """Two operations (indices into the problem) that cannot both be right."""

    read: int
    """It needs a value that the register cannot have held any more, or not yet."""
    replaced: int | None
    """It left or found the register at another value, before `read` was called and after the last operation that sets
    the needed value had returned. None if no operation that sets the needed value had begun when `read` returned."""


def find_stale_read(form: RegisterForm, those: Mask | None = None) -> StaleRead | None:
    """The stale read that returns first, or None if there is none. O(n).

    If only `those` operations did what they say, the others may have set the register between call and return, or not.
    """
    problem = form.problem
    says = (form.kind != DIFFERS) if those is None else (form.kind != DIFFERS) & those
    read, replaced = _find.for_few(len(problem.event_op))(
        problem.event_op, problem.event_return, problem.call, problem.ret, says, form.needs, form.sets,
        form.initial, form.values,
    )  # fmt: skip
    if read == _NO_OPERATION:
        return None
    return StaleRead(int(read), None if replaced == _NO_OPERATION else int(replaced))


@kernel
def _find(event_op, event_return, call, ret, says, needs, sets, initial, values):  # type: ignore[no-untyped-def]
    count = len(call)
    # The value that each operation left the register at, or found there.
    witnessed = np.full(count, -1, np.int64)
    # Of all operations called at or after each one: which returns first (`soonest`), and which returns first of those
    # that witnessed another value than that one (`other`).
    soonest = np.full(count + 1, -1, np.int64)
    other = np.full(count + 1, -1, np.int64)
    for op in range(count - 1, -1, -1):
        soonest[op] = soonest[op + 1]
        other[op] = other[op + 1]
        if says[op]:
            witnessed[op] = sets[op] if sets[op] >= 0 else needs[op]
        if witnessed[op] < 0 or ret[op] == NEVER:
            continue
        if soonest[op] < 0 or ret[op] < ret[soonest[op]]:
            if soonest[op] >= 0 and witnessed[soonest[op]] != witnessed[op]:
                other[op] = soonest[op]
            soonest[op] = op
        elif witnessed[soonest[op]] != witnessed[op] and (other[op] < 0 or ret[op] < ret[other[op]]):
            other[op] = op
    open_setters = np.zeros(values, np.int64)
    # For each value: the first operation that was called when no setter of the value was open any more; -1 if the
    # register cannot have held the value yet.
    after = np.full(values, -1, np.int64)
    after[initial] = 0
    called = 0
    for position in range(len(event_op)):
        op = event_op[position]
        if not event_return[position]:
            called = op + 1
            if sets[op] >= 0:
                open_setters[sets[op]] += 1
            continue
        value = needs[op]
        # An operation that needs v and sets w counts as a setter of w, not of v.
        if says[op] and value >= 0 and open_setters[value] == 0:
            if after[value] < 0:
                return op, _NO_OPERATION
            since = after[value]
            d = soonest[since]
            if d >= 0 and witnessed[d] == value:
                d = other[since]
            if d >= 0 and ret[d] < call[op]:
                return op, d
        if sets[op] >= 0:
            open_setters[sets[op]] -= 1
            after[sets[op]] = called
    return _NO_OPERATION, _NO_OPERATION
