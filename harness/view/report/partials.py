"""How far a history can be explained if an operation is to take effect: partial linearizations, as in porcupine.

The prefix of a verdict explains everything that completed before the violation. It need not contain the operations that
were open then, such as the one whose answer fits nowhere. This file finds, for each of those, the longest beginning of
the history that an order with this operation explains.

Source: porcupine (checker.go), `LinearizationInfo`. Porcupine keeps the longest orders that its search came by. Here
each order is searched for, so a longer one does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem, arrange
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget, KeyVerdict
from clew.harness.view.report.page_data import Partial

if TYPE_CHECKING:
    from clew.checkers.memo import Memo

OPERATIONS_MAX = 40
"""For how many operations of a key an order is searched for: those of the counterexample, then the last to begin."""
RETURNS_MAX = 60
"""How many completions before the violation the search goes back. An order that ends earlier is not looked for."""
STEPS = 100_000
"""Steps of each search: a tenth of a second at most."""
SECONDS = 1.0
"""Time for all searches of a page together."""


def partial_orders(problem: Problem, model: Model, judged: KeyVerdict, stuck: int, deadline: Deadline) -> list[Partial]:
    """The longest explained beginning with each operation that was open at the violation and is not in the prefix.

    `stuck` is the number of the operation whose return no order explains. The orders come without times and states.
    Operations for which the time or the steps do not suffice are left out. Costs a few searches of the key's history
    for each operation.
    """
    from clew.checkers.memo import Memo  # takes time to import

    place = {number: op for op, number in enumerate(problem.number.tolist())}
    if stuck not in place or judged.prefix is None:
        return []
    position = int(problem.ret[place[stuck]])
    explained = np.zeros(len(problem), np.bool_)
    explained[[place[number] for number in judged.prefix]] = True
    candidates = np.flatnonzero(~explained & (problem.call < position) & (problem.ret >= position))
    first = {place[number] for number in judged.counterexample or () if number in place}
    ordered = sorted(candidates.tolist(), key=lambda op: (op not in first, -int(problem.call[op])))
    found: list[Partial] = []
    if deadline.passed():
        return found
    with deadline.not_counting_compilation():
        memo = Memo(model, problem.classes)
        for op in ordered[:OPERATIONS_MAX]:
            partial = _longest_with(problem, model, op, position, memo, deadline)
            if partial is not None:
                found.append(partial)
            if deadline.passed():
                break
    return found


def load_engine(problem: Problem, model: Model) -> None:
    """Load the search, which may take longer than all that is searched for: it must not count as time for that."""
    from clew.checkers import wgl  # takes time to import

    wgl.decide(problem.before(1), model, Budget(), Deadline(SECONDS), steps=1)


def _longest_with(
    problem: Problem, model: Model, op: int, stuck: int, memo: Memo, deadline: Deadline
) -> Partial | None:
    from clew.checkers import wgl  # takes time to import

    call = int(problem.call[op])
    returns = np.flatnonzero(problem.event_return[: stuck + 1])
    returns = returns[returns > call][::-1]
    for position in returns[:RETURNS_MAX].tolist():
        part, places = _before_with(problem, position, op)
        decision = wgl.decide(part, model, Budget(), deadline, steps=STEPS, memo=memo)
        if decision.answer == "unknown":
            return None
        if decision.answer == "valid":
            order = problem.number[places[decision.order]].tolist()
            stops = int(problem.number[problem.event_op[position]])
            return Partial(int(problem.number[op]), stops, len(order), {"number": order})
    return Partial(int(problem.number[op]), None, 0, {}) if len(returns) <= RETURNS_MAX else None


def _before_with(problem: Problem, position: int, op: int) -> tuple[Problem, NDArray[np.intp]]:
    """The problem before a position in which `op` must have taken effect, and its operations in the whole problem."""
    begun = np.flatnonzero(problem.call < position)
    ret = np.where(problem.ret < position, problem.ret, NEVER)
    # An operation that was open may have taken effect or not, and an observer of that kind needs no place.
    ret[op] = position
    kept = begun[(ret[begun] != NEVER) | ~problem.observer[problem.cls[begun]]]
    part = arrange(
        problem.key,
        problem.number[kept],
        problem.cls[kept],
        problem.call[kept],
        ret[kept],
        problem.classes,
        problem.observer,
    )
    return part, kept
