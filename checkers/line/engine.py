"""FIFO queues to which elements are put many times: the queue is drawn as one line of pairs, from its head to its end.

    put order     1   2   2   1   3 ...        the k-th put and the k-th take have the same element:
    take order    1   2   2   1                a pair, number k of the line

*A line is a linearization.* Number the pairs from the first on, and mark the places where a take found the queue empty:
they stand between pairs, after everything in front and before everything behind. Let every operation take effect at its
call, or as soon as what the line demands has taken effect: a put after the puts in front of it, a take after the takes
in front of it and after its own put, and what finds the queue empty after all in front of it. It is early enough unless
it returns before one of these operations is called. So a line is a linearization if and only if

- `call(x) < ret(y)` for all puts x in front of a put y, and for all takes x in front of a take y;
- `call(x) < ret(y)` for all puts x in front of a take y, or of the same pair;
- `call(x) < ret(y)` for all x and y in front of and behind a take that found the queue empty, and for these takes.

Nothing is said of takes x and puts y: time says enough about them. Puts that nobody takes stand behind all pairs.

*The search* makes the line pair by pair. An operation can be next if it is called before everything returns that must
stand behind it. A configuration is what stands in the line, and the latest call that binds puts and takes. The search
goes depth first and remembers the configurations from which it came back (as `clew.checkers.wgl` does). So the order of
two concurrent puts is chosen when their elements are taken, and a wrong choice is found out soon.

*Equal elements.* Of the puts of one element that can be next only the one that returns first is tried, and so of the
takes. Let a return before b, and let a line have b next and a later, or among the puts that nobody takes. Let them
change places. Behind its old place, a stood where nothing in front was called after it returned; b returns later still.
In its new place, a is called before everything behind returns, because it can be next. So it is a line again. Of those
that never return, only the one called first is tried.

*Unknown outcomes.* Puts and takes of unknown outcome never return, so nothing demands them. A take of unknown outcome
takes any element; of these too only the one called first is tried.

*Going back.* A search that goes depth first tries everything behind a wrong choice before it comes back to it. Mostly
the choice spent what is scarce: an element of a take of unknown outcome, which is missing soon. What shows it is not
yet that nothing fits, but that ever more operations of unknown outcome are needed to go on. So another search, which
proves nothing if it fails, allows only few of these near each other. Where it makes no headway, it takes back some
entries, seldom many, and goes on with another number and in an order of options with some noise. It forgets what
it found to be dead. The two searches take turns, in rounds of growing effort.

Measured on seven queues of 10,000 operations, 30 clients, 5 elements and 2 % of unknown outcomes: with both searches
six are decided within 10 s of processor time. Depth first alone decided none of the two it was tried on, whether all
operations of unknown outcome were allowed from the start or few in the whole line. Where one of these was lost, it had
used 9 of them in 11 entries; in truth there were 16 in the whole beginning of 1,100.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import Ints
from clew.checkers.line.search import (
    ANY,
    EMPTIES,
    ENTRY,
    GROW,
    NEAR,
    NO_LINE,
    NONE,
    OPTION,
    PAUSE,
    PUTS,
    REGISTERS,
    TAKES,
    THERE,
    Line,
    extend,
    go_back,
)
from clew.checkers.models.model import EMPTY, PUT, TAKE, Model
from clew.checkers.monitors.first_unexplained import decide_beginnings
from clew.checkers.verdict import Budget, Why
from clew.checkers.wgl.dead import HASH, refill, zobrist
from clew.checkers.wgl.engine import MOVED_AT_ONCE

WORK_PER_VISIT = 200_000
"""Operations looked at until Python may look at the deadline: some milliseconds."""
_FIRST_ROOM = 1 << 12
"""Entries of the tables at first."""
_FIRST_EFFORT, _MORE_EFFORT = 200_000, 8
"""Operations that a turn of the first round looks at, and how many times as many one of the next round. A line of 500
pairs is found after some 12,000 if the search does not go astray."""
_DEPTH, _TAKES_FIRST, _ROVING = range(3)
"""Turns: depth first, where the first return of a pair says how urgent it is; depth first, where that of the take does;
going back, with twice the effort."""
_PATIENCE, _HEADWAY = 3_000, 20
"""It goes back if the line has not become longer by so many entries after it looked at so many operations."""
_FEW, _BACK = 2, 4
"""It allows at least so many operations of unknown outcome near each other, and takes back at least so many entries;
with a probability of one half twice as many, of a third three times, and so on."""
_NOISE = (1, 4, 16, 64, 256)
"""Of which it draws the noise, in events."""
_EAGER = (0, 0, 4)
"""Of which it draws how many options of 64 are treated as urgent that are not."""
_ALL = 1 << 40


def applies(problem: Problem, model: Model) -> bool:
    """Whether the object is a FIFO queue, or a container of equal elements: there all disciplines are alike."""
    if model.discipline in (None, "oldest"):
        return model.discipline is not None
    accesses = [model.container_access(op) for op in problem.classes]
    elements = {access[1] for access in accesses if access is not None and access[0] in (PUT, TAKE)}
    return len(elements) == 1 and None not in accesses


def decide(
    problem: Problem, model: Model, budget: Budget, deadline: Deadline, *, effort: int | None = None
) -> Decision:
    """Decide a problem of a model to which this `applies`.

    If it is invalid, there are another log n searches for the first return that no order explains. `effort` bounds the
    work of each search by something that is the same on every machine: operations looked at.
    """
    return decide_beginnings(lambda part: _search(part, model, budget, deadline, effort), problem)


def _search(problem: Problem, model: Model, budget: Budget, deadline: Deadline, effort: int | None) -> Decision:
    """Whether there is a line for the whole problem. If invalid, nothing is said about where."""
    s = _start(problem, model)
    if s is None:
        return Decision("invalid", engine="line")
    fresh, dead, deads, looks = s, s.dead, 0, 0
    for number in itertools.count():
        share = _FIRST_EFFORT * _MORE_EFFORT**number
        # Most histories are easy, and then depth first is the fastest.
        for turn in (_DEPTH, _TAKES_FIRST, _ROVING) if number == 0 else (_ROVING, _DEPTH, _TAKES_FIRST):
            effort_left = NEVER if effort is None else effort - looks
            if turn == _ROVING:
                status, s = _rove(_anew(fresh), number, budget, deadline, min(2 * share, effort_left))
            else:
                # A configuration that is dead is dead whatever is tried first.
                s = _anew(fresh, takes_first=turn == _TAKES_FIRST)._replace(dead=dead)
                s.at.dead = deads
                status, s = _go_on(s, budget, deadline, min(share, effort_left))
                dead, deads = s.dead, int(s.at.dead)
                if status == NO_LINE:
                    return Decision("invalid", engine="line")
            looks += int(s.at.work)
            if status == THERE:
                return Decision("valid", order=_order(s, NEVER), engine="line")
            why: Why | None = "memory" if status == GROW else None
            why = "time" if deadline.passed() or (effort is not None and looks >= effort) else why
            if why is not None:
                return Decision("unknown", order=_order(s, _explained(s)), why=why, engine="line")
    raise AssertionError


def _rove(s: Line, seed: int, budget: Budget, deadline: Deadline, effort: int) -> tuple[int, Line]:
    """Search until there is a line, the effort is made, the deadline passes, or memory runs out (GROW); and go back
    where there is no headway."""
    at, rng = s.at, random.Random(seed)
    at.random = seed
    expected = NEAR * int((s.ret == NEVER).sum()) // max(1, len(s.ret))
    while True:
        at.most_near = expected + int(_FEW / (1 - rng.random()))
        at.noise, at.eager, at.takes_first = rng.choice(_NOISE), rng.choice(_EAGER), rng.randrange(2)
        status = PAUSE
        while status == PAUSE:
            depth = int(at.depth)
            status, s = _go_on(s, budget, deadline, _PATIENCE)
            if status in (THERE, GROW) or at.work >= effort or deadline.passed():
                return status, s
            if at.depth <= depth + _HEADWAY:
                break
        s, at.dead = s._replace(dead=np.zeros(_FIRST_ROOM, HASH)), 0
        go_back(s, int(_BACK / (1 - rng.random())))


def _go_on(s: Line, budget: Budget, deadline: Deadline, effort: int) -> tuple[int, Line]:
    """Search until there is an answer, the effort is made, the deadline passes, or memory runs out (GROW)."""
    at = s.at
    while True:
        at.pause = at.work + min(WORK_PER_VISIT, effort)
        status = extend(s)
        if status == GROW:
            if at.options + 2 * len(s.call) >= len(s.options):
                s = s._replace(options=np.resize(s.options, 2 * len(s.options) + 2 * len(s.call)))
            if 2 * at.dead >= len(s.dead):
                larger = np.zeros(2 * len(s.dead), HASH)
                if larger.nbytes + s.dead.nbytes + s.options.nbytes > budget.bytes:
                    return GROW, s
                for begin in range(0, len(s.dead), MOVED_AT_ONCE):
                    if not deadline.passed():
                        refill(s.dead, larger, begin, min(begin + MOVED_AT_ONCE, len(s.dead)))
                s = s._replace(dead=larger)
            status = PAUSE
        if status != PAUSE or deadline.passed() or at.work >= effort:
            return status, s


def _start(problem: Problem, model: Model) -> Line | None:
    """A search with an empty line. None if more takes returned an element than there are puts of it."""
    accesses = [model.container_access(op) for op in problem.classes]
    numbers: dict[Any, int] = {}
    element = np.full(len(accesses), ANY, np.int64)
    side = np.full(len(accesses), TAKES, np.int64)
    for number, access in enumerate(accesses):
        assert access is not None
        name, what, _ = access
        if name in (PUT, TAKE):
            element[number] = numbers.setdefault(what, len(numbers))
        if name != TAKE:
            side[number] = PUTS if name == PUT else EMPTIES if name == EMPTY else TAKES
    element, side = element[problem.cls], side[problem.cls]
    count, returns = len(problem), problem.ret != NEVER
    taken = np.bincount(element[(side == TAKES) & returns], minlength=len(numbers))
    if (taken > np.bincount(element[side == PUTS], minlength=len(numbers))).any():
        return None
    following, previous = np.full(count + 6, NONE, np.int64), np.full(count + 6, NONE, np.int64)
    by_return, firsts = list[Ints](), []
    for number in (PUTS, TAKES, EMPTIES):
        chain = np.concatenate(([count + 2 * number], np.flatnonzero(side == number), [count + 2 * number + 1]))
        following[chain[:-1]], previous[chain[1:]] = chain[1:], chain[:-1]
        firsts.append(sum(map(len, by_return)))
        those = np.flatnonzero((side == number) & returns)
        by_return.append(np.append(those[np.argsort(problem.ret[those])], NONE))
    at = np.zeros(1, REGISTERS)[0]
    at.first_put, at.first_take, at.first_empty = firsts
    return Line(
        at=at,
        call=problem.call,
        ret=problem.ret,
        element=element,
        bits=zobrist(count),
        placed=np.zeros(count, np.bool_),
        following=following,
        previous=previous,
        by_return=np.concatenate(by_return),
        line=np.zeros(count + 1, ENTRY),
        options=np.empty(_FIRST_ROOM + 2 * count, OPTION),
        best_put=np.full(len(numbers), NONE, np.int64),
        best_take=np.full(len(numbers), NONE, np.int64),
        dead=np.zeros(_FIRST_ROOM, HASH),
    )


def _anew(fresh: Line, takes_first: bool = False) -> Line:
    """The search before its first step, which knows of no dead configuration."""
    at = np.zeros(1, REGISTERS)[0]
    at.entering, at.takes_first, at.most_near = 1, takes_first, _ALL
    at.first_put, at.first_take, at.first_empty = fresh.at.first_put, fresh.at.first_take, fresh.at.first_empty
    return fresh._replace(
        at=at, placed=fresh.placed.copy(), following=fresh.following.copy(), previous=fresh.previous.copy(),
        dead=np.zeros(_FIRST_ROOM, HASH),
    )  # fmt: skip


def _explained(s: Line) -> int:
    """The first return of an operation that is demanded and does not stand in the line."""
    left = s.by_return[[int(s.at.first_put), int(s.at.first_take), int(s.at.first_empty)]]
    return min(int(s.ret[op]) for op in left.tolist() if op != NONE)


def _order(s: Line, until: int) -> list[int]:
    """The operations of the line in the order of their times, as far as these are before `until`.

    At equal times: what stands in front of a take that found the queue empty, then this take. What stands between two
    of them: puts, then takes, both in the order of the line.
    """
    found: list[tuple[int, int, int, int, int]] = []
    put_time = take_time = emptied = 0
    for place, entry in enumerate(s.line[: s.at.depth]):
        put, take = int(entry["put"]), int(entry["take"])
        if put == NONE:
            put_time = take_time = max(take_time, put_time, int(s.call[take]))
            found.append((take_time, emptied, 2, place, take))
            emptied += 1
        else:
            put_time = max(put_time, int(s.call[put]))
            take_time = max(take_time, put_time, int(s.call[take]))
            found += [(put_time, emptied, 0, place, put), (take_time, emptied, 1, place, take)]
    last = len(s.call)
    puts = s.by_return[: int(np.argmax(s.by_return == NONE))]
    for op in puts.tolist():
        if not s.placed[op]:
            found.append((max(put_time, int(s.call[op])), emptied, 0, last, op))
    return [op for time, *_, op in sorted(found) if time < until]
