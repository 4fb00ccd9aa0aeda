"""A part of a history that no order explains: then no order explains the whole.

    push 1    |--|                            of 1 only:    push 1    |--|
    push 2         |--|                                     pop -> 1          |--|
    pop -> 1           |--|                                 pop -> 1                  |--|
    pop -> 1                  |--|                          impossible: 1 was pushed once
    ...

An object is made of things: elements, registers, words. If one looks at some of them only, every operation becomes what
it did to these (`Model.part`), and a linearization becomes one of what is left. So if a part of a history is not
linearizable, the whole is not. A part that is linearizable proves nothing.

In a part few operations are open at a time, and many are alike. So a search often comes to its end there, where in the
whole there are too many orders to try.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Set
from itertools import combinations
from typing import NamedTuple

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem, arrange, needs_no_place
from clew.checkers.forms import Form, form_of, register_of
from clew.checkers.models.model import Model, ModelOperation
from clew.histories.frozen import Interned

_MOST_PARTS, _MOST_CLASSES = 300, 1_000_000
"""How many parts are looked at: of one thing, and of two. And the classes of all of them: a second or two."""
_MOST_UNDECIDED = 4
"""Parts that are too hard, at most. Each takes a second, and the others will be hard too."""


class InvalidPart(NamedTuple):
    """A part that is not linearizable."""

    part: Problem
    """The part. Its operations have the numbers that they have in the whole."""
    stuck: int
    """The position of a return in the part that no order explains."""
    things: frozenset[Hashable]
    """What the part is of."""


def applies(model: Model) -> bool:
    """Whether the model says what its operations are in a part."""
    return type(model).part is not Model.part


def find_invalid_part(
    problem: Problem, model: Model, decide: Callable[[Problem, Form | None], Decision], deadline: Deadline
) -> InvalidPart | None:
    """Of the parts that `decide` finds invalid, one with the earliest return that no order explains; None if none is.

    Parts of two things are looked at if no part of one thing is invalid. `decide` gets a part and its form.
    """
    found: InvalidPart | None = None
    beginning, undecided = problem, 0
    for size in (1, 2):
        for things in _things(problem, model, size):
            if deadline.passed() or undecided == _MOST_UNDECIDED:
                return found
            part = part_of(beginning, model, things)
            if not len(part):
                continue  # Nothing was done to these things before the return that was found.
            decision = decide(part, _form(part, model))
            undecided += decision.answer == "unknown"
            if decision.answer == "invalid":
                assert decision.stuck is not None
                found = InvalidPart(part, decision.stuck, things)
                # Of the other parts only what came before matters now.
                beginning = problem.before(stuck_in(problem, found))
        if found is not None:
            break
    return found


def stuck_in(problem: Problem, found: InvalidPart) -> int:
    """The position in the whole problem of the return that no order explains."""
    op = found.part.event_op[found.stuck]
    return int(problem.ret[np.searchsorted(problem.number, found.part.number[op])])


def _things(problem: Problem, model: Model, size: int) -> Iterator[frozenset[Hashable]]:
    """So many things at a time, those first that most operations name. Never all things that there are."""
    times = Counter[Hashable]()
    # A beginning of a problem has all its classes, and operations of some of them.
    for number, count in zip(*np.unique(problem.cls, return_counts=True), strict=True):
        for thing in dict.fromkeys(model.things(problem.classes[number])):
            times[thing] += int(count)
    common = [thing for thing, _ in times.most_common()]
    parts = min(_MOST_PARTS, _MOST_CLASSES // max(1, len(problem.classes)))
    if len(common) > size:
        for number, things in enumerate(combinations(common, size)):
            if number == parts:
                return
            yield frozenset(things)


def part_of(problem: Problem, model: Model, things: Set[Hashable]) -> Problem:
    """What the operations of a problem did to some things. O(n log n)"""
    numbers, classes = Interned(), list[ModelOperation]()
    cls_of = np.full(len(problem.classes), -1, np.int32)
    for number, op in enumerate(problem.classes):
        part = model.part(op, things)
        if part is not None:
            cls_of[number] = numbers.code(list(part))
            if len(numbers) > len(classes):
                classes.append(part)
    observer = np.fromiter(map(model.observes, classes), np.bool_, len(classes))
    cls = cls_of[problem.cls]
    kept = np.flatnonzero((cls >= 0) & ~needs_no_place(problem.ret == NEVER, np.append(observer, False)[cls]))
    return arrange(
        problem.key, problem.number[kept], cls[kept], problem.call[kept], problem.ret[kept], tuple(classes), observer
    )


def _form(part: Problem, model: Model) -> Form | None:
    """The form of a part. What is made of registers and is looked at in one of them is a register."""
    form = form_of(part, model)
    if form is None:
        cells = [model.cell_accesses(op) for op in part.classes]
        if len({name for cell in cells for name in cell or ()}) == 1 and all(cells):
            accesses = [access for cell in cells if cell is not None for access in cell.values()]
            return register_of(part, accesses, model.register_initial)
    return form
