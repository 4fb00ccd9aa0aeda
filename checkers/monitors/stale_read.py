"""Stale reads: a sound reason to say "invalid" of a register with any values, found in one pass.

    setters of v:   |--| |----|                                     |---
    d, not v:                       |-------|
    r, needs v:                                  |---------|
                            ^ A: since here no operation that sets v was open

If `d` leaves the register at (or finds it at) something other than v, and no operation that sets v was open at any
moment from the call of d to the return of r, and d returned before r was called, then v was not there when r took
effect: at the point of d it was not v, and nobody made it v since. An operation of unknown outcome stays open for
ever. This is one way to be wrong among many: finding none says nothing.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.forms import DIFFERS, RegisterForm
from clew.checkers.kernel import kernel


def find_stale_read(form: RegisterForm) -> tuple[int, int] | None:
    """The operations (d, r) of the stale read that returns first, or None if there is none. d is -1 if r needs a value
    that was not there from the beginning and that nobody could have set by then. O(n)."""
    problem = form.problem
    witnessed = np.where(form.kind == DIFFERS, -1, np.where(form.sets >= 0, form.sets, form.needs))
    needs = np.where(form.kind == DIFFERS, -1, form.needs)
    r, d = _first(
        problem.event_op, problem.event_return, problem.call, problem.ret, needs, form.sets, witnessed, form.initial,
        form.values,
    )  # fmt: skip
    return None if r < 0 else (int(d), int(r))


@kernel
def _first(event_op, event_return, call, ret, needs, sets, witnessed, initial, values):  # type: ignore[no-untyped-def]
    count = len(call)
    # Of the operations from one on in the order of calls: who returns first, and who first with another value.
    soonest = np.full(count + 1, -1, np.int64)
    other = np.full(count + 1, -1, np.int64)
    for op in range(count - 1, -1, -1):
        soonest[op] = soonest[op + 1]
        other[op] = other[op + 1]
        if witnessed[op] < 0 or ret[op] == NEVER:
            continue
        if soonest[op] < 0 or ret[op] < ret[soonest[op]]:
            if soonest[op] >= 0 and witnessed[soonest[op]] != witnessed[op]:
                other[op] = soonest[op]
            soonest[op] = op
        elif witnessed[soonest[op]] != witnessed[op] and (other[op] < 0 or ret[op] < ret[other[op]]):
            other[op] = op
    open_setters = np.zeros(values, np.int64)
    # For each value: the first operation called after its setters were open last; -1 if none was ever open.
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
        # An operation that needs v and sets w was open as a setter of w, not of v.
        if value >= 0 and open_setters[value] == 0:
            if after[value] < 0:
                return op, -1
            since = after[value]
            d = soonest[since]
            if d >= 0 and witnessed[d] == value:
                d = other[since]
            if d >= 0 and ret[d] < call[op]:
                return op, d
        if sets[op] >= 0:
            open_setters[sets[op]] -= 1
            after[sets[op]] = called
    return -1, -1
