"""A problem seen as reads, writes and compare-and-sets of one register, whatever its model calls them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clew.checkers.encoding import Problem
from clew.checkers.models.model import DIFFER, READ, SWAP, WRITE, Model
from clew.histories.history import Interned

KINDS = (READ, WRITE, SWAP, DIFFER)
READS, WRITES, SWAPS, DIFFERS = range(4)


@dataclass(frozen=True)
class RegisterForm:
    """One entry for each operation of `problem`: what it needs and what it sets, as numbers of values.

    `kind` is READS, WRITES, SWAPS or DIFFERS. `needs` is the value that the register must hold (or must not, for
    DIFFERS), -1 for a write; `sets` the value that it holds afterwards, -1 if it does not change. `initial` is the
    number of the initial value, `values` how many values there are.
    """

    problem: Problem
    kind: NDArray[np.int8]
    needs: NDArray[np.int64]
    sets: NDArray[np.int64]
    initial: int
    values: int


def register_form(problem: Problem, model: Model) -> RegisterForm | None:
    """The register form of a problem, or None if one of its operations has none."""
    values = Interned()
    initial = values.code(model.register_initial)
    count = len(problem.classes)
    kind = np.empty(count, np.int8)
    needs = np.full(count, -1, np.int64)
    sets = np.full(count, -1, np.int64)
    for number, op in enumerate(problem.classes):
        access = model.register_access(op)
        if access is None:
            return None
        name, first, second = access
        if name == WRITE:
            kind[number], sets[number] = WRITES, values.code(first)
        elif name == SWAP:
            kind[number], needs[number], sets[number] = SWAPS, values.code(first), values.code(second)
            if needs[number] == sets[number]:
                kind[number], sets[number] = READS, -1
        else:
            kind[number], needs[number] = KINDS.index(name), values.code(first)
    return RegisterForm(problem, kind[problem.cls], needs[problem.cls], sets[problem.cls], initial, len(values))
