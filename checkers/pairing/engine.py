"""Stacks to which elements are pushed many times: who popped which push is guessed, and the guess is mended.

    pushes       1  1  2      1           lifetimes of this guess    1 =========
    pops              1  2      1  1                                    1 ===
                                                                          2 ==     1 ===

Once every pop is paired with a push of its element, `monitors.stack` decides in O(n log n) whether this can have
been. If not, it names what does not fit: runs that no lifetime can lie below, and pops that found the stack empty
where it was not. So the search is one over pairings, not over orders. Of an order that does not fit nobody can say
where it is wrong. In a pairing a misfit has a place, and an exchange of two pops of one element near it may mend it.

*The first guess* goes through the pops in the order of their returns. Each gets the push of its element that returns
first of those that overlap it, because such a pair constrains nothing; else the push that returned last. If there is
no push left that was called before the pop returned, there is none in any pairing: the history is invalid.

*Mending* is simulated annealing (Kirkpatrick, Gelatt, Vecchi, "Optimization by simulated annealing", Science 220,
1983): two or three pairs near a misfit exchange their pops. An exchange that makes things better is kept. One that
makes them worse is kept with a probability that falls with the warmth. In each round the warmth falls from much to
little, and each round is twice as long as the one before. The numbers are drawn from a fixed seed, so the same
history always has the same answer.

*Unknown outcomes.* There is a push that never was for every pop of unknown outcome, and a pop that never comes for
every push that is too many. Pairs with these are exchanged like others. A push of unknown outcome counts only if a
pop that returned is paired with it, and a pop of unknown outcome only if a push that returned is.

*What it says.* "valid" comes with the order of `monitors.stack`, which knows nothing of this search. That no pairing
was found proves nothing, so the answer is then "unknown".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import EMPTIES, LEFT_OUT, PUTS, TAKES, TAKES_ANY, ContainerForm, Ints, Kinds, container_kinds
from clew.checkers.models.model import Model
from clew.checkers.monitors import stack
from clew.checkers.monitors.lifetimes import lifetimes_of
from clew.checkers.pairing.exchange import MISFIT, NOBODY, REGISTERS, THERE, TOO_MUCH, Pairing, improve

WORK_PER_VISIT = 400_000
"""Pairs, positions and lifetimes looked at until Python may look at the deadline: about a millisecond. A visit may be
longer by one count of what does not fit."""
WORK_PER_COUNT = 100_000_000
"""The most that one count may take: a quarter of a second. Only stacks of more than ten thousand elements need so much.
An exchange that needs more is not made. If the first guess needs more, nothing is tried."""
MOST_OPERATIONS = 100_000
"""To count what does not fit in a longer history takes longer than a visit should."""
_TRIES = 100
"""Exchanges tried for each operation in the first round; twice as many in each round as in the one before."""
_VISITS = 50
"""The warmth changes this often in a round, or more often."""
_WARM, _COOL = 7.0, 0.7
"""The warmth in which a round begins and ends. A misfit costs some 5 to 20."""


def applies(problem: Problem, model: Model) -> bool:
    """Whether the model is a stack, and the history short enough."""
    return model.discipline == "newest" and len(problem) <= MOST_OPERATIONS


def search(problem: Problem, model: Model, deadline: Deadline, effort: int, *, seed: int = 0) -> Decision:
    """Look for a pairing that fits, if this `applies`. "invalid" only if there is none at all, and without `stuck`.

    `effort` bounds the work by something that is the same on every machine: the work that `REGISTERS` counts. With
    another `seed` the search goes another way. Memory: O(n).
    """
    kind, element = container_kinds(problem, model)
    s = _start(problem, kind, element)
    if s is None:
        return Decision("invalid", engine="pairing")
    at, tries = s.at, _TRIES * len(problem)
    at.random, at.most_work = seed, WORK_PER_COUNT
    while True:
        began, visit = int(at.tries), max(1, tries // _VISITS)
        while at.tries < began + tries:
            at.warmth = _WARM * (_COOL / _WARM) ** ((at.tries - began) / tries)
            at.pause, at.tries_end = min(at.work + WORK_PER_VISIT, effort), at.tries + visit
            status = improve(s)
            if status == THERE:
                return Decision("valid", order=_order(s, problem, kind).tolist(), engine="pairing")
            if status == TOO_MUCH or at.work >= effort or deadline.passed():
                return Decision("unknown", why="time", engine="pairing")
        tries *= 2


def _order(s: Pairing, problem: Problem, kind: Kinds) -> Ints:
    """The order in which every element is that of its pair, so that none is pushed twice."""
    puts, takes = _operations(kind)
    element, seen = np.full(len(problem), NOBODY, np.int64), kind.copy()
    seen[takes] = LEFT_OUT
    element[puts] = np.arange(len(puts))
    for pair, take in enumerate(s.take_of[: len(puts)].tolist()):
        if take < len(takes) and (s.put_ret[pair] != NEVER or s.take_ret[take] <= s.end):
            element[takes[take]], seen[takes[take]] = pair, TAKES
    form = ContainerForm(problem, "newest", seen, element, len(puts))
    lifetimes = lifetimes_of(form, len(problem.event_op))
    order = None if lifetimes is None else stack.order_of(lifetimes)
    assert order is not None, "the pairing fits, and the monitor finds no order"
    return order


def _operations(kind: Kinds) -> tuple[Ints, Ints]:
    """The operations that are puts number 0, 1, ..., and those that are takes."""
    return np.flatnonzero(kind == PUTS), np.flatnonzero((kind == TAKES) | (kind == TAKES_ANY))


def _start(problem: Problem, kind: Kinds, element: Ints) -> Pairing | None:
    """The first guess. None if a take has no put in any pairing."""
    puts, takes = _operations(kind)
    end, elements = len(problem.event_op), int(element.max(initial=-1)) + 1
    unknown_takes = np.flatnonzero(problem.ret[takes] == NEVER)
    empty = np.flatnonzero(kind == EMPTIES)
    empty = empty[np.argsort(problem.ret[empty])]
    # For every take of unknown outcome a put that never was; takes that never come for all that is left.
    count = len(puts) + len(unknown_takes)
    put_element, take_element = np.full((2, count), NOBODY, np.int64)
    put_call, put_ret = np.zeros(count, np.int64), np.full(count, NEVER, np.int64)
    take_call, take_ret = np.full(count, end, np.int64), np.full(count, end + 1, np.int64)
    put_element[: len(puts)], put_call[: len(puts)], put_ret[: len(puts)] = (
        element[puts], problem.call[puts], problem.ret[puts],
    )  # fmt: skip
    if len(takes) > count:
        return None
    take_element[: len(takes)], take_call[: len(takes)] = element[takes], problem.call[takes]
    take_ret[: len(takes)] = np.where(problem.ret[takes] == NEVER, end + 1, problem.ret[takes])
    take_of = np.full(count, -1, np.int64)
    known_takes = np.flatnonzero(problem.ret[takes] != NEVER)
    known_takes = known_takes[np.argsort(take_ret[known_takes])]
    for number in range(elements):
        these = np.flatnonzero(put_element == number)
        those = known_takes[take_element[known_takes] == number]
        given = _first_guess(put_call[these], put_ret[these], take_call[those], take_ret[those])
        if given is None:
            return None
        take_of[these[given]] = those
    free = np.flatnonzero(take_of < 0)[::-1]  # puts that never were stand last and get the takes of unknown outcome
    take_of[free] = np.concatenate((unknown_takes, np.arange(len(takes), count)))
    put_of = np.empty(count, np.int64)
    put_of[take_of] = np.arange(count)
    returned, open_ = np.flatnonzero(put_ret != NEVER), np.flatnonzero((put_ret == NEVER) & (put_element != NOBODY))
    by_return, by_element = (
        returned[np.lexsort((put_ret[returned], put_element[returned]))],
        open_[np.argsort(put_element[open_], kind="stable")],
    )
    by_call = known_takes[np.lexsort((take_call[known_takes], take_element[known_takes]))]
    numbers = np.arange(elements + 1)
    return Pairing(
        at=np.zeros(1, REGISTERS)[0], take_of=take_of, put_of=put_of,
        put_element=put_element, put_call=put_call, put_ret=put_ret,
        take_element=take_element, take_call=take_call, take_ret=take_ret, end=end,
        empty_call=problem.call[empty], empty_ret=problem.ret[empty],
        puts=by_return, puts_ret=put_ret[by_return], puts_begin=np.searchsorted(put_element[by_return], numbers),
        unknown_puts=by_element, unknown_puts_begin=np.searchsorted(put_element[by_element], numbers),
        takes=by_call, takes_call=take_call[by_call], takes_begin=np.searchsorted(take_element[by_call], numbers),
        unknown_takes=unknown_takes, unknown_takes_call=take_call[unknown_takes],
        misfits=np.zeros(count + len(empty), MISFIT), fresh=np.zeros(count + len(empty), MISFIT),
        opening=np.full(end + 2, -1, np.int64), cover=np.zeros(end + 2, np.int64), lowest=np.empty(end + 2, np.int64),
        line=np.empty(count, np.int64),
        segments=np.empty((count + 1, 2), np.int64),
    )  # fmt: skip


def _first_guess(put_call: Ints, put_ret: Ints, take_call: Ints, take_ret: Ints) -> Sequence[int] | None:
    """For each take of one element, in the order of their returns, a put; None if one has none. See the module."""
    order = np.argsort(put_call)
    given, called = list[int](), 0
    returns, unknown = list[tuple[int, int]](), list[int]()
    for call, ret in zip(take_call.tolist(), take_ret.tolist(), strict=True):
        while called < len(order) and put_call[order[called]] < ret:
            put = int(order[called])
            called += 1
            if put_ret[put] == NEVER:
                unknown.append(put)
            else:
                entry = (int(put_ret[put]), put)
                returns.insert(bisect_right(returns, entry), entry)
        if returns:
            place = min(bisect_right(returns, (call, 0)), len(returns) - 1)
            given.append(returns.pop(place)[1])
        elif unknown:
            given.append(unknown.pop())
        else:
            return None
    return given
