"""From what an engine found to what a person can use: the numbers of the history, event indices, words."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.evidence.claims import (
    Claim,
    Explained,
    FailedTookEffect,
    ImpossibleTogether,
    ManyTogether,
    NeverSet,
    NoOrder,
    OnlyInitial,
    Replaced,
    SetLast,
)
from clew.checkers.forms import ContainerForm, Form, RegisterForm, form_of
from clew.checkers.models.model import SWAP, WRITE, Model
from clew.checkers.replay import state_after
from clew.checkers.verdict import KeyVerdict
from clew.histories.frozen import freeze
from clew.histories.history import FAIL, INFO, History
from clew.histories.rounding import Moments
from clew.histories.text import TAKING, label, plural, printable, state_text, value_text

_FEW = 12
"""A counterexample of at most this many operations is listed in full: half a screen."""
_PAIR = 2
"""A counterexample of at most this many operations is small enough: no sentence is sought that names fewer."""
_TELLING_PART = 10
"""An order of at least one in so many operations is worth a word in an undecided verdict."""
_LONG = 1_000
"""Characters of a state that are printed; of a longer one the beginning and the length."""
_TELLING = ("read", "get", "add-and-get", "propose")
"""Functions whose result is printed even if it equals the argument: `add-and-get 1` that returned 1 says something."""


def key_verdict(
    history: History, model: Model, problem: Problem, form: Form | None, decision: Decision, deadline: Deadline
) -> KeyVerdict:
    """The verdict on one key, in the numbers of the history.

    An invalid key gets a counterexample. The search for it stops when the deadline passes.
    """
    order = tuple(map(problem.number.tolist().__getitem__, decision.order))
    verdict = KeyVerdict(problem.key, decision.answer, len(problem), decision.engine)
    if decision.answer == "valid":
        return replace(verdict, witness=order)
    if decision.answer == "unknown":
        words = f"undecided, out of {decision.why}"
        if _TELLING_PART * len(order) >= len(problem):
            words += f": an order of {len(order):,} of the {plural(len(problem), 'operation')} explains the beginning"
        return replace(verdict, why=decision.why, prefix=order, explanation=words)
    # Imported here: a valid verdict, as most are, does not need its many modules.
    from clew.checkers.evidence.sentences.sentence import find_sentence

    assert decision.stuck is not None
    decision, impossible, contrary = _fewest(history, model, problem, form, decision, deadline)
    at = int(problem.event_op[decision.stuck])
    stuck = problem.number[at]
    claims = find_claims(history, model, problem, form, decision, impossible, contrary, deadline)
    return replace(
        verdict,
        stuck=int(history.index[history.operations.completed[stuck]]),
        stuck_is_first=decision.stuck_is_first,
        prefix=order,
        counterexample=tuple(problem.number[impossible].tolist()),
        contradiction=tuple(problem.number[contrary].tolist()),
        explanation=in_words(history, claims),
        happened=find_sentence(history, model, problem, impossible, _failed(claims), deadline, at),
    )


def _fewest(
    history: History, model: Model, problem: Problem, form: Form | None, decision: Decision, deadline: Deadline
) -> tuple[Decision, list[int], list[int]]:
    """The smallest counterexample found, with its contradiction. The decision keeps its part if it is of the part.

    It may be of a later violation than the first one, if that is shown by few operations and the first one by many.
    """
    assert decision.stuck is not None
    if form is not None:
        impossible, contrary = impossible_operations(problem, form, model, decision, deadline)
        if len(impossible) <= _FEW or not isinstance(form, RegisterForm):
            return decision, impossible, contrary
    from clew.checkers import bag, competition

    returned = problem.ret <= decision.stuck
    # Parts of an unordered queue are decided at once, and no search in the whole comes as far.
    by_parts = bag.applies(model) and form is None
    if by_parts and decision.part is None:
        decision = competition.with_part(problem, model, decision, deadline)
    in_one: tuple[list[int], list[int]] | None = None
    if by_parts or decision.part is not None:
        in_one = impossible_operations(problem, form, model, decision, deadline)
        if len(in_one[0]) <= (_FEW if by_parts else _PAIR):
            return decision, *in_one
    from clew.checkers.evidence.named import find_named

    whole = replace(decision, part=None)
    found = [(whole, *named) for named in [find_named(history, model, problem, returned, deadline)] if named]
    if found and len(found[0][1]) <= _FEW:
        return found[0]
    if form is not None:
        return min([*found, (decision, impossible, contrary)], key=lambda one: len(one[1]))
    found.append((decision, *(in_one or impossible_operations(problem, form, model, decision, deadline))))
    _, absurd = competition.absurd_at(problem, model) or ("", -1)
    if len(found[-1][1]) > _FEW and absurd > int(decision.stuck or 0):
        # An answer that is impossible by a count alone says more than many operations that end before it.
        later = find_named(history, model, problem, problem.ret <= absurd, deadline)
        if later is not None and len(later[1]) <= _FEW:
            return replace(whole, stuck=absurd, stuck_is_first=False), *later
    if len(found[-1][1]) > _FEW and decision.part is None:
        # In a part, searches for a smaller set come to their end.
        in_part = competition.with_part(problem, model, decision, deadline)
        if in_part.part is not None:
            found.append((in_part, *impossible_operations(problem, form, model, in_part, deadline)))
    return min(found, key=lambda one: len(one[1]))


def impossible_operations(
    problem: Problem, form: Form | None, model: Model, decision: Decision, deadline: Deadline
) -> tuple[list[int], list[int]]:
    """The counterexample of an invalid problem, and the contradiction in it (indices).

    They are looked for in the part that is invalid, if there is one. What is impossible there, whatever the others did,
    is impossible in the whole; of containers: whatever the others did to other elements.
    """
    # A valid verdict does not need these.
    from clew.checkers.evidence import contradiction, counterexample

    assert decision.stuck is not None
    part, stuck = problem, decision.stuck
    if decision.part is not None:
        part, form = decision.part, form_of(decision.part, model)
        stuck = int(part.ret[np.searchsorted(part.number, problem.number[problem.event_op[stuck]])])
    impossible = counterexample.find_counterexample(part, form, model, stuck, deadline)
    contrary = contradiction.find_contradiction(part, form, model, impossible, stuck, deadline)
    places = np.searchsorted(problem.number, part.number)
    return places[impossible].tolist(), places[contrary].tolist()


def find_claims(
    history: History,
    model: Model,
    problem: Problem,
    form: Form | None,
    decision: Decision,
    counterexample: list[int],
    contradiction: list[int],
    deadline: Deadline,
) -> list[Claim]:
    """The claims about an invalid problem, most important first.

    `contradiction` is the part of the counterexample that is impossible (indices, both).
    """
    from clew.checkers.evidence.failed_effects import failed_with_effect  # takes time to import

    assert decision.stuck is not None
    stuck = int(problem.number[problem.event_op[decision.stuck]])
    claims: list[Claim] = [NoOrder(stuck)]
    failed = failed_with_effect(history, model, problem, form, decision.stuck, counterexample, deadline)
    if failed:
        claims.append(FailedTookEffect(failed, stuck))
    if isinstance(form, RegisterForm):
        claims += _stale_read(history, model, form, decision.stuck)
    if len(counterexample) <= _FEW:
        others = [op for op in counterexample if op not in contradiction]
        operations, rest = (tuple(problem.number[ops].tolist()) for ops in (contradiction, others))
        elements = isinstance(form, ContainerForm) or (decision.part is not None and model.discipline is not None)
        claims.append(ImpossibleTogether(operations, rest, elements, bool(failed)))
    else:
        claims.append(ManyTogether(len(counterexample)))
    state = state_after(decision.order, problem, model, deadline) if decision.order else None
    if state is not None:
        explained = np.zeros(len(problem), np.bool_)
        explained[decision.order] = True
        all_before = bool(explained[problem.ret < decision.stuck].all())
        last = int(problem.number[decision.order[-1]])
        claims.append(Explained(last, state, model.initial, len(decision.order), all_before))
    return claims


def _stale_read(history: History, model: Model, form: RegisterForm, stuck: int) -> Iterator[Claim]:
    """Why a register cannot have held the value that the operation at position `stuck` needs, if it is a stale read."""
    from clew.checkers.monitors.stale_read import find_stale_read  # takes time to import

    problem = form.problem
    found = find_stale_read(form)
    if found is None or problem.ret[found.read] != stuck:
        return
    op = problem.classes[problem.cls[found.read]]
    value = op.argument[0] if op.f == "cas" else op.result
    read = int(problem.number[found.read])
    failed = _failed_setters(history, model, form, found.read)
    if found.replaced is None:
        yield NeverSet(read, value, failed)
        return
    by = int(problem.number[found.replaced])
    yield Replaced(read, value, by)
    needed = form.sets == form.needs[found.read]
    setters = np.flatnonzero(needed & (problem.call < problem.ret[found.read]))
    if not len(setters):
        yield OnlyInitial(read, value, failed)
        return
    setter = int(problem.number[setters[np.argmax(problem.ret[setters])]])
    operations = history.operations
    later = tuple(number for number in failed if operations.end[number] >= operations.start[by])
    yield SetLast(read, value, setter, by, later)


def _failed_setters(history: History, model: Model, form: RegisterForm, read: int) -> tuple[int, ...]:
    """The failed operations that may have set the value that `read` needs, invoked before it returned.

    One that is none of a register, such as an append, may have set any value.
    """
    from clew.checkers.evidence.failed_effects import as_if_unknown, failed_before

    problem = form.problem
    needs = next(
        freeze(access[1])
        for access in [model.register_access(problem.classes[problem.cls[read]])]
        if access is not None
    )
    found = []
    for number in failed_before(history, problem, int(problem.ret[read])).tolist():
        op = as_if_unknown(history, model, number)
        access = model.register_access(op)
        if access is None:
            sets = not model.observes(op)
        elif access[0] == SWAP:
            sets = freeze(access[2]) == needs != freeze(access[1])
        else:
            sets = access[0] == WRITE and freeze(access[1]) == needs
        if sets:
            found.append(number)
    return tuple(found)


def in_words(history: History, claims: list[Claim]) -> str:
    """Claims as text. What is said about the setters of a value continues the line about the value."""
    moments = Moments(history, (number for claim in claims for number in _told(claim)))
    lines: list[str] = []
    for claim in claims:
        said = _lines(history, claim, moments)
        if isinstance(claim, SetLast | OnlyInitial):
            lines[-1] += f" {said.pop(0)}"
        lines += said
    return "\n".join(lines)


def _told(claim: Claim) -> tuple[int, ...]:
    """The operations whose times a claim tells."""
    match claim:
        case NoOrder(operation):
            return (operation,)
        case FailedTookEffect(operations, _):
            return operations
        case ImpossibleTogether(operations, rest, _, _):
            return operations + rest
        case Replaced(read, _, by):
            return read, by
        case SetLast(_, _, setter, _, _):
            return (setter,)
        case Explained(last, _, _, _, _):
            return (last,)
        case _:
            return ()


def _lines(history: History, claim: Claim, moments: Moments) -> list[str]:
    """A claim as lines of text."""

    def said(number: int) -> str:
        return describe(history, number, moments)

    match claim:
        case NoOrder(operation):
            key = history.keys[history.operations.key[operation]]
            on_key = "" if key is None else f" on key {value_text(key)}"
            return [f"{said(operation)}{on_key}: no order of the operations explains this."]
        case FailedTookEffect((operation,), _):
            return [
                f"An operation that failed seems to have taken effect: {said(operation)}. "
                "If it did, an order explains everything up to here."
            ]
        case FailedTookEffect(operations, _):
            return [
                "Operations that failed seem to have taken effect. If they did, an order explains everything up to "
                "here:",
                *(f"  operation {number}: {said(number)}" for number in operations),
            ]
        case NeverSet(_, value, ()):
            return [f"It needs {value_text(value)}, and no operation had begun to set {value_text(value)} by then."]
        case NeverSet(_, value, _):
            return [
                f"It needs {value_text(value)}, and no operation that did not fail had begun to set "
                f"{value_text(value)} by then."
            ]
        case Replaced(read, value, by):
            begin, completed = history.operations.invoked[read], history.operations.completed[by]
            return [
                f"It needs {value_text(value)}, but by {moments.of(int(completed))}, before it began at "
                f"{moments.of(int(begin))}, the value was another: {said(by)}."
            ]
        case SetLast(_, value, setter, _, failed):
            which = "The last operation" if not failed else "Of the operations that did not fail, the last"
            return [f"{which} to set {value_text(value)} was over before that one began: {said(setter)}."]
        case OnlyInitial(_, value, failed):
            who = "No operation" if not failed else "Apart from operations that failed, none"
            return [f"{who} set {value_text(value)} again: it is the initial value."]
        case ImpossibleTogether(operations, rest, elements, failed):
            others = "whichever of the others took effect"
            if elements:
                others = "whatever all the others did to other elements"
            unless = ", if what failed did not happen" if failed else ""
            what = "These are impossible together" if len(operations) > 1 else "This is impossible"
            origin = ["This only says where a value came from:" if len(rest) == 1 else
                      "These only say where values came from:"] if rest else []  # fmt: skip
            return [
                f"{what}, {others}{unless}:",
                *(f"  operation {number}: {said(number)}" for number in operations),
                *origin,
                *(f"  operation {number}: {said(number)}" for number in rest),
            ]
        case ManyTogether(count):
            return [f"It takes {count} operations to show it; no smaller set was found."]
        case Explained(last, state, initial, count, all_before):
            text = _plain(state, initial)
            what = "All that completed before" if all_before else f"A beginning of {count} operations"
            return [f"{what} can be explained; then the last operation is {said(last)}, and the state {text}."]


def _failed(claims: list[Claim]) -> tuple[int, ...]:
    return next((claim.operations for claim in claims if isinstance(claim, FailedTookEffect)), ())


def in_short(history: History, counterexample: tuple[int, ...]) -> tuple[str, ...]:
    """The operations of a counterexample in few words, in the order in which they began: `client 1: read → 2`.

    Of more than a dozen, the first ones and how many more there are.
    """
    if not counterexample:
        return ()
    said = [f"{history.client(number)}: {label(history, number)}" for number in sorted(counterexample)[:_FEW]]
    more = len(counterexample) - len(said)
    return (*said, f"and {more} more") if more else tuple(said)


def describe(history: History, number: int, moments: Moments) -> str:
    """One operation in words: "read by client 3 from 1.204 s to 1.310 s returned 2".

    If another program wrote the file, with the lines: "... returned 2 (lines 7 and 8)".
    """
    operations = history.operations
    f = history.fs[operations.f[number]]
    argument = history.values[operations.argument[number]]
    outcome = int(operations.outcome[number])
    text = f if argument is None else f"{f} {value_text(argument)}"
    place = f" ({history.place(number)})" if history.theirs is not None else ""
    text += f" by {history.client(number)} from {moments.of(int(operations.invoked[number]))}"
    if outcome == INFO:
        return f"{text}, of unknown outcome{place}"
    text += f" to {moments.of(int(operations.completed[number]))}"
    if outcome == FAIL:
        error = history.errors[operations.error[number]]
        if error == "mismatch":
            return f"{text} found a mismatch{place}"
        return f"{text} failed{place}" if error is None else f"{text} failed ({printable(str(error))}){place}"
    result = history.values[operations.result[number]]
    told = "" if result == argument and f not in _TELLING else f" returned {value_text(result)}"
    told = " returned nothing" if result is None and f in TAKING else told
    return f"{text}{told}{place}"


def _plain(state: object, initial: object) -> str:
    """A state as a person reads it; of a very long one the beginning and the length."""
    text = state_text(state, initial, sys.maxsize)
    return text if len(text) <= _LONG else f"{text[:_LONG]} ... ({len(text):,} characters)"
