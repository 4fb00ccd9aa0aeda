"""Operations that failed but seem to have taken effect: the first thing to suspect when a history is invalid.

A `fail` says that nothing happened. A system that says so too early, for example because a request was refused while
the proposal was already on its way, makes the history invalid. The engine then reports the operation that saw the
effect. This module looks for the failed operations that, had they taken effect, would explain the history.

A compare-and-set that failed with a mismatch is left out: it is an observation, and the engines account for it.
"""

from __future__ import annotations

import numpy as np

from clew.checkers import wgl
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem, arrange
from clew.checkers.forms import Form, Ints, Mask, RegisterForm
from clew.checkers.models.model import INFO, PUT, TAKE, WRITE, Model, ModelOperation
from clew.checkers.verdict import Budget
from clew.histories import MISMATCH
from clew.histories.frozen import freeze
from clew.histories.history import FAIL, History

_MOST = 32
"""Failed operations that are considered, the latest ones. An effect is mostly seen soon, and every open operation makes
each step of the search slower. A run with a partition has hundreds of them."""
_CONTENTS = 10_000
"""What a container in no order may hold, at most, after operations that failed."""
_STEPS, _STEPS_AN_EVENT = 200_000, 20
"""The least steps of one search, and steps for each event of a long history: 10 milliseconds, or a second for 500,000
operations. An order for a history of 5 processes takes 2 steps an event, for 10 processes 9."""


def failed_before(history: History, problem: Problem, stuck: int) -> Ints:
    """The numbers of the failed operations on the problem's key that were invoked before the operation of the event at
    position `stuck` returned, in the order of invocation. Mismatches count as failed."""
    operations = history.operations
    number = problem.number[problem.event_op[stuck]]
    same_key = operations.key == operations.key[number]
    begun = operations.start <= operations.end[number]
    return np.flatnonzero(same_key & begun & (operations.outcome == FAIL))


def are_mismatches(history: History, numbers: Ints) -> Mask:
    """For each of these failed operations, whether it failed with a mismatch."""
    code = history.errors.find(MISMATCH)
    return np.zeros(len(numbers), np.bool_) if code is None else history.operations.error[numbers] == code


def as_if_unknown(history: History, model: Model, number: int) -> ModelOperation:
    """An operation as the model sees it if its outcome is unknown."""
    operations = history.operations
    process = int(operations.process[number]) if model.by_process else None
    f, argument = history.fs[operations.f[number]], history.values[operations.argument[number]]
    return ModelOperation(f, argument, None, INFO, process)


def failed_with_effect(
    history: History,
    model: Model,
    problem: Problem,
    form: Form | None,
    stuck: int,
    counterexample: list[int],
    deadline: Deadline,
) -> tuple[int, ...]:
    """The fewest failed operations found that explain the violation at position `stuck`, if they took effect.

    With them an order explains everything up to `stuck`; without any one of them the search found none. Empty if there
    are no such operations, or if the search is too hard. `counterexample` (indices) is impossible without them.
    """
    candidates = _candidates(history, model, problem, form, stuck, counterexample)
    if not candidates:
        return ()
    used = _used(history, model, problem, stuck, candidates, deadline) or []
    for number in tuple(used):
        fewer = [other for other in used if other != number]
        if number in used and fewer:
            used = _used(history, model, problem, stuck, fewer, deadline) or used
    return tuple(used)


