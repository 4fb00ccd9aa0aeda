"""The default engine: the fastest algorithm for the form of the problem, and a search where there is none.

    register     every value set once?     zones: valid with its order, or invalid
                 a stale read?             invalid, at its return or earlier; a search of what came before says which
                 otherwise                 a search: wgl, narrow sweeps and lazy by turns
    appends      always                    zones
    container    always                    monitors; a search where takes of unknown outcome leave a doubt
    set          always                    monitors
    tally        always                    monitors
    no form      a FIFO queue?             a search for one line of pairs
                 a set, never read whole?  each element is a register
                 versions, or one list?    they shorten the intervals, then wgl
                 otherwise                 wgl, then wgl with what operations need, or a sweep that goes back

Nothing runs in parallel. Each question costs about as much as sorting the operations. Of the searches wgl is fastest on
easy histories, and most histories are easy; narrow sweeps of `linear` and lazy are hardly slower on hard ones. After
its first turn wgl also looks at what operations need.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from clew.checkers import line, pinned, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.forms import AppendForm, ContainerForm, Form, RegisterForm, SetForm, TallyForm
from clew.checkers.models.model import Model
from clew.checkers.monitors import containers, elements, sets, stale_read, tallies, zones
from clew.checkers.monitors.first_unexplained import decide_beginnings
from clew.checkers.register_memo import register_memo
from clew.checkers.verdict import Budget

_FIRST_EFFORT = 20
"""Steps of a search for each event, in the first round. Legal histories of 5 processes take wgl 2 steps an event, of 10
processes 9, and more if outcomes are unknown (measured on the grid of `tests.benchmarks.checker`). So most are decided
in its first turn, and a hard one does not keep lazy waiting for long."""
_MORE_EFFORT = 10
"""How many times as many steps each round has. Everything before the last round then costs a ninth of it at most."""
_FIRST_WIDTHS = (8, 32)
"""Configurations that lazy keeps in the first round. Of the 32 kinds of histories in the grid of
`tests.benchmarks.checker`, 8 configurations decide 14 within two million steps, and 32 decide another 7. Five of the 14
take 32 configurations too long, so both widths are tried."""
_MORE_WIDTH = 16
"""How many times as many configurations each round keeps: the widths are 8, 32, 128, 512, and so on, each tried once.
Not measured: a wider sweep is complete more often and takes longer."""
_FIRST_SWEEPS = (32, 128)
"""Configurations that a narrow sweep keeps in the first round. Measured on compare-and-sets of 20 values, 50 processes
and 10 % of unknown outcomes: 32 take 0.3 s for 1,000 operations if the sweep comes to its end, 128 take 1.5 s."""
_SWEPT = 200
"""Operations that a narrow sweep may try for a step of wgl: more than it needs to come to its end."""
_FEWEST_EVENTS = 100_000
"""A shorter history gets the steps of one of this many events: two million, one or two tenths of a second."""
_BACK, _TRIED = 100, 150
"""Configurations that a sweep that goes back keeps at first; and operations that it tries for a step of wgl before it.
That takes a few seconds at most."""
_LOOKS = 8
"""Operations that `line` looks at in the time of a step of wgl, about."""
_ROUNDS_FOR_EARLIER = 1
"""Rounds to look for an earlier violation. The answer is known already, so one round must do."""


def decide(
    problem: Problem,
    form: Form | None,
    model: Model,
    budget: Budget,
    deadline: Deadline,
    *,
    most_rounds: int | None = None,
) -> Decision:
    """Decide one problem, whose form is `form` (see `form_of`).

    `most_rounds` bounds the search by something that is the same on every machine. When the rounds are used up, the
    answer is "unknown" and `why` is "time".
    """
    steps = None if most_rounds is None else _effort(most_rounds - 1) * max(_FEWEST_EVENTS, len(problem.event_op))
    match form:
        case RegisterForm():
            return _decide_register(form, model, budget, deadline, most_rounds)
        case AppendForm():
            return zones.decide_appends(form)
        case SetForm():
            return sets.decide(form)
        case TallyForm():
            return tallies.decide(form)
        case ContainerForm():
            return _decide_container(form, model, budget, deadline, steps)
    parts = elements.forms_by_element(problem, model)
    if parts is not None:
        return elements.decide(
            problem, parts, lambda part: _decide_register(part, model, budget, deadline, most_rounds)
        )
    if line.applies(model):
        return line.decide(problem, model, budget, deadline, effort=_looks(steps))
    if pinned.applies(problem, model):
        return pinned.decide(problem, model, budget, deadline, steps=steps)
    return decide_beginnings(lambda part: _search_any(part, model, budget, deadline, steps), problem)


def _search_any(problem: Problem, model: Model, budget: Budget, deadline: Deadline, steps: int | None) -> Decision:
    """wgl. If the model says nothing of what its operations need, a sweep that goes back has a turn between.

    If invalid, `stuck` may be None.
    """
    short = _FIRST_EFFORT * max(_FEWEST_EVENTS, len(problem.event_op))
    if type(model).needs is not Model.needs or (steps is not None and steps <= short):
        return wgl.answer_in_turns(problem, model, budget, deadline, steps=steps)
    first = wgl.decide(problem, model, budget, deadline, steps=short)
    if first.answer != "unknown" or deadline.passed():
        return first
    # Imported here: its kernels take seconds to compile, once after an install, and most histories never need them.
    from clew.checkers import linear

    second = linear.decide_going_back(problem, model, budget, deadline, _BACK, _TRIED * short)
    if second.answer != "unknown" or deadline.passed():
        return max(first, second, key=_progress)
    return max(second, wgl.decide(problem, model, budget, deadline, steps=steps), key=_progress)


def _decide_container(
    form: ContainerForm, model: Model, budget: Budget, deadline: Deadline, steps: int | None
) -> Decision:
    problem = form.problem
    decision = containers.decide(form)
    if decision.answer == "unknown" and line.applies(model):
        return max(decision, line.decide(problem, model, budget, deadline, effort=_looks(steps)), key=_progress)
    if decision.answer == "unknown":
        return max(decision, wgl.decide(problem, model, budget, deadline, steps=steps), key=_progress)
    if decision.answer == "invalid" and not decision.stuck_is_first:
        assert decision.stuck is not None

        def search(beginning: Problem) -> Decision:
            return wgl.decide(beginning, model, budget, deadline, steps=_FEWEST_EVENTS)

        return _look_earlier(problem, decision.stuck, "monitors", search)
    return decision


def _decide_register(
    form: RegisterForm, model: Model, budget: Budget, deadline: Deadline, most_rounds: int | None
) -> Decision:
    problem = form.problem
    stuck: int | None = None
    engine = "stale"
    if form.values_set_once:
        decision = zones.decide_register(form)
        if not form.has_mismatches:
            return decision
        if decision.answer == "valid":
            order = zones.insert_mismatches(form, decision.order)
            if order is not None:
                return replace(decision, order=order)
        stuck, engine = decision.stuck, "zones"
    else:
        found = stale_read.find_stale_read(form)
        if found is not None:
            stuck = int(problem.ret[found.read])
    if stuck is None:
        return _search(form, model, budget, deadline, most_rounds)

    def search(beginning: Problem) -> Decision:
        part = form.only(_places(beginning, problem), beginning)
        return _search(part, model, budget, deadline, _ROUNDS_FOR_EARLIER)

    return _look_earlier(problem, stuck, engine, search)


def _look_earlier(problem: Problem, stuck: int, engine: str, search: Callable[[Problem], Decision]) -> Decision:
    """`engine` found that no order explains the return at `stuck`. Search what came before for an earlier violation."""
    beginning = problem.before(stuck)
    before = search(beginning)
    places = _places(beginning, problem)
    order = places[before.order].tolist()
    if before.stuck is not None:
        earlier = int(problem.ret[places[beginning.event_op[before.stuck]]])
        return Decision("invalid", order=order, stuck=earlier, engine=before.engine)
    return Decision("invalid", order=order, stuck=stuck, engine=engine, stuck_is_first=before.answer == "valid")


def _places(part: Problem, whole: Problem) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """For each operation of a part of a problem its index in the whole problem."""
    return np.searchsorted(whole.number, part.number)


def _search(form: RegisterForm, model: Model, budget: Budget, deadline: Deadline, most_rounds: int | None) -> Decision:
    """wgl, narrow sweeps and lazy by turns, in rounds of growing effort: what one cannot decide, another often can."""
    best = Decision("unknown", engine="wgl")
    events = max(_FEWEST_EVENTS, len(form.problem.event_op))
    for number in itertools.count():
        effort = _effort(number)
        depth = _depth(form, model, budget, deadline, effort * events, hope=number > 0)
        if depth.answer != "unknown":
            return depth
        best = max(best, depth, key=_progress)
        if deadline.passed():
            break
        # Imported here: the kernels of both take long to compile, once after an install, and most histories never need
        # them.
        from clew.checkers import lazy, linear

        widths = [width * _MORE_WIDTH**number for width in _FIRST_SWEEPS]
        swept = linear.decide_narrowly(form.problem, model, budget, deadline, widths, _SWEPT * effort * events)
        if swept.answer != "unknown":
            return swept
        best = max(best, swept, key=_progress)
        if deadline.passed():
            break
        widths = [width * _MORE_WIDTH**number for width in _FIRST_WIDTHS]
        breadth = lazy.decide(form, budget, deadline, widths, effort * max(events, 4 * _FEWEST_EVENTS))
        if breadth.answer != "unknown":
            return breadth
        best = max(best, breadth, key=_progress)
        if depth.why == swept.why == breadth.why == "memory" and not deadline.passed():
            return replace(best, why="memory")
        if deadline.passed() or number + 1 == most_rounds:
            break
    return replace(best, why="time")


def _depth(form: RegisterForm, model: Model, budget: Budget, deadline: Deadline, steps: int, *, hope: bool) -> Decision:
    """wgl's turn. After the first round it looks at what operations need; see `clew.checkers.wgl.needs`."""
    memo = None if hope else register_memo(form, model)

    def search(part: Problem) -> Decision:
        return wgl.decide(part, model, budget, deadline, steps=steps, memo=memo, hope=hope)

    return decide_beginnings(search, form.problem)


def _looks(steps: int | None) -> int | None:
    """What `line` can look at while wgl makes so many steps."""
    return None if steps is None else _LOOKS * steps


def _effort(number: int) -> int:
    """Steps for each event in the round of this number."""
    return int(_FIRST_EFFORT * _MORE_EFFORT**number)


def _progress(decision: Decision) -> tuple[bool, int]:
    """The greater, the better the decision: any answer is best, then a longer beginning that is explained."""
    return decision.answer != "unknown", len(decision.order)
