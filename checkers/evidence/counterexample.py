"""The counterexample of a violation: the few operations that are impossible together, whatever all the others did.

An invalid history is explained by as few *obligations* as possible. An operation that is not in the counterexample is
let go: it may take effect, between its call and its return as before, or not, and what it returned is forgotten. If
what is left is still impossible, so was the history; and so are the operations of the counterexample alone, which is
the special case that none of the others took effect. Taking an operation out altogether would show less: then a read of
5 could be accused only because the one write of 5 was taken out.

To be readable, the counterexample also names for every value that it observes one operation that set it, if there is
any.

Of queues and stacks this would show too little: somebody whose result is forgotten may have taken anything. There, if
every element is put once, the counterexample is all that was done to as few elements as possible, and the others did
what they say they did, to other elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from clew.checkers import exhaustive, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem, arrange
from clew.checkers.forms import DIFFERS, READS, SWAPS, RegisterForm, register_form
from clew.checkers.memo import Memo
from clew.checkers.models.model import INFO, MISMATCH, OK, Model, ModelOperation
from clew.checkers.models.register import CasRegister
from clew.checkers.monitors import appends, containers, sets, stale_read, zones
from clew.checkers.monitors.lifetimes import NO_KIND, TAKES_ANY, ContainerForm, container_form
from clew.checkers.verdict import Budget

_TRIES = 5_000
_STEPS = 100_000
_STEPS_IN_ALL = 3_000_000
_SMALL = 8

Mask = NDArray[np.bool_]
Impossible = Callable[[Mask], bool]
"""Whether a problem stays impossible, for all that can be found out, if everything outside a set is let go."""


def find_counterexample(problem: Problem, model: Model, stuck: int, deadline: Deadline) -> list[int]:
    """Operations (indices) of the smallest counterexample found for a problem that is invalid at position `stuck`.

    Deterministic unless `deadline` cuts it short; then, and where the search is too hard, it is
    larger than it need be.
    """
    past = problem.ret <= stuck
    form = register_form(problem, model)
    lives = container_form(problem, model)
    if form is not None and zones.applies(form) and not (form.kind == DIFFERS).any():
        tries = _by_zones(form)
    elif form is not None:
        tries = _by_search(*_let_go_register(form), deadline)
    elif appends.forms(problem, model) is not None:
        tries = _by_appends(problem, model)
    elif lives is not None and containers.explain(lives, stuck + 1)[0] == "invalid":
        tries = _by_lives(lives, stuck)
    elif (elements := sets.set_form(problem, model)) is not None:
        tries = _by_elements(elements)
    else:
        tries = _by_search(*_let_go(problem, model), deadline)
    tries_left = _TRIES

    def impossible(counterexample: Mask) -> bool:
        nonlocal tries_left
        tries_left -= 1
        return tries_left >= 0 and not deadline.passed() and tries(counterexample)

    counterexample = _suspects(form, past)
    if not (counterexample.any() and impossible(counterexample)):
        if not impossible(past):
            # What was open then can matter with the result that it got later.
            past |= (problem.call < stuck) & (problem.ret != NEVER)
        counterexample = _recent(problem, past, impossible)
    counterexample = _fewer(problem, counterexample, impossible)
    if form is not None:
        counterexample = counterexample | _setters(form, counterexample)
    elif lives is not None:
        counterexample = _whole_lives(lives, counterexample)
    kept = np.flatnonzero(counterexample)
    if len(kept) <= _SMALL:
        assert exhaustive.linearize(problem.only(counterexample), model) is None
    order: list[int] = kept.tolist()
    return order


def _suspects(form: RegisterForm | None, past: Mask) -> Mask:
    """A stale read and what had replaced the value it returned, if that is what is wrong."""
    suspects = np.zeros(len(past), np.bool_)
    found = None if form is None else stale_read.find_stale_read(form)
    if found is not None:
        suspects[[op for op in found if op >= 0]] = True
    return suspects & past


def _recent(problem: Problem, past: Mask, impossible: Impossible) -> Mask:
    """The operations that returned last, as few of them as are impossible; all if no fewer are."""
    returned = np.flatnonzero(past)[np.argsort(problem.ret[past])][::-1]
    size = 2
    while size < len(returned):
        counterexample = np.zeros(len(problem), np.bool_)
        counterexample[returned[:size]] = True
        if impossible(counterexample):
            return counterexample
        size *= 2
    return past


def _fewer(problem: Problem, counterexample: Mask, impossible: Impossible) -> Mask:
    """Leave out halves, quarters, ... and single operations, oldest first, as long as the rest is impossible."""
    size = max(1, int(counterexample.sum()) // 2)
    while True:
        smaller = False
        for chunk in _chunks(np.flatnonzero(counterexample), size):
            fewer = counterexample.copy()
            fewer[chunk] = False
            if fewer.any() and impossible(fewer):
                counterexample, smaller = fewer, True
        if size == 1 and not smaller:
            return counterexample
        size = max(1, size // 2)


def _chunks(ops: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    return (ops[begin : begin + size] for begin in range(0, len(ops), size))


def _by_zones(form: RegisterForm) -> Impossible:
    """Where values are set once: what is let go may even take effect at any time after its call, and does if needed."""
    problem = form.problem
    setter = np.full(form.values, -1, np.int64)
    setting = np.flatnonzero(form.sets >= 0)
    setter[form.sets[setting]] = setting

    def impossible(counterexample: Mask) -> bool:
        needed = counterexample.copy()
        wave = np.flatnonzero(counterexample)
        while len(wave):
            values = form.needs[wave]
            authors = np.unique(setter[values[values >= 0]])
            wave = authors[(authors >= 0) & ~needed[authors]]
            needed[wave] = True
        kept = np.flatnonzero(needed)
        relaxed = arrange(
            problem.key, problem.number[kept], problem.cls[kept], problem.call[kept],
            np.where(counterexample, problem.ret, NEVER)[kept], problem.classes, problem.observer,
        )  # fmt: skip
        part = RegisterForm(relaxed, form.kind[kept], form.needs[kept], form.sets[kept], form.initial, form.values)
        return zones.order_of(part, len(relaxed.event_op)) is None

    return impossible


def _by_appends(problem: Problem, model: Model) -> Impossible:
    """Where pieces are unique: what is let go may take effect at any time after its call, and does if it is read."""

    def impossible(counterexample: Mask) -> bool:
        kept = np.flatnonzero(counterexample | ~problem.observer[problem.cls])
        relaxed = arrange(
            problem.key, problem.number[kept], problem.cls[kept], problem.call[kept],
            np.where(counterexample, problem.ret, NEVER)[kept], problem.classes, problem.observer,
        )  # fmt: skip
        form_at = appends.forms(relaxed, model)
        last = len(relaxed.event_op)
        return form_at is not None and zones.order_of(form_at(last), last) is None

    return impossible


def _by_lives(form: ContainerForm, stuck: int) -> Impossible:
    """Where elements are unique: what is let go did what it says, but to other elements than those of the
    counterexample; what is not possible without those is not possible with them either (see `lives`)."""

    def impossible(counterexample: Mask) -> bool:
        kept = _whole_lives(form, counterexample) | (form.kind == TAKES_ANY)
        part = replace(form, kind=np.where(kept, form.kind, NO_KIND).astype(np.int8))
        return containers.explain(part, stuck + 1)[0] == "invalid"

    return impossible


def _whole_lives(form: ContainerForm, counterexample: Mask) -> Mask:
    """The operations of a counterexample, and what else was done to their elements."""
    mine = np.zeros(form.elements + 1, np.bool_)
    mine[form.element[counterexample & (form.element >= 0) & (form.element < form.elements)]] = True
    return counterexample | ((form.element >= 0) & mine[form.element])


def _by_elements(form: sets.SetForm) -> Impossible:
    """Where elements are added once: what is let go may take effect at any time after its call, whatever it said."""
    problem = form.problem

    def impossible(counterexample: Mask) -> bool:
        relaxed = arrange(
            problem.key, problem.number, problem.cls, problem.call, np.where(counterexample, problem.ret, NEVER),
            problem.classes, problem.observer,
        )  # fmt: skip
        answer = np.where(counterexample, form.answer, sets.UNKNOWN).astype(np.int8)
        return sets.order_of(replace(form, problem=relaxed, answer=answer), len(relaxed.event_op)) is None

    return impossible


LetGo = Callable[[Mask], tuple[Problem, Mask]]
"""From a counterexample to a problem in which everything else is optional, and what is. Their classes are the same."""


def _by_search(let_go: LetGo, memo: Memo, model: Model, deadline: Deadline) -> Impossible:
    """By trying, within a number of steps: what takes more counts as possible."""
    steps_left = _STEPS_IN_ALL

    def impossible(counterexample: Mask) -> bool:
        nonlocal steps_left
        if steps_left <= 0:
            return False
        relaxed, optional = let_go(counterexample)
        decision = wgl.decide(
            relaxed, model, Budget(bytes=1 << 24), deadline, optional=optional, steps=_STEPS, memo=memo
        )
        steps_left -= _STEPS if decision.answer == "unknown" else _STEPS // 10
        return decision.answer == "invalid"

    return impossible


def _let_go(problem: Problem, model: Model) -> tuple[LetGo, Memo, Model]:
    forgotten = tuple(ModelOperation(op.f, op.argument, None, INFO, op.process) for op in problem.classes)
    classes = problem.classes + forgotten
    observer = np.concatenate((problem.observer, np.fromiter(map(model.observes, forgotten), np.bool_, len(forgotten))))

    def let_go(counterexample: Mask) -> tuple[Problem, Mask]:
        cls = np.where(counterexample, problem.cls, problem.cls + len(problem.classes)).astype(np.int32)
        keep = counterexample | ~(problem.observer[problem.cls] | observer[cls])
        relaxed = arrange(
            problem.key, problem.number[keep], cls[keep], problem.call[keep], problem.ret[keep],
            classes, observer,
        )  # fmt: skip
        return relaxed, ~counterexample[keep]

    return let_go, Memo(model, classes), model


def _let_go_register(form: RegisterForm) -> tuple[LetGo, Memo, Model]:
    """For registers most of what is let go cannot matter: what sets a value that the counterexample does not need, and
    of what sets a needed one before the counterexample begins all but the last. A compare-and-set that is let go
    becomes a write, which lets it do more, not less."""
    problem = form.problem
    model = CasRegister()
    numbers: dict[ModelOperation, int] = {}
    values = form.values + 1
    code = (form.kind.astype(np.int64) * values + form.needs + 1) * values + form.sets + 1
    _, first, alike = np.unique(code, return_index=True, return_inverse=True)
    obliged, free = (
        np.array([numbers.setdefault(_operation(form, op, kept), len(numbers)) for op in first.tolist()], np.int32)
        for kept in (True, False)
    )
    obliged, free = obliged[alike], free[alike]
    classes = tuple(numbers)
    observer = np.fromiter(map(model.observes, classes), np.bool_, len(classes))
    sets_something = form.sets >= 0
    needing = (form.kind == READS) | (form.kind == SWAPS)

    def let_go(counterexample: Mask) -> tuple[Problem, Mask]:
        needed = np.zeros(form.values, np.bool_)
        needed[form.needs[counterexample & needing]] = True
        helps = ~counterexample & sets_something & (problem.call < problem.ret[counterexample].max())
        if not (counterexample & (form.kind == DIFFERS)).any():
            helps &= needed[form.sets]
        early = np.flatnonzero(helps & (problem.ret < problem.call[counterexample].min()))
        early = early[np.argsort(problem.ret[early])]
        helps[early] = False
        last = np.full(form.values, -1, np.int64)
        last[form.sets[early]] = early
        helps[last[last >= 0]] = True
        kept = np.flatnonzero(counterexample | helps)
        optional = ~counterexample[kept]
        relaxed = arrange(
            problem.key, problem.number[kept], np.where(optional, free[kept], obliged[kept]), problem.call[kept],
            problem.ret[kept], classes, observer,
        )  # fmt: skip
        return relaxed, optional

    return let_go, Memo(model, classes), model


def _operation(form: RegisterForm, op: int, obliged: bool) -> ModelOperation:
    needs, sets = (None if value == form.initial else int(value) for value in (form.needs[op], form.sets[op]))
    if not obliged:
        return ModelOperation("write", sets, None, INFO)
    kind = form.kind[op]
    if kind == DIFFERS:
        return ModelOperation("cas", (needs, "another"), None, MISMATCH)
    if kind == SWAPS:
        return ModelOperation("cas", (needs, sets), (needs, sets), OK)
    return ModelOperation("read", None, needs, OK) if kind == READS else ModelOperation("write", sets, sets, OK)


def _setters(form: RegisterForm, counterexample: Mask) -> Mask:
    """For every value that the counterexample needs and does not set: the last to return of those that may have set
    it."""
    problem = form.problem
    more = np.zeros(len(problem), np.bool_)
    needed = set(form.needs[counterexample & (form.needs >= 0) & (form.kind != DIFFERS)].tolist())
    for value in needed - set(form.sets[counterexample].tolist()) - {form.initial}:
        observed = problem.ret[counterexample & (form.needs == value)].min()
        setters = np.flatnonzero((form.sets == value) & (problem.call < observed))
        if len(setters):
            more[setters[np.argmax(np.where(problem.ret[setters] == NEVER, -1, problem.ret[setters]))]] = True
    return more
