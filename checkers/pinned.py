"""Results that pin the order: versions that only grow, lists that only grow, and values that are set once.

    read -> [3, "x"]      comes before everything that returned a greater version
    read -> [a, b, c]     comes before every read of a longer list; a, b, c were appended in this order
    read -> {a, b}        comes after the adds of a and b, before that of any other: `seen_elements`, `read_order`
    read -> 7             comes after the only write of 7, and before the next write: see `set_once`

*Versions.* If every linearization puts an operation a before another one b, then a takes effect before b returns, and b
after a is called. So the interval of a may end at the first return of any such b, and that of b begin at the last call
of any such a. No linearization is lost, and those of the narrowed problem are some of the original one, because an
interval only becomes shorter. Where thirty operations were open, one or two are left, and the search is short.
Versions never fall, and a change makes them grow; so a change that returned version v comes before the reads of v, and
these come before everything that returned more. The length of a list that is only appended to is such a version.

*Lists.* Let L be the longest list that a completed read returned. This read must have its place, and a list never loses
what was appended. So before it the list is always a beginning of L: the next append must be that of the next element of
L. The search need not try any other one, and there is no state in which it goes on in vain until the read returns.
After L anything may be appended, and no read follows.

*Unknown outcomes.* An operation of unknown outcome may never take effect. So it narrows no interval, its own stays as
it is, and no list is taken from it. Where something else shows that it did take effect, `seen_elements` and `set_once`
know more.

*The first return that no order explains.* What returned later must not count, so this is asked of beginnings: of each,
only what returned in it narrows anything. An order that explains a longer beginning explains a shorter one too, so a
bisection finds the return.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec.structs import replace

from clew.checkers import read_order, seen_elements, set_once
from clew.checkers.cells import cell_of, cells_of
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem, arrange
from clew.checkers.forms import Ints, RegisterForm
from clew.checkers.models.model import APPEND, READ, Model, ModelOperation
from clew.checkers.monitors.first_unexplained import decide_beginnings, decide_by, places

Intervals = tuple[Ints, Ints]
"""For each operation its first and its last position."""
_NOT = -1
"""In place of a rank: the operation did not tell a version."""
_GREATEST = 1 << 61
"""Versions from here on, and negative ones, count as not told."""


class Grown(Model):
    """A list that grows to `longest` and then on, as a model. A state is how many elements it has.

    One more than `longest` stands for all longer lists.
    """

    initial = 0

    def __init__(self, model: Model, longest: Any) -> None:
        self._model, self._longest = model, longest

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        access = self._model.content_access(op)
        assert access is not None
        name, content, _ = access
        if name == READ:
            return state if len(content) == state and content == self._longest[:state] else None
        if state >= len(self._longest):
            return len(self._longest) + (1 if content else 0) if state == len(self._longest) else state
        after = state + len(content)
        return after if self._longest[state:after] == content else None


def applies(problem: Problem, model: Model, deadline: Deadline) -> bool:
    """Whether something tells a version, a read of a set tells when its elements came, or values are set once."""
    return (
        any(model.version(op) is not None for op in problem.classes)
        or seen_elements.applies(problem, model, deadline)
        or set_once.applies(problem, cells_of(problem, model, deadline))
    )


def decide(
    problem: Problem, model: Model, deadline: Deadline, search: Callable[[Problem, Model], Decision]
) -> Decision:
    """Decide a problem in which results pin the order. `search` decides what was narrowed.

    If invalid, there are another log n searches for the first return that no order explains. `stuck_is_first` is False
    if one of them did not come to an end.
    """
    return decide_beginnings(lambda part: _explain(part, model, deadline, search), problem)


def _explain(
    problem: Problem, model: Model, deadline: Deadline, search: Callable[[Problem, Model], Decision]
) -> Decision:
    """Whether there is an order for the whole problem. If invalid, nothing is said about where."""
    if deadline.passed():
        return Decision("unknown", why="time", engine="pinned")
    intervals = narrow(problem, model, deadline)
    longest = _longest(problem, model)
    if intervals is None or longest is _WRONG:
        return Decision("invalid", engine="pinned")
    in_line = read_order.explain(problem, model, intervals, deadline)
    if in_line is not None:
        return Decision("valid", order=in_line, engine="pinned")
    meant = model if longest is None else Grown(model, longest)
    return _search(problem, intervals, lambda narrowed: search(narrowed, meant))


def decide_register(form: RegisterForm, deadline: Deadline, search: Callable[[RegisterForm], Decision]) -> Decision:
    """Decide a problem of a register in which values are set once, like `decide`."""

    def explain(part: Problem) -> Decision:
        if deadline.passed():
            return Decision("unknown", why="time", engine="pinned")
        whole = form.only(places(part, form.problem), part)
        call, ret = set_once.shorter_intervals(part, cell_of(whole), deadline)
        if (call > ret).any():
            return Decision("invalid", engine="pinned")
        return _search(part, (call, ret), lambda narrowed: search(whole.only(places(narrowed, part), narrowed)))

    return decide_beginnings(explain, form.problem)


def impossible_at(problem: Problem, model: Model, deadline: Deadline) -> int | None:
    """A return by which values that are set once leave something no place; None if it is not found.

    Nothing is searched for. O(n log n), and if something is found, log n times as much.
    """
    if not set_once.applies(problem, cells_of(problem, model, deadline)):
        return None

    def possible(until: int) -> Ints | None:
        """Nothing if everything before a position has a place, or if there is no more time to look."""
        found = deadline.passed() or narrow(problem.before(until), model, deadline) is not None
        return np.empty(0, np.int64) if found else None

    return decide_by(possible, problem, "pinned").stuck


def _search(problem: Problem, intervals: Intervals, search: Callable[[Problem], Decision]) -> Decision:
    """What a search finds with shorter intervals. If invalid, nothing is said about where."""
    narrowed = with_intervals(problem, intervals)
    found = search(narrowed)
    return replace(found, order=places(narrowed, problem)[found.order].tolist(), stuck=None, engine="pinned")


def with_intervals(problem: Problem, intervals: Intervals) -> Problem:
    """The problem with other intervals, none of which is empty."""
    call, ret = intervals
    by_call = np.argsort(call, kind="stable")
    return arrange(
        problem.key, problem.number[by_call], problem.cls[by_call], call[by_call], ret[by_call], problem.classes,
        problem.observer,
    )  # fmt: skip


def narrow(problem: Problem, model: Model, deadline: Deadline) -> Intervals | None:
    """The calls and returns of intervals as short as results make them; None if an interval becomes empty.

    O(n log n) for versions; for sets see `seen_elements`, for registers `set_once`.
    """
    rank_of = np.array([_rank(model, op) for op in problem.classes], np.int64)
    rank = np.where(problem.ret == NEVER, _NOT, rank_of[problem.cls])
    told = np.flatnonzero(rank != _NOT)
    told = told[np.argsort(rank[told], kind="stable")]
    call, ret = problem.call.copy(), problem.ret.copy()
    if seen_elements.applies(problem, model, deadline):
        call, ret = seen_elements.shorter_intervals(problem, model, deadline)
    elif (cells := cells_of(problem, model, deadline)) is not None:
        call, ret = set_once.shorter_intervals(problem, cells, deadline)
    # For each rank, the first return of a greater one and the last call of a smaller one.
    begins = np.searchsorted(rank[told], rank[told], "left")
    ends = np.searchsorted(rank[told], rank[told], "right")
    latest = np.concatenate(([-1], np.maximum.accumulate(call[told])))
    soonest = np.concatenate((np.minimum.accumulate(ret[told][::-1])[::-1], [NEVER]))
    call[told] = np.maximum(call[told], latest[begins])
    ret[told] = np.minimum(ret[told], soonest[ends])
    return None if (call > ret).any() else (call, ret)


def _rank(model: Model, op: ModelOperation) -> int:
    """A number that grows along every linearization: the version, and of one version its change before its reads."""
    found = model.version(op)
    if found is None or not 0 <= found[0] < _GREATEST:
        return _NOT
    accesses = model.cell_accesses(op)
    reads = accesses is None or all(access[0] == READ for access in accesses.values())
    return 2 * int(found[0]) + (1 if reads else 0)


_WRONG = object()


def _longest(problem: Problem, model: Model) -> Any:
    """The longest list that a completed read returned; None if the object is no list that only grows.

    `_WRONG` if some completed read returned a list that is no beginning of it: then no order explains the reads.
    """
    accesses = [model.content_access(op) for op in problem.classes]
    returned = np.unique(problem.cls[problem.ret != NEVER]).tolist()
    if any(access is None or access[0] not in (READ, APPEND) for access in accesses):
        return None
    read = [access[1] for access in (accesses[cls] for cls in returned) if access is not None and access[0] == READ]
    longest = max(read, key=len, default=None)
    if longest is not None and any(content != longest[: len(content)] for content in read):
        return _WRONG
    return longest
