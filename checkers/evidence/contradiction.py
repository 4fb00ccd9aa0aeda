"""Of a counterexample, the operations that contradict each other; the others only say where a value came from.

    write 5   |--|                              explains: read 5 was possible once
    write 6          |--|                       contradiction
    read 5                  |--|                contradiction

Everything outside the *contradiction* is let go: it takes effect between its call and its return, or not at all, with
any result. Only a swap that missed did nothing, because it failed. What is left is impossible all the same. And no
operation of the contradiction can be let go too: then an order explains the others. `test_contradiction.py` holds both
by brute force.

So that the reader needs to look nowhere else, the counterexample holds the write of 5. For the contradiction this write
need not be proven: its interval is enough. Where appends are read, or elements of a set, a counterexample asks more of
what it lets go: it may take effect after its return too (see `counterexample`). So the return of an append that matters
is listed.

The elements of a container tell more. There the operations outside the counterexample did what they say, to other
elements, and only operations on the elements of the counterexample are let go.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import Problem
from clew.checkers.evidence.counterexample import (
    Impossible,
    by_search,
    by_tally,
    by_zones,
    fewer,
    let_go,
    needed_by,
)
from clew.checkers.evidence.windows import by_windows
from clew.checkers.forms import (
    TAKES_ANY,
    UNKNOWN,
    AppendForm,
    ContainerForm,
    Form,
    Mask,
    RegisterForm,
    SetForm,
    TallyForm,
)
from clew.checkers.models.model import Model
from clew.checkers.monitors import appends, containers, sets, stale_read, zones

_TRIES = 500
"""Sets that are tried. A counterexample of a hundred operations takes about two tries for each."""
_LONGEST = 20_000
"""Operations of a problem that is searched. Every try lays out all of them anew: a few milliseconds for so many."""


def find_contradiction(
    problem: Problem, form: Form | None, model: Model, counterexample: list[int], stuck: int, deadline: Deadline
) -> list[int]:
    """The contradiction (indices) in a counterexample of a problem that is invalid at position `stuck`.

    All of the counterexample if there is no time, or if the search is too hard.
    """
    if len(counterexample) < 2:
        return counterexample
    tries_left = _TRIES
    mask = np.zeros(len(problem), np.bool_)
    mask[counterexample] = True
    number = problem.number
    over = number[mask & (problem.ret <= stuck)]
    if isinstance(form, RegisterForm) and form.values_set_once and not form.has_mismatches:
        kept = needed_by(form, mask)
        problem = problem.only(kept)
        try_set = by_zones(form.only(np.flatnonzero(kept), problem))
    elif isinstance(form, AppendForm):
        try_set = _by_appends(form)
    elif isinstance(form, SetForm):
        try_set = _by_elements(form)
    elif isinstance(form, TallyForm):
        try_set = by_tally(form)
    else:
        kept = np.ones(len(problem), np.bool_)
        if isinstance(form, ContainerForm) and containers.explain(form, stuck + 1)[0] == "invalid":
            kept = mask | (form.kind == TAKES_ANY)
        elif isinstance(form, RegisterForm):
            kept = mask | (form.sets >= 0)
        kept &= mask | (problem.call < problem.ret[mask].max())
        if kept.sum() > _LONGEST:
            return counterexample
        problem = problem.only(kept)
        try_set = by_windows(problem, model, by_search(*let_go(problem, model), deadline))
        if isinstance(form, RegisterForm):
            try_set = _by_stale_read(form.only(np.flatnonzero(kept), problem), try_set)

    def impossible(those: Mask) -> bool:
        nonlocal tries_left
        tries_left -= 1
        return tries_left >= 0 and not deadline.passed() and try_set(those)

    # What had returned by the violation tells more than what returned later.
    everything = np.isin(problem.number, number[counterexample])
    found = next((mask for mask in (np.isin(problem.number, over), everything) if impossible(mask)), None)
    if found is None:
        return counterexample
    found = fewer(found, impossible, lambda: tries_left < 0 or deadline.passed())
    left: list[int] = np.searchsorted(number, problem.number[found]).tolist()
    return left


def _by_stale_read(form: RegisterForm, search: Impossible) -> Impossible:
    """A stale read shows in one pass what can take a search thousands of steps."""
    return lambda those: stale_read.find_stale_read(form, those) is not None or search(those)


def _by_appends(form: AppendForm) -> Impossible:
    problem = form.problem

    def impossible(those: Mask) -> bool:
        kept = those | ~problem.observer[problem.cls]
        part = problem.only(kept)
        last = len(part.event_op)
        register = appends.register_form_at(form.only(np.flatnonzero(kept), part), last)
        return zones.order_of(register, last, those[kept]) is None

    return impossible


def _by_elements(form: SetForm) -> Impossible:
    def impossible(those: Mask) -> bool:
        answer = np.where(those, form.answer, UNKNOWN).astype(np.int8)
        return sets.order_of(replace(form, answer=answer), len(form.problem.event_op), those) is None

    return impossible
