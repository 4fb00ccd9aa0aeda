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
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.forms import DIFFERS, RegisterForm, register_form
from clew.checkers.models.model import Model
from clew.checkers.monitors import appends, containers, sets, stale_read, zones
from clew.checkers.monitors.lifetimes import container_form
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
) -> Decision:
    """Decide one problem; see `Decision`.

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
    decision = containers.decide(lives)
    if decision.answer == "unknown":
        return max(decision, wgl.decide(problem, model, budget, deadline, steps=steps), key=_decided)
    if decision.answer == "invalid" and not decision.stuck_is_first:
        assert decision.stuck is not None

        def search(part: Problem) -> Decision:
            return wgl.decide(part, model, budget, deadline, steps=_FEWEST_EVENTS)

        return _earlier(problem, decision.stuck, "monitors", search)
    return decision


def _decided(decision: Decision) -> tuple[bool, int]:
    """More is better: an answer, or a longer beginning explained."""
    return decision.answer != "unknown", len(decision.order)


def _effort(number: int) -> int:
    """Steps for each event in the round of this number."""
    return int(_FIRST_EFFORT * _MORE_EFFORT**number)


def _register(
    form: RegisterForm, model: Model, budget: Budget, deadline: Deadline, most_rounds: int | None
) -> Decision:
    problem = form.problem
    bound: int | None = None
    engine = "stale"
    if zones.applies(form):
        decision = zones.decide(problem, lambda _: form)
        if not (form.kind == DIFFERS).any():
            return replace(decision, engine="zones")
        if decision.answer == "valid":
            order = zones.insert(form, decision.order)
            if order is not None:
                return Decision("valid", order=order, engine="zones")
        bound, engine = decision.stuck, "zones"
    else:
        found = stale_read.find_stale_read(form)
        if found is not None:
            bound = int(problem.ret[found[1]])
    if bound is None:
        return _search(form, model, budget, deadline, most_rounds)

    def search(part: Problem) -> Decision:
        form = register_form(part, model)
        assert form is not None
        return _search(form, model, budget, deadline, _ROUNDS_FOR_A_PLACE)

    return _earlier(problem, bound, engine, search)


def _earlier(problem: Problem, bound: int, engine: str, search: Callable[[Problem], Decision]) -> Decision:
    """Nothing explains the return at `bound`, as `engine` found out. Was anything before it inexplicable already?"""
    start = problem.before(bound)
    before = search(start)
    mine = np.searchsorted(problem.number, start.number)
    order = mine[before.order].tolist()
    if before.stuck is not None:
        return Decision(
            "invalid", order=order, stuck=int(problem.ret[mine[start.event_op[before.stuck]]]), engine=before.engine
        )
    return Decision("invalid", order=order, stuck=bound, engine=engine, stuck_is_first=before.answer == "valid")


def _search(form: RegisterForm, model: Model, budget: Budget, deadline: Deadline, most_rounds: int | None) -> Decision:
    best = Decision("unknown", engine="wgl")
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
