"""The counterexample of a violation: a few operations that are impossible together, whichever of the others took
effect.

An invalid history is explained by as few *obligations* as possible. An operation outside the counterexample is *let
go*: it may take effect between its call and its return, or not at all, and its result is forgotten. If what is left is
still impossible, then so was the history, and so are the operations of the counterexample alone (the case in which no
other operation took effect). Removing the others instead of letting them go would prove less: a read of 5 could then be
accused only because the one write of 5 had been removed.

To be readable, the counterexample also holds one operation that set each value it observes, if there is one. If adds
were counted, it holds those that a read has found, if they are few.

Containers are different: an operation whose result is forgotten may have taken any element, so nothing would be
impossible. If every element is put once, the counterexample holds everything that was done to as few elements as
possible. The other operations did what they say they did, to other elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from msgspec.structs import replace

from clew.checkers import exhaustive, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem, arrange
from clew.checkers.evidence.windows import by_windows, windows_of
from clew.checkers.forms import (
    DIFFERS,
    LEFT_OUT,
    READS,
    SWAPS,
    TAKES_ANY,
    UNKNOWN,
    AppendForm,
    ContainerForm,
    Form,
    Ints,
    Mask,
    RegisterForm,
    SetForm,
    TallyForm,
)
from clew.checkers.memo import Memo
from clew.checkers.models.model import INFO, MISMATCH, OK, Model, ModelOperation
from clew.checkers.models.register import CasRegister
from clew.checkers.monitors import appends, containers, sets, stale_read, tallies, zones
from clew.checkers.verdict import Budget

_TRIES = 5_000
"""Subsets that are tried. To find k of n operations, delta debugging takes about 2 k log n tries, so these are enough
for more than a hundred operations of a hundred thousand."""
_STEPS = 100_000
"""Steps of one search, about 5 milliseconds. A set that takes more counts as possible."""
_STEPS_IN_ALL = 3_000_000
"""Steps of all searches together: a fraction of a second, so that an explanation does not take long."""
_FEW_ADDS = 7
"""Adds that are listed to show what a read has found."""
_SMALL = 8
"""A counterexample of at most this many operations is checked by `exhaustive` too, in milliseconds."""

Impossible = Callable[[Mask], bool]
"""Whether a problem stays impossible if everything outside a set is let go. False if that is not known."""


def find_counterexample(problem: Problem, form: Form | None, model: Model, stuck: int, deadline: Deadline) -> list[int]:
    """Operations (indices) of the smallest counterexample found for a problem that is invalid at position `stuck`.

    `form` is the form of the problem. The result is deterministic unless `deadline` ends the search. Then, and where
    the search is too hard, the counterexample is larger than it need be.
    """
    past = problem.ret <= stuck
    try_set = _tries(problem, form, model, stuck, deadline)
    tries_left = _TRIES

    def impossible(counterexample: Mask) -> bool:
        nonlocal tries_left
        tries_left -= 1
        return tries_left >= 0 and not deadline.passed() and try_set(counterexample)

    counterexample = _suspects(problem, form, model, past)
    if not (counterexample.any() and impossible(counterexample)):
        if not impossible(past):
            # An operation that was open then can matter with the result that it got later.
            past |= (problem.call < stuck) & (problem.ret != NEVER)
        counterexample = _recent(problem, past, impossible)
    counterexample = fewer(counterexample, impossible, lambda: tries_left < 0 or deadline.passed())
    if isinstance(form, RegisterForm):
        counterexample = counterexample | _setters(form, counterexample)
    elif isinstance(form, ContainerForm):
        counterexample = _whole_lifetimes(form, counterexample)
    elif isinstance(form, TallyForm):
        counterexample = counterexample | _what_was_found(form, counterexample)
    # What began after the violation cannot matter.
    counterexample &= problem.call < stuck
    kept = np.flatnonzero(counterexample)
    if len(kept) <= _SMALL:
        assert exhaustive.linearize(problem.only(counterexample), model) is None
    order: list[int] = kept.tolist()
    return order


def _tries(problem: Problem, form: Form | None, model: Model, stuck: int, deadline: Deadline) -> Impossible:
    """How to find out whether a set is impossible: by sorting if the form allows it, otherwise by a search."""
    match form:
        case RegisterForm():
            if form.values_set_once and not form.has_mismatches:
                return by_zones(form)
            return by_search(*_let_go_register(form), deadline)
        case AppendForm():
            return _by_appends(form)
        case SetForm():
            return _by_elements(form)
        case TallyForm():
            return by_tally(form)
        case ContainerForm():
            if containers.explain(form, stuck + 1)[0] == "invalid":
                return _by_lifetimes(form, stuck)
    return by_windows(problem, model, by_search(*let_go(problem, model), deadline))


def _suspects(problem: Problem, form: Form | None, model: Model, past: Mask) -> Mask:
    """A stale read and what had replaced the value that it returned, if that is what is wrong; or what does not add up
    in a container."""
    if form is None and model.discipline is not None:
        return windows_of(problem, model)(past)
    suspects = np.zeros(len(past), np.bool_)
    found = stale_read.find_stale_read(form) if isinstance(form, RegisterForm) else None
    if found is not None:
        suspects[[op for op in found if op is not None]] = True
    return suspects & past


def _recent(problem: Problem, past: Mask, impossible: Impossible) -> Mask:
    """The last 2, 4, 8, ... operations to return, as soon as they are impossible; all if none are."""
    returned = np.flatnonzero(past)[np.argsort(problem.ret[past])][::-1]
    size = 2
    while size < len(returned):
        counterexample = np.zeros(len(problem), np.bool_)
        counterexample[returned[:size]] = True
        if impossible(counterexample):
            return counterexample
        size *= 2
    return past


def fewer(counterexample: Mask, impossible: Impossible, over: Callable[[], bool]) -> Mask:
    """Leave out halves, quarters, ... and at last single operations, oldest first, as long as the rest is impossible.

    This is delta debugging (Zeller & Hildebrandt, "Simplifying and isolating failure-inducing input", TSE 28(2), 2002,
    section 3.2), by complements only. At the end no single operation can be left out, unless it is `over` before that.
    """
    size = max(1, int(counterexample.sum()) // 2)
    while True:
        smaller = False
        for chunk in _chunks(np.flatnonzero(counterexample), size):
            if over():
                return counterexample
            fewer = counterexample.copy()
            fewer[chunk] = False
            if fewer.any() and impossible(fewer):
                counterexample, smaller = fewer, True
        if size == 1 and not smaller:
            return counterexample
        size = max(1, size // 2)


def _chunks(ops: Ints, size: int) -> Iterator[Ints]:
    return (ops[begin : begin + size] for begin in range(0, len(ops), size))


def by_zones(form: RegisterForm) -> Impossible:
    """Where values are set once: an operation that is let go takes effect in its interval if another one needs its
    value, and otherwise not at all."""

    def impossible(counterexample: Mask) -> bool:
        needed = needed_by(form, counterexample)
        part = form.problem.only(needed)
        ops = np.flatnonzero(needed)
        return zones.order_of(form.only(ops, part), len(part.event_op), counterexample[ops]) is None

    return impossible


def needed_by(form: RegisterForm, counterexample: Mask) -> Mask:
    """The counterexample, the operations that set the values it needs, those that set what these need, and so on.

    Of a form whose values are set once.
    """
    setter = np.full(form.values, -1, np.int64)
    setting = np.flatnonzero(form.sets >= 0)
    setter[form.sets[setting]] = setting
    needed = counterexample.copy()
    wave = np.flatnonzero(counterexample)
    while len(wave):
        values = form.needs[wave]
        authors = np.unique(setter[values[values >= 0]])
        wave = authors[(authors >= 0) & ~needed[authors]]
        needed[wave] = True
    return needed


def _by_appends(form: AppendForm) -> Impossible:
    """Where pieces are unique: an append that is let go may take effect at any time after its call, and does so if
    an operation reads its piece."""
    problem = form.problem

    def impossible(counterexample: Mask) -> bool:
        kept = np.flatnonzero(counterexample | ~problem.observer[problem.cls])
        relaxed = arrange(
            problem.key, problem.number[kept], problem.cls[kept], problem.call[kept],
            np.where(counterexample, problem.ret, NEVER)[kept], problem.classes, problem.observer,
        )  # fmt: skip
        last = len(relaxed.event_op)
        return zones.order_of(appends.register_form_at(form.only(kept, relaxed), last), last) is None

    return impossible


def _by_lifetimes(form: ContainerForm, stuck: int) -> Impossible:
    """Where elements are put once: an operation that is let go did what it says, but to an element that is none of the
    counterexample's. What is impossible without those elements is impossible with them too (see `lifetimes`)."""

    def impossible(counterexample: Mask) -> bool:
        kept = _whole_lifetimes(form, counterexample) | (form.kind == TAKES_ANY)
        part = replace(form, kind=np.where(kept, form.kind, LEFT_OUT).astype(np.int8))
        return containers.explain(part, stuck + 1)[0] == "invalid"

    return impossible


