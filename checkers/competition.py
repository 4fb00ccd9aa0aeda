"""The default engine: whatever decides a problem fastest, and the search where nothing else does.

    a register        values set once?   zones: valid with its order, or invalid
                      a stale read?      invalid, at this return or earlier: a search before it says which
                      neither            a search: wgl and lazy by turns
    a growing content pieces unique?     zones
                      if not             wgl
    a queue or stack  elements unique?   monitors; a search for what takes of unknown outcome leave undecided
    a set             elements unique?   monitors
    anything else                        wgl

Nothing is raced: each question costs about as much as sorting the operations, and a search only what is left. Of the
two searches wgl is faster where histories are easy, and they mostly are; lazy does not mind where they are not.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from clew.checkers import wgl
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import Problem
from clew.checkers.models.model import Model
from clew.checkers.monitors import appends, containers, sets, stale, zones
from clew.checkers.monitors.lives import container_form
from clew.checkers.monitors.register_form import DIFFERS, RegisterForm, register_form
from clew.checkers.outcome import Outcome
from clew.checkers.verdict import Budget

_FIRST_EFFORT, _FIRST_WIDTHS = 20, (8, 32)
_MORE_EFFORT, _MORE_WIDTH = 10, 16
"""By turns: steps for each event, but for 100,000 events at least, and widths of lazy; ten times as many steps and
sixteen times the width in every round. What wgl cannot do lazy often can, and the other way round, and nobody knows
which beforehand."""
_FEWEST_EVENTS = 100_000
_ROUNDS_FOR_A_PLACE = 1
"""Where the answer is known already, a better place is worth a little time only."""


def decide(
    problem: Problem, model: Model, budget: Budget, deadline: Deadline, *, most_rounds: int | None = None
) -> Outcome:
    """Decide one problem; see `Outcome`.

    `most_rounds` bounds what is searched by something that is the same on every machine; when they are used up, the
    answer is "unknown" for "time".
    """
    form = register_form(problem, model)
    if form is not None:
        return _register(form, model, budget, deadline, most_rounds)
    steps = None if most_rounds is None else _effort(most_rounds - 1) * max(_FEWEST_EVENTS, len(problem.event_op))
    form_at = appends.forms(problem, model)
    if form_at is not None:
        return replace(zones.decide(problem, form_at), engine="zones")
    set_form = sets.set_form(problem, model)
    if set_form is not None:
        return sets.decide(set_form)
    lives = container_form(problem, model)
    if lives is None:
        return wgl.decide(problem, model, budget, deadline, steps=steps)
    outcome = containers.decide(lives)
    if outcome.answer == "unknown":
        return max(outcome, wgl.decide(problem, model, budget, deadline, steps=steps), key=_decided)
    if outcome.answer == "invalid" and not outcome.stuck_is_first:
        assert outcome.stuck is not None

        def search(part: Problem) -> Outcome:
            return wgl.decide(part, model, budget, deadline, steps=_FEWEST_EVENTS)

        return _earlier(problem, outcome.stuck, "monitors", search)
    return outcome


def _decided(outcome: Outcome) -> tuple[bool, int]:
    """More is better: an answer, or a longer beginning explained."""
    return outcome.answer != "unknown", len(outcome.order)


def _effort(number: int) -> int:
    """Steps for each event in the round of this number."""
    return int(_FIRST_EFFORT * _MORE_EFFORT**number)


def _register(form: RegisterForm, model: Model, budget: Budget, deadline: Deadline, most_rounds: int | None) -> Outcome:
    problem = form.problem
    bound: int | None = None
    engine = "stale"
    if zones.applies(form):
        outcome = zones.decide(problem, lambda _: form)
        if not (form.kind == DIFFERS).any():
            return replace(outcome, engine="zones")
        if outcome.answer == "valid":
            order = zones.insert(form, outcome.order)
            if order is not None:
                return Outcome("valid", order=order, engine="zones")
        bound, engine = outcome.stuck, "zones"
    else:
        found = stale.first(form)
        if found is not None:
            bound = int(problem.ret[found[1]])
    if bound is None:
        return _search(form, model, budget, deadline, most_rounds)

    def search(part: Problem) -> Outcome:
        form = register_form(part, model)
        assert form is not None
        return _search(form, model, budget, deadline, _ROUNDS_FOR_A_PLACE)

    return _earlier(problem, bound, engine, search)


def _earlier(problem: Problem, bound: int, engine: str, search: Callable[[Problem], Outcome]) -> Outcome:
    """Nothing explains the return at `bound`, as `engine` found out. Was anything before it inexplicable already?"""
    start = problem.before(bound)
    before = search(start)
    mine = np.searchsorted(problem.number, start.number)
    order = mine[before.order].tolist()
    if before.stuck is not None:
        return Outcome(
            "invalid", order=order, stuck=int(problem.ret[mine[start.event_op[before.stuck]]]), engine=before.engine
        )
    return Outcome("invalid", order=order, stuck=bound, engine=engine, stuck_is_first=before.answer == "valid")


def _search(form: RegisterForm, model: Model, budget: Budget, deadline: Deadline, most_rounds: int | None) -> Outcome:
    best = Outcome("unknown", engine="wgl")
    events = max(_FEWEST_EVENTS, len(form.problem.event_op))
    for number in itertools.count():
        effort = _effort(number)
        depth = wgl.decide(form.problem, model, budget, deadline, steps=effort * events)
        if depth.answer != "unknown":
            return depth
        best = max(best, depth, key=_decided)
        if deadline.passed():
            break
        from clew.checkers.lazy import (
            sweep,  # its kernels take long to compile, once, and most histories never need them
        )

        widths = [width * _MORE_WIDTH**number for width in _FIRST_WIDTHS]
        breadth = sweep.decide(form, budget, deadline, widths, effort * max(events, 4 * _FEWEST_EVENTS))
        if breadth.answer != "unknown":
            return breadth
        best = max(best, breadth, key=_decided)
        if depth.why == breadth.why == "memory" and not deadline.passed():
            return replace(best, why="memory")
        if deadline.passed() or number + 1 == most_rounds:
            break
    return replace(best, why="time")
