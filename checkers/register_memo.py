"""What the operations of a register do to it, for all its values at once: the model need not be asked.

                 read 1   write 2   cas 1 -> 2      states are values; those that nobody seeks are one state
    1            1        2         2
    2            -        2         -               - : the operation cannot take effect

A search of few values and few classes asks for most of these transitions. To ask the model for them, one by one, takes
longer than all else in a small history.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.forms import DIFFERS, RegisterForm
from clew.checkers.kernel import kernel
from clew.checkers.memo import IMPOSSIBLE, Memo
from clew.checkers.models.model import Model

_MOST = 1 << 12
"""Transitions, at most. Of more the search may need but a few."""


def register_memo(form: RegisterForm, model: Model) -> Memo | None:
    """A memo for the classes of the form's problem that knows all transitions; None if there are none or many.

    It is for problems with no other operations than this one has.
    """
    classes, cls = form.problem.classes, form.problem.cls
    if not len(cls):
        return None
    # An operation of each class. A class without any keeps the first, and is asked for by none.
    one = np.zeros(len(classes), np.int64)
    one[cls] = np.arange(len(cls))
    most = len(classes) + form.values + min(_MOST, len(classes) * form.values)
    after = _transitions.for_few(most)(form.kind[one], form.needs[one], form.sets[one], form.initial, form.values)
    if not len(after):
        return None
    memo = Memo(model, classes, merge=False)  # nothing is left to merge: all states are known
    memo.know(after)
    return memo


@kernel
def _transitions(kind, needs, sets, initial, values):  # type: ignore[no-untyped-def]
    """The state after each state (rows) and class (columns); no rows if these are many. The initial state is 0."""
    sought = np.zeros(values, np.bool_)
    for value in needs:
        if value >= 0:
            sought[value] = True
    states = 1
    number = np.zeros(values, np.int64)
    for value in range(values):
        if sought[value] and value != initial:
            number[value] = states
            states += 1
    if sought[initial]:
        # What nobody seeks is not the initial value.
        for value in range(values):
            if not sought[value]:
                number[value] = states
        states += 1
    if states * len(kind) > _MOST:
        return np.empty((0, len(kind)), np.int32)
    after = np.empty((states, len(kind)), np.int32)
    for cls in range(len(kind)):
        for state in range(states):
            if needs[cls] >= 0 and (state == number[needs[cls]]) == (kind[cls] == DIFFERS):
                after[state, cls] = IMPOSSIBLE
            else:
                after[state, cls] = state if sets[cls] < 0 else number[sets[cls]]
    return after