def _whole_lifetimes(form: ContainerForm, counterexample: Mask) -> Mask:
    """The operations of a counterexample, and everything else that was done to their elements."""
    mine = np.zeros(form.elements + 1, np.bool_)
    mine[form.element[counterexample & (form.element >= 0) & (form.element < form.elements)]] = True
    return counterexample | ((form.element >= 0) & mine[form.element])


def _by_elements(form: SetForm) -> Impossible:
    """Where elements are added once: an operation that is let go may take effect at any time after its call, whatever
    it returned."""
    problem = form.problem

    def impossible(counterexample: Mask) -> bool:
        relaxed = arrange(
            problem.key, problem.number, problem.cls, problem.call, np.where(counterexample, problem.ret, NEVER),
            problem.classes, problem.observer,
        )  # fmt: skip
        answer = np.where(counterexample, form.answer, UNKNOWN).astype(np.int8)
        return sets.order_of(replace(form, problem=relaxed, answer=answer), len(relaxed.event_op)) is None

    return impossible


def by_tally(form: TallyForm) -> Impossible:
    """Where things are counted: an add that is let go may take effect at any time after its call, or not at all."""
    return lambda those: tallies.order_of(form, len(form.problem.event_op), those) is None


def _what_was_found(form: TallyForm, counterexample: Mask) -> Mask:
    """The adds that one read has found, if they are few.

    A read that is impossible alone has found a thing more often than it had been added by then: all adds of this thing.
    A read that has missed adds may have found later ones of another thing: the first of these, as many as it found.
    """
    problem, nothing = form.problem, np.zeros(len(counterexample), np.bool_)
    reads = np.flatnonzero(counterexample & (form.thing < 0))
    if len(reads) != 1:
        return nothing
    missed = counterexample & (form.thing >= 0)
    begun = problem.call < problem.ret[reads[0]]
    for thing, often in form.found[form.read[reads[0]]].items():
        adds = np.flatnonzero(begun & (form.thing == thing))
        if not missed.any():
            tells = often > len(adds)
        else:
            tells = often <= len(adds) and problem.call[adds[often - 1]] > problem.ret[missed].max()
            adds = adds[:often]
        if tells and len(adds) <= _FEW_ADDS:
            nothing[adds] = True
            break
    return nothing