def _candidates(
    history: History, model: Model, problem: Problem, form: Form | None, stuck: int, counterexample: list[int]
) -> list[int]:
    """The failed operations that can matter.

    For a register without mismatches these set a value that an operation needs, and one of them sets a value that the
    counterexample needs. Otherwise they could be left out again: a counterexample of a register is impossible even if
    every other compare-and-set was a plain write, and a write of a value that it does not need does not help it.
    """
    numbers = failed_before(history, problem, stuck)
    numbers = numbers[~are_mismatches(history, numbers)]
    # Of those that a model cannot tell apart, it is asked about one.
    operations = history.operations
    code = operations.f[numbers].astype(np.int64) * len(history.values) + operations.argument[numbers]
    if model.by_process:
        code = code * (int(operations.process.max(initial=0)) + 1) + operations.process[numbers]
    _, first_alike, alike = np.unique(code, return_index=True, return_inverse=True)
    kinds = [as_if_unknown(history, model, number) for number in numbers[first_alike].tolist()]
    changes = np.array([not model.observes(op) for op in kinds], np.bool_)
    failed = [
        (number, kinds[kind])
        for number, kind, matters in zip(numbers.tolist(), alike.tolist(), changes[alike].tolist(), strict=True)
        if matters
    ]
    takes = sum(1 for _, op in failed if _put(model, op) is None)
    contents = (len(problem) + 1) ** takes * 2 ** (len(failed) - takes)
    if model.discipline == "any" and contents > _CONTENTS:
        # Then only a put of an element that was taken: every other put doubles what the container may hold, and every
        # take multiplies it; and enough takes of any element explain any loss.
        ops = [problem.classes[cls] for cls in problem.cls[counterexample].tolist()]
        taken = {access[:2] for access in map(model.container_access, ops) if access is not None}
        failed = [(number, op) for number, op in failed if (TAKE, _put(model, op)) in taken]
    if isinstance(form, RegisterForm) and not form.has_mismatches:
        wanted = _needed(model, [problem.classes[cls] for cls in problem.cls[counterexample].tolist()])
        first = [(number, op) for number, op in failed if _may_set(model, op, wanted)]
        if not first:
            return []
        needed = _needed(model, [*problem.classes, *(op for _, op in failed)]) - wanted
        others = [(number, op) for number, op in failed if (number, op) not in first and _may_set(model, op, needed)]
        failed = others + first
    return sorted(number for number, _ in failed[-_MOST:])


def _put(model: Model, op: ModelOperation) -> object:
    """The element (frozen) that an operation puts into a container. None if it puts none."""
    access = model.container_access(op)
    return access[1] if access is not None and access[0] == PUT else None


def _needed(model: Model, ops: list[ModelOperation]) -> set[object]:
    """The values (frozen) that operations of a register need."""
    accesses = map(model.register_access, ops)
    return {freeze(access[1]) for access in accesses if access is not None and access[0] != WRITE}


def _may_set(model: Model, op: ModelOperation, values: set[object]) -> bool:
    """Whether an operation may set a register to one of these values (frozen). One that is none of a register may."""
    access = model.register_access(op)
    if access is None:
        return True
    return freeze(access[1] if access[0] == WRITE else access[2]) in values


def _used(
    history: History, model: Model, problem: Problem, stuck: int, candidates: list[int], deadline: Deadline
) -> list[int] | None:
    """Those of the candidates that an order uses which explains everything up to `stuck`; None if none is found."""
    doubted = with_doubts(history, model, problem, np.array(candidates, np.int64))
    (op,) = np.flatnonzero(doubted.number == problem.number[problem.event_op[stuck]])
    beginning = doubted.before(int(doubted.ret[op]) + 1)
    steps = max(_STEPS, _STEPS_AN_EVENT * len(beginning.event_op))
    decision = wgl.decide(beginning, model, Budget(bytes=1 << 28), deadline, steps=steps)
    if decision.answer != "valid":
        return None
    placed = set(beginning.number[decision.order].tolist())
    return [number for number in candidates if number in placed]


def with_doubts(history: History, model: Model, problem: Problem, failed: Ints) -> Problem:
    """The problem with some failed operations (numbers) added to it, as operations of unknown outcome."""
    operations = history.operations
    classes, observer = list(problem.classes), problem.observer.tolist()
    known: dict[object, int] = {}
    cls = []
    for number in failed.tolist():
        op = as_if_unknown(history, model, number)
        name = (op.f, freeze(op.argument), op.process)
        if name not in known:
            known[name] = len(classes)
            classes.append(op)
            observer.append(model.observes(op))
        cls.append(known[name])
    number = np.concatenate((problem.number, failed))
    cls_of = np.concatenate((problem.cls, np.array(cls, np.int32)))
    known_end = np.concatenate((problem.ret != NEVER, np.zeros(len(failed), np.bool_)))
    order = np.lexsort((number, operations.start[number]))
    end = np.where(known_end, operations.end[number], NEVER)
    return arrange(
        problem.key, number[order], cls_of[order].astype(np.int32), operations.start[number][order], end[order],
        tuple(classes), np.array(observer, np.bool_),
    )  # fmt: skip
