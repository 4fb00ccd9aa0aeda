"""The verdict on a violation that was found while a test was running.

Finding the violation needs only the open operations; explaining it needs the whole history. If the budget runs out, the
verdict is "invalid" all the same, with less evidence.
"""

from __future__ import annotations

import msgspec

from clew.checkers.check import check
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem, encode
from clew.checkers.evidence import explanation
from clew.checkers.evidence.witness import WitnessError
from clew.checkers.forms import form_of
from clew.checkers.models import find_model
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget, KeyVerdict, Verdict
from clew.histories.history import History

_DEFAULT_BUDGET = Budget()


class Stuck(msgspec.Struct, frozen=True):
    """A completion that no order explains together with everything before it."""

    row: int
    """Its place among all events of the history."""
    is_first: bool = True
    """False if an earlier completion of the same key may be inexplicable already."""


def verdict_on(
    history: History,
    model: str | Model,
    stuck: Stuck,
    *,
    budget: Budget = _DEFAULT_BUDGET,
    until: Deadline | None = None,
) -> Verdict:
    """The verdict on a history in which a completion was found that no order explains. It is always "invalid".

    `history` is everything that had happened when `stuck` was found.

    Half of the budget is for `check`. If that does not suffice, the other half is for the key of the violation alone.
    If that does not suffice either, the verdict on this key says what is proven and no more: the completion, a
    counterexample that is not made small, and no `prefix`. The same holds when `until` passes; see `check`.

    Raises `WitnessError` if there is an order that explains the completion. That is a mistake in clew.
    """
    model = find_model(model) if isinstance(model, str) else model
    half = Budget(budget.seconds / 2, budget.bytes)
    verdict = check(history, model, budget=half, until=until)
    if verdict.verdict == "invalid":
        return verdict
    place, problem, position = _place(history, model, stuck)
    alone = None
    if verdict.keys[place].verdict != "valid":
        alone = _key_alone(history, model, problem, position, stuck.is_first, half, until)
    if alone is None:
        raise WitnessError(f"an order was found that explains {stuck}")
    return msgspec.structs.replace(
        verdict,
        verdict="invalid",
        keys=(*verdict.keys[:place], alone, *verdict.keys[place + 1 :]),
        why=None,
        explanation=alone.explanation,
        counterexample=alone.counterexample,
        happened=alone.happened,
        core=explanation.in_short(history, alone.counterexample or ()),
    )


def _place(history: History, model: Model, stuck: Stuck) -> tuple[int, Problem, int]:
    """The place of the key that is stuck among all keys, its problem, and the position where it is stuck."""
    return next(
        (place, problem, position)
        for place, problem in enumerate(encode(history, model))
        if (position := _position(history, problem, stuck)) is not None
    )


def _key_alone(
    history: History,
    model: Model,
    problem: Problem,
    position: int,
    is_first: bool,
    budget: Budget,
    until: Deadline | None,
) -> KeyVerdict | None:
    """The verdict on the key that is stuck at a position; None if there is an order that explains it."""
    from clew.checkers import competition  # takes time to import

    deadline, form = Deadline(budget.seconds, until), form_of(problem, model)
    with deadline.not_counting_compilation():
        decision = competition.decide(problem, form, model, budget, deadline)
        if decision.answer == "valid":
            return None
        if decision.answer == "invalid":
            return explanation.key_verdict(history, model, problem, form, decision, deadline)
        proven = Decision("invalid", stuck=position, engine="linear", stuck_is_first=is_first)
        verdict = explanation.key_verdict(history, model, problem, form, proven, deadline)
        return msgspec.structs.replace(verdict, prefix=None)


def _position(history: History, problem: Problem, stuck: Stuck) -> int | None:
    """The position of the completion in a problem, or None if it is of another key."""
    rows = history.operations.completed[problem.number]
    (at,) = (rows == stuck.row).nonzero()
    return int(problem.ret[at[0]]) if len(at) else None