LetGo = Callable[[Mask], tuple[Problem, Mask]]
"""From a counterexample to a problem in which every other operation is optional, and a mask of the optional ones. All
these problems have the same classes."""


def by_search(relax: LetGo, memo: Memo, model: Model, deadline: Deadline) -> Impossible:
    """By searching, within a number of steps. What takes more steps counts as possible."""
    steps_left = _STEPS_IN_ALL

    def impossible(counterexample: Mask) -> bool:
        nonlocal steps_left
        if steps_left <= 0:
            return False
        relaxed, optional = relax(counterexample)
        decision = wgl.decide(
            relaxed, model, Budget(bytes=1 << 24), deadline, optional=optional, steps=_STEPS, memo=memo
        )
        steps_left -= _STEPS if decision.answer == "unknown" else _STEPS // 10
        return decision.answer == "invalid"

    return impossible


def let_go(problem: Problem, model: Model) -> tuple[LetGo, Memo, Model]:
    """How to let operations of any model go, with what `by_search` needs: their results are forgotten.

    A swap that missed failed: it did nothing, let go or not. But a take that found nothing may have taken something.
    """
    forgotten = tuple(ModelOperation(op.f, op.argument, None, INFO, op.process) for op in problem.classes)
    classes = problem.classes + forgotten
    observer = np.concatenate((problem.observer, np.fromiter(map(model.observes, forgotten), np.bool_, len(forgotten))))
    missed = np.fromiter((op.outcome == MISMATCH for op in problem.classes), np.bool_, len(problem.classes))

    def relax(counterexample: Mask) -> tuple[Problem, Mask]:
        cls = np.where(counterexample, problem.cls, problem.cls + len(problem.classes)).astype(np.int32)
        keep = counterexample | ~(missed[problem.cls] | observer[cls])
        relaxed = arrange(
            problem.key, problem.number[keep], cls[keep], problem.call[keep], problem.ret[keep],
            classes, observer,
        )  # fmt: skip
        return relaxed, ~counterexample[keep]

    return relax, Memo(model, classes), model


def _let_go_register(form: RegisterForm) -> tuple[LetGo, Memo, Model]:
    """For registers, most operations that are let go cannot matter and are left out.

    Those are the operations that set a value which the counterexample does not need, and, of the operations that set a
    needed value and returned before the counterexample begins, all but the last. A compare-and-set that is let go
    becomes a write: a write can do more, so what is impossible then was impossible before.
    """
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

    def relax(counterexample: Mask) -> tuple[Problem, Mask]:
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

    return relax, Memo(model, classes), model


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
    """One operation for every value that the counterexample needs and does not set: of those that may have set it, the
    one that returned last."""
    problem = form.problem
    more = np.zeros(len(problem), np.bool_)
    needed = set(form.needs[counterexample & (form.needs >= 0) & (form.kind != DIFFERS)].tolist())
    for value in needed - set(form.sets[counterexample].tolist()) - {form.initial}:
        observed = problem.ret[counterexample & (form.needs == value)].min()
        setters = np.flatnonzero((form.sets == value) & (problem.call < observed))
        if len(setters):
            more[setters[np.argmax(np.where(problem.ret[setters] == NEVER, -1, problem.ret[setters]))]] = True
    return more
