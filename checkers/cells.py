"""A problem as accesses to cells: what each operation needs of the registers that the object is made of, and sets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import Problem
from clew.checkers.forms import DIFFERS, Ints, RegisterForm
from clew.checkers.models.model import DIFFER, SWAP, WRITE, Model
from clew.histories.frozen import Interned

NOTHING = -1
"""What an access needs that is always possible, and what one sets that changes nothing."""
_OTHER_THAN = -2
"""An access that needs any other value than v has the need `_OTHER_THAN` - v."""


class Cells(NamedTuple):
    """The accesses of a problem. Values are numbers from 0."""

    begins: Ints
    """The accesses of operation i are those from `begins[i]` to before `begins[i + 1]`, each to another cell."""
    cell: Ints
    """For each access its cell, a number from 0."""
    needs: Ints
    """For each access the value that the cell must hold before it; see `NOTHING` and `_OTHER_THAN`."""
    sets: Ints
    """For each access the value that the cell holds after it; `NOTHING` if it does not change."""
    first: int
    """The value that each cell holds at first."""


def cells_of(problem: Problem, model: Model, deadline: Deadline) -> Cells | None:
    """The accesses of a problem; None if the model does not tell those of each operation, or tells versions.

    What a model tells need not be all that an operation does: see `Model.cell_accesses`. O(n), and it asks for each
    class. So it is None too if the deadline passes.
    """
    kind = type(model)
    if kind.cell_accesses is Model.cell_accesses or kind.version is not Model.version:
        return None
    names, values = Interned(), Interned()
    first = values.code(model.register_initial)
    by_class: list[list[tuple[int, int, int]]] = []
    for op in problem.classes:
        accesses = None if deadline.passed() else model.cell_accesses(op)
        if accesses is None:
            return None
        rows = []
        for name, (what, old, new) in accesses.items():
            value = values.code(old)
            needs = NOTHING if what == WRITE else _OTHER_THAN - value if what == DIFFER else value
            sets = value if what == WRITE else values.code(new) if what == SWAP else NOTHING
            rows.append((names.code(name), needs, sets))
        by_class.append(rows)
    count = np.array([len(rows) for rows in by_class], np.int64)[problem.cls]
    accessed = [row for cls in problem.cls.tolist() for row in by_class[cls]]
    cell, needed, set_to = np.array(accessed, np.int64).reshape(-1, 3).T.copy()
    return Cells(np.concatenate(([0], np.cumsum(count))), cell, needed, set_to, first)


def cell_of(form: RegisterForm) -> Cells:
    """The accesses of a problem of one register."""
    count = len(form.problem)
    needs = np.where(form.kind == DIFFERS, _OTHER_THAN - form.needs, form.needs)
    return Cells(np.arange(count + 1), np.zeros(count, np.int64), needs, form.sets.copy(), form.initial)
