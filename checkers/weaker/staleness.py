"""How old the reads are: the smallest delta for which a history is delta-atomic.

    Golab, Li, Shah: "Analyzing Consistency Properties for Fun and Profit", PODC 2011, section 3.

A read is at most delta old if it returned what the object held at some moment from delta before it began to its end.
So a history is delta-atomic if it is linearizable once every read begins delta earlier. A larger delta only widens
intervals, so bisection finds the smallest one that is enough, to the nanosecond: it is the time from the end of some
operation to the beginning of some read. Each step is a question to the engines
of linearizability. That is why this works for every model whose reads are known; registers whose values are set once
are decided by sorting, as everywhere.

    write 1 |---|
    write 2          |---|
    read 1                     |---|       began 5 after write 2 was over: delta = 5
                         <----->

Operations that change something are not moved: an acknowledged write whose effect comes later makes reads old. A lost
write makes all later reads old, for as long as the history goes on. Reads of a value that was never set, or of one
whose write began after the read, are explained by no delta. Neither is a lost update: a compare-and-set is no read.

Delta-atomicity is local, like linearizability: the bound of a history is the largest among its keys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem, arrange
from clew.checkers.forms import RegisterForm, form_of
from clew.checkers.models.model import Model
from clew.checkers.monitors.stale_read import find_stale_read
from clew.checkers.verdict import Budget
from clew.checkers.weaker.promise import BOUNDED_STALENESS, Promise
from clew.histories.history import History

_READS = ("read", "get", "contains")
"""Functions that read, in every model. If a model does not say of them that they change nothing, nothing is known."""
_ROUNDS = 2
"""Rounds of search for one delta; see `competition.decide`. There are some forty deltas to ask about."""
_PAIRS = 1_000_000
"""Pairs of a read and an operation that are listed: some ten milliseconds."""
_CANDIDATES = 8
"""So many reads are tried as the oldest one."""


@dataclass(frozen=True)
class _Key:
    """The operations of one key with their times."""

    problem: Problem
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    reads: NDArray[np.bool_]


def decide(
    history: History,
    model: Model,
    problems: Sequence[Problem],
    budget: Budget,
    deadline: Deadline,
    describe: Callable[[int], str],
) -> Promise:
    """The smallest bound on the age of all reads. "no" if there is none, "unknown" if the budget did not suffice.

    If a bound was found and a smaller one may exist, `smallest` is False.
    """
    if any(op.f in _READS and not model.observes(op) for problem in problems for op in problem.classes):
        return Promise(BOUNDED_STALENESS, "unknown", "the model does not say which operations only read")
    oldest, exact = 0, True
    said: tuple[int, ...] = ()
    for problem in problems:
        key = _key(history, problem)
        if _at(key, oldest, model, budget, deadline).answer == "valid":
            continue
        top = int(key.start.max() - key.end.min()) + 1 if len(problem) else 0
        unbounded = _at(key, max(top, oldest), model, budget, deadline, where=True)
        if unbounded.answer == "invalid":
            return _no_bound(key, unbounded, max(top, oldest), describe)
        if unbounded.answer == "unknown":
            return Promise(BOUNDED_STALENESS, "unknown", f"out of {unbounded.why}")
        oldest, exact = _smallest(key, oldest, max(top, oldest), model, budget, deadline)
        said = _oldest_read(key, oldest, model, budget, deadline) if exact else ()
    bound = age(history, oldest)
    if not oldest:
        why = "no read is old: every read returned what was there while it ran"
    else:
        why = f"every read is at most {bound} old{'' if exact else ', and perhaps less'}"
    if said:
        read, after = said
        why += f"\nthe oldest is this, {bound} after the other was over:\n  {describe(read)}\n  {describe(after)}"
    return Promise(BOUNDED_STALENESS, "yes", why, said, oldest=oldest, smallest=exact)


def age(history: History, amount: int) -> str:
    """An age in words: "1.2 s", "350 ms"; "12 events" of a history without times."""
    if not history.clock:
        return f"{amount} events"
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if amount >= size:
            return f"{amount / size:.4g} {unit}"
    return f"{amount} ns"


def _key(history: History, problem: Problem) -> _Key:
    operations = history.operations
    end = np.where(problem.ret == NEVER, NEVER, operations.end[problem.number])
    return _Key(problem, operations.start[problem.number], end, problem.observer[problem.cls])


def _at(
    key: _Key,
    delta: int,
    model: Model,
    budget: Budget,
    deadline: Deadline,
    *,
    but: int | None = None,
    where: bool = False,
) -> Decision:
    """Whether the key is linearizable if every read begins `delta` earlier; the read `but` only `delta` - 1.

    If not, with `where` the decision says at which return.
    """
    from clew.checkers import competition  # takes time to import

    if deadline.passed():
        return Decision("unknown", why="time")
    problem = _moved(key, delta, but)
    form = form_of(problem, model)
    if not where and isinstance(form, RegisterForm) and find_stale_read(form) is not None:
        return Decision("invalid")
    return competition.decide(problem, form, model, budget, deadline, most_rounds=_ROUNDS)


def _moved(key: _Key, delta: int, but: int | None = None) -> Problem:
    """The problem with all reads moved. The number of an operation is its index in the problem that was not moved."""
    start = np.where(key.reads, key.start - delta, key.start)
    if but is not None:
        start[but] += 1
    order = np.argsort(start, kind="stable")
    problem = key.problem
    return arrange(
        problem.key,
        np.arange(len(order)),
        problem.cls[order],
        start[order],
        key.end[order],
        problem.classes,
        problem.observer,
    )


def _smallest(key: _Key, low: int, high: int, model: Model, budget: Budget, deadline: Deadline) -> tuple[int, bool]:
    """The smallest delta above `low` that is enough, given that `high` is; and whether it is certain to be that."""
    exact = True
    deltas = _deltas(key, low, high)
    first, last = 0, len(deltas) - 1
    while first < last:
        middle = (first + last) // 2
        answer = _at(key, int(deltas[middle]), model, budget, deadline).answer
        exact = exact and answer != "unknown"
        if answer == "valid":
            last = middle
        else:
            first = middle + 1
    return int(deltas[last]), exact


def _deltas(key: _Key, low: int, high: int) -> Sequence[int] | NDArray[np.int64]:
    """What the smallest delta above `low` can be, in order, up to `high`, which is enough.

    The smallest one lets some read begin just when some operation ended. If there are many pairs, all numbers.
    """
    starts, ends = key.start[key.reads], key.end[key.end != NEVER]
    if len(starts) * len(ends) > _PAIRS:
        return range(low + 1, high + 1)
    deltas = np.subtract.outer(starts, ends)
    deltas = np.sort(deltas[(deltas > low) & (deltas < high)])
    # Without `np.unique`, which imports more than a small check needs.
    last_of_equal = np.append(deltas[1:], high) != deltas
    return np.append(deltas[last_of_equal], high)


def _oldest_read(key: _Key, delta: int, model: Model, budget: Budget, deadline: Deadline) -> tuple[int, ...]:
    """A read that must be `delta` old, and an operation that was over `delta` before it began; nothing if unknown.

    The smallest delta lets some read begin just when some operation ended.
    """
    by_end = {int(end): op for op, end in enumerate(key.end.tolist()) if end != NEVER}
    tried = 0
    for read in np.flatnonzero(key.reads).tolist():
        after = by_end.get(int(key.start[read]) - delta)
        if after is None:
            continue
        if _at(key, delta, model, budget, deadline, but=read).answer == "invalid":
            return int(key.problem.number[read]), int(key.problem.number[after])
        tried += 1
        if tried == _CANDIDATES:
            break
    return ()


def _no_bound(key: _Key, decision: Decision, delta: int, describe: Callable[[int], str]) -> Promise:
    """No age of the reads explains a key."""
    assert decision.stuck is not None
    # `_moved` sorts by the call, so its operations have other indices.
    start = np.where(key.reads, key.start - delta, key.start)
    place = int(np.argsort(start, kind="stable")[_moved(key, delta).event_op[decision.stuck]])
    number = int(key.problem.number[place])
    why = f"however old reads may be, no order explains this together with what came before: {describe(number)}"
    return Promise(BOUNDED_STALENESS, "no", why, (number,))
