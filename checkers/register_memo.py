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
from clew.checkers.memo import IMPOSSIBLE, Memo
from clew.checkers.models.model import Model

_MOST = 1 << 12
"""Transitions, at most. Of more the search may need but a few."""


def register_memo(form: RegisterForm, model: Model) -> Memo | None:
    """A memo for the classes of the form's problem that knows all transitions; None if there are none or many.

    It is for problems with no other operations than this one has.
    """
    classes, cls = form.problem.classes, form.problem.cls
    sought = np.zeros(form.values + 1, np.bool_)
    sought[form.needs] = True
    sought[-1] = False  # of operations that need no value
    states = np.count_nonzero(sought) + 1
    if not len(cls) or states * len(classes) > _MOST:
        return None
    state = sought.cumsum() * sought
    state = (state - state[form.initial]) % states  # the initial one is 0
    # An operation of each class. A class without any keeps the first, and is asked for by none.
    one = np.zeros(len(classes), np.int64)
    one[cls] = np.arange(len(cls))
    kind, needs, sets = form.kind[one], form.needs[one], form.sets[one]
    before = np.arange(states)[:, None]
    after = np.where(sets < 0, before, state[sets])
    after[(needs >= 0) & ((before == state[needs]) == (kind == DIFFERS))] = IMPOSSIBLE
    memo = Memo(model, classes, merge=False)  # nothing is left to merge: all states are known
    memo.know(after.astype(np.int32))
    return memo
