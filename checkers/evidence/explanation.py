"""From what an engine found to what a person can use: operation numbers, event indices, words."""

from __future__ import annotations

import sys

import numpy as np
from msgspec.structs import replace

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.models.model import Model
from clew.checkers.verdict import KeyVerdict
from clew.histories.history import FAIL, INFO, History
from clew.histories.text import state_text, value_text


def partition(history: History, model: Model, problem: Problem, outcome: Decision, deadline: Deadline) -> KeyVerdict:
    """The verdict on one key, in the numbers of the history. What it costs to find a counterexample is over with the
    deadline."""
    order = tuple(problem.number[outcome.order].tolist())
    verdict = KeyVerdict(problem.key, outcome.answer, len(problem), outcome.engine)
    if outcome.answer == "valid":
        return replace(verdict, witness=order)
    if outcome.answer == "unknown":
        words = f"undecided, out of {outcome.why}: an order of {len(order)} operations explains the beginning"
        return replace(verdict, why=outcome.why, prefix=order, explanation=words)
    assert outcome.stuck is not None
    from clew.checkers.evidence import counterexample  # imports numba, which a verdict of "valid" can do without

    stuck = int(problem.event_op[outcome.stuck])
    impossible = counterexample.find_counterexample(problem, model, outcome.stuck, deadline)
    return replace(
        verdict,
        stuck=int(history.index[history.operations.completed[problem.number[stuck]]]),
        stuck_is_first=outcome.stuck_is_first,
        prefix=order,
        counterexample=tuple(problem.number[impossible].tolist()),
        explanation=_words(history, model, problem, outcome, impossible),
    )


def _words(history: History, model: Model, problem: Problem, outcome: Decision, counterexample: list[int]) -> str:
    assert outcome.stuck is not None
    stuck = int(problem.event_op[outcome.stuck])
    key = "" if problem.key is None else f" on key {value_text(problem.key)}"
    lines = [f"{describe(history, int(problem.number[stuck]))}{key}: no order of the operations explains this."]
    why = _story(history, model, problem, counterexample, stuck)
    if why:
        lines.append(why)
    if len(counterexample) <= _FEW:
        from clew.checkers.monitors.lifetimes import container_form

        to = "" if container_form(problem, model) is None else " to other elements"
        lines.append(f"These are impossible together, whatever all the others did{to}:")
        lines += [
            f"  operation {problem.number[op]}: {describe(history, int(problem.number[op]))}" for op in counterexample
        ]
    else:
        lines.append(f"It takes {len(counterexample)} operations to show it; no smaller set was found.")
    if outcome.order:
        state = model.initial
        for op in outcome.order:
            state = model.step(state, problem.classes[problem.cls[op]])
        last = int(problem.number[outcome.order[-1]])
        lines.append(
            f"All that completed before can be explained; then the last operation is {describe(history, last)}, "
            f"and the state {_plain(state)}."
        )
    return "\n".join(lines)


_TELLING = ("read", "get", "add-and-get", "propose")
"""Functions whose result says something even where it is the same as the argument: `add-and-get 1` that returned 1."""
_FEW = 12
_LONG = 1_000


def _story(history: History, model: Model, problem: Problem, counterexample: list[int], stuck: int) -> str | None:
    """What was demanded of a register and why it was not to be had, if it is as simple as that: a stale read."""
    from clew.checkers.forms import register_form
    from clew.checkers.monitors import stale_read

    form = register_form(problem, model)
    found = None if form is None else stale_read.find_stale_read(form)
    if form is None or found is None or problem.ret[found[1]] != problem.ret[stuck]:
        return None
    replaced, needing = found
    op = problem.classes[problem.cls[needing]]
    value = op.argument[0] if op.f == "cas" else op.result
    setters = [
        int(setter)
        for setter in np.flatnonzero(form.sets == form.needs[needing])
        if problem.call[setter] < problem.ret[needing]
    ]
    number = int(problem.number[needing])
    begin = history.when(int(history.operations.invoked[number]))
    if replaced < 0:
        return f"It needs {value_text(value)}, and nobody had even begun to set {value_text(value)} by then."
    other = int(problem.number[replaced])
    by = history.when(int(history.operations.completed[other]))
    words = (
        f"It needs {value_text(value)}, but by {by}, before it began at {begin}, the value was another: "
        f"{describe(history, other)}."
    )
    if not setters:
        return f"{words} Nobody set {value_text(value)} again: it is the initial value."
    ended = max(int(problem.ret[setter]) for setter in setters)
    last = int(problem.number[next(setter for setter in setters if problem.ret[setter] == ended)])
    over = f"The last operation to set {value_text(value)} was over before that one began"
    return f"{words} {over}: {describe(history, last)}."


def describe(history: History, number: int) -> str:
    """One operation in words: "read by process 3 from 1.204000 s to 1.310000 s returned 2"."""
    operations = history.operations
    f = history.fs[operations.f[number]]
    argument = history.values[operations.argument[number]]
    outcome = int(operations.outcome[number])
    text = f if argument is None else f"{f} {value_text(argument)}"
    text += f" by process {operations.process[number]} from {history.when(int(operations.invoked[number]))}"
    if outcome == INFO:
        return f"{text}, of unknown outcome"
    text += f" to {history.when(int(operations.completed[number]))}"
    if outcome == FAIL:
        return f"{text} found a mismatch"
    result = history.values[operations.result[number]]
    return text if result == argument and f not in _TELLING else f"{text} returned {value_text(result)}"


def _plain(state: object) -> str:
    """A state as a person reads it; a very long one says how long it is."""
    text = state_text(state, sys.maxsize)
    return text if len(text) <= _LONG else f"{text[:_LONG]} ... ({len(text):,} characters)"
