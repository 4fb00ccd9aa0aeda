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
    place, alone = _key_alone(history, model, stuck, half, until)
    if verdict.keys[place].verdict == "valid":
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


def _key_alone(
    history: History, model: Model, stuck: Stuck, budget: Budget, until: Deadline | None
) -> tuple[int, KeyVerdict]:
    """The place of the key that is stuck among all keys, and the verdict on it."""
    from clew.checkers import competition  # takes time to import

    deadline = Deadline(budget.seconds, until)
    problems = encode(history, model)
    place, position = next(
        (place, position)
        for place, problem in enumerate(problems)
        if (position := _position(history, problem, stuck)) is not None
    )
    problem, form = problems[place], form_of(problems[place], model)
    with deadline.not_counting_compilation():
        decision = competition.decide(problem, form, model, budget, deadline)
        if decision.answer == "invalid":
            return place, explanation.key_verdict(history, model, problem, form, decision, deadline)
        proven = Decision("invalid", stuck=position, engine="linear", stuck_is_first=stuck.is_first)
        verdict = explanation.key_verdict(history, model, problem, form, proven, deadline)
        return place, msgspec.structs.replace(verdict, prefix=None)


def _position(history: History, problem: Problem, stuck: Stuck) -> int | None:
    """The position of the completion in a problem, or None if it is of another key."""
    rows = history.operations.completed[problem.number]
    (at,) = (rows == stuck.row).nonzero()
    return int(problem.ret[at[0]]) if len(at) else None
