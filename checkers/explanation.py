"""From what an engine found to what a person can use: operation numbers, event indices, words."""

from __future__ import annotations

from checkers.encoding import Problem
from checkers.models.model import Model
from checkers.outcome import Outcome
from checkers.verdict import Partition
from histories.history import FAIL, OK, History


def partition(history: History, model: Model, problem: Problem, outcome: Outcome) -> Partition:
    """The verdict on one key, in the numbers of the history."""
    order = tuple(problem.number[outcome.order].tolist())
    if outcome.answer == "valid":
        return Partition(problem.key, "valid", len(problem), outcome.engine, witness=order)
    if outcome.answer == "unknown":
        words = f"undecided: out of {outcome.why}; an order of {len(order)} operations explains the beginning"
        return Partition(
            problem.key, "unknown", len(problem), outcome.engine, why=outcome.why, prefix=order, explanation=words
        )
    assert outcome.stuck is not None
    number = int(problem.number[problem.event_op[outcome.stuck]])
    row = int(history.operations.completed[number])
    return Partition(
        problem.key,
        "invalid",
        len(problem),
        outcome.engine,
        stuck=int(history.index[row]),
        stuck_is_first=outcome.stuck_is_first,
        prefix=order,
        explanation=_words(history, model, problem, order, number),
    )


def describe(history: History, number: int) -> str:
    """One operation in words: "read by process 3, 1.204 s to 1.310 s, returned 2"."""
    operations = history.operations
    f = history.fs[operations.f[number]]
    argument = history.values[operations.argument[number]]
    outcome = int(operations.outcome[number])
    text = f if argument is None else f"{f} {argument!r}"
    text += f" by process {operations.process[number]}, {operations.start[number] / 1e9:.6f} s to "
    if outcome == OK:
        result = history.values[operations.result[number]]
        text += f"{operations.end[number] / 1e9:.6f} s"
        return text if result == argument else f"{text}, returned {result!r}"
    if outcome == FAIL:
        return f"{text}{operations.end[number] / 1e9:.6f} s, found a mismatch"
    return text + "?, of unknown outcome"


def _words(history: History, model: Model, problem: Problem, order: tuple[int, ...], number: int) -> str:
    key = "" if problem.key is None else f" on key {problem.key!r}"
    lines = [f"operation {number}{key} cannot have happened: {describe(history, number)}"]
    if order:
        state = model.initial
        by_number = dict(zip(problem.number.tolist(), problem.cls.tolist(), strict=True))
        for step in order:
            state = model.step(state, problem.classes[by_number[step]])
        lines.append(
            f"everything that completed before it can be explained, with {describe(history, order[-1])} as the last "
            f"operation and the state {_plain(state)} after it"
        )
    return "\n".join(lines)


def _plain(state: object) -> str:
    return repr(state[0]) if isinstance(state, tuple) and len(state) == 1 else repr(state)
