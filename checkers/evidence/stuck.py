"""A violation that was found while a run went on, and what `check` has to say about it.

To find it took only what was open at the time. To tell it well takes the whole history, and perhaps more time than
there is: what is proven is not given up for that.
"""

from __future__ import annotations

import msgspec

from clew.checkers.check import check
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem, encode
from clew.checkers.evidence import explanation
from clew.checkers.evidence.witness import WitnessError
from clew.checkers.models import find_model
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget, KeyVerdict, Verdict
from clew.histories.history import History

_DEFAULT_BUDGET = Budget()


class Stuck(msgspec.Struct, frozen=True):
    """A completion that no order explains, together with all before it.

    `row` is its place among all events that there were. `is_first` is False where an earlier one of the same key may be
    inexplicable already.
    """

    row: int
    is_first: bool = True


def verdict_on(history: History, model: str | Model, stuck: Stuck, *, budget: Budget = _DEFAULT_BUDGET) -> Verdict:
    """The verdict "invalid" on a history in which a completion was found that no order explains.

    It is the verdict of `check`, if half of the budget suffices for that. Otherwise the other half is for the key of
    the violation alone; if that is not enough either, its partition says what was proven and no more: the completion,
    no `prefix`, and a counterexample that nobody made small. `history` is what had happened when it was found.

    Raises `WitnessError` if there is an order that explains it, which is a mistake in clew.
    """
    model = find_model(model) if isinstance(model, str) else model
    half = Budget(budget.seconds / 2, budget.bytes)
    verdict = check(history, model, budget=half)
    if verdict.verdict == "invalid":
        return verdict
    number, part = _alone(history, model, stuck, half)
    if verdict.keys[number].verdict == "valid":
        raise WitnessError(f"an order was found that explains {stuck}")
    return msgspec.structs.replace(
        verdict,
        verdict="invalid",
        keys=(*verdict.keys[:number], part, *verdict.keys[number + 1 :]),
        why=None,
        explanation=part.explanation,
        counterexample=part.counterexample,
    )


def _alone(history: History, model: Model, stuck: Stuck, budget: Budget) -> tuple[int, KeyVerdict]:
    """The partition of the key that is stuck, and which one it is."""
    from clew.checkers import competition  # imports numba

    deadline = Deadline(budget.seconds)
    problems = encode(history, model)
    number, position = next(
        (number, position)
        for number, problem in enumerate(problems)
        if (position := _position(history, problem, stuck)) is not None
    )
    with deadline.searching():
        decision = competition.decide(problems[number], model, budget, deadline)
        if decision.answer == "invalid":
            return number, explanation.partition(history, model, problems[number], decision, deadline)
        proven = Decision("invalid", stuck=position, engine="linear", stuck_is_first=stuck.is_first)
        part = explanation.partition(history, model, problems[number], proven, deadline)
        return number, msgspec.structs.replace(part, prefix=None)


def _position(history: History, problem: Problem, stuck: Stuck) -> int | None:
    """The position of the completion in a problem, if it is of that key."""
    rows = history.operations.completed[problem.number]
    (at,) = (rows == stuck.row).nonzero()
    return int(problem.ret[at[0]]) if len(at) else None
