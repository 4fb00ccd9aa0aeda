"""Registers, one or many: an order in which few reads are wrong, mended from left to right until none is.

    order    w x 1   r x 1   w y 2   r x 3   w x 3   r y 2 ...
             ----------------------- ^ the first that is wrong: what stands around it is mended

The object is made of cells. Each operation needs values of some and sets values of some (`cells`). Every order of all
operations that keeps to the time is a start; this one goes by the middle of their intervals. Mending changes the
places of two neighbouring blocks at a time, where time lets it (`moves`, `exchange`). An exchange by which no more
accesses are wrong is made, another one by chance: the seldomer, the more it makes wrong and the colder it is
(Kirkpatrick, Gelatt and Vecchi, "Optimization by Simulated Annealing", Science 220, 1983). Half of the moves bring a
wrong access and the value that it needs together.

Where many clients use few values, there are very many linearizations, and a search that decides from left to right
cannot know which of its decisions it will regret. Here a decision is changed as soon as it is in the way, and only what
is near changes. So it takes a time in proportion to the length of the history. Measured with 30 clients of three
registers and 5 values: 0.1 to 0.6 s of processor time for 1,000 operations.

*Sound.* An order in which nothing is wrong is a linearization. It never finds out that there is none.

*Unknown outcomes.* An operation of unknown outcome is left out at first. It comes in where something needs what it
sets and other moves did not suffice, and is left out again if that is mended otherwise. Each can be needed once only,
maybe hundreds of operations later, and then mending has gone too far to find out where it was wasted. Of 60
multi-registers of 10,000 operations and 5 values, with no or 2 % unknown outcomes, all are mended within 3 s.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers.cells import Cells, cell_of, cells_of
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import Ints, RegisterForm
from clew.checkers.mending.exchange import CELL, REGISTERS, Order
from clew.checkers.mending.likely import Floats, likely_moments
from clew.checkers.mending.moves import MENDED, PAUSE, begin, first_wrong, gather, look, mend, spare
from clew.checkers.models.model import Model
from clew.checkers.replay import state_after
from clew.checkers.wrong_list import NOBODY

WORK_PER_VISIT = 2_000_000
"""Places looked at until Python may look at the deadline: 10 to 20 milliseconds."""
_BACK, _AHEAD = 60, 100
"""How many places a stretch reaches to the left and to the right of what is wrong, at most."""
_MOVES = 300
"""Moves for each place of a stretch, until another one is taken around what is wrong."""
_WIDER, _NARROWER = 1.3, 1.5
"""How many times as long a stretch is if the last one was not mended, and how many times as short if it was."""
_WIDEST = 4.0
"""How many times as long as at first a stretch is, at most."""
_HOT, _COLD = 0.5, 0.15
"""The temperature in which the moves of a stretch begin and end: of the exchanges that make one more access wrong, one
of 7 is made at first, and one of 800 in the end. At one temperature, 0.3, some histories take ten times as long."""
_LEVELS, _MOST_WORSE = 16, 6
"""How many temperatures there are, and by how many wrong accesses an exchange is never made."""
_FURTHER = 200
"""Places that it comes further, at least, to have more steps."""
_LOOK_BACK = 1_000
"""See `moves.gather`."""


def decide(problem: Problem, model: Model, deadline: Deadline, steps: int, *, seed: int = 0) -> Decision | None:
    """Look for an order of a problem; "unknown" if none is found, and None if it has no cells (see `cells_of`).

    `steps` bounds it by something that is the same on every machine: places looked at since it last came further. So a
    long history has more of them, and one that nothing explains is given up soon after the place of which that is true.
    With another `seed` it goes another way. Memory: O(n).
    """
    cells = cells_of(problem, model, deadline)
    if cells is None:
        return None
    found = _decide(problem, cells, deadline, steps, [seed])
    # The model has the last word: an operation may do more than its accesses to cells tell.
    if found.answer == "valid" and state_after(found.order, problem, model, deadline) is None:
        return Decision("unknown", why="time", engine="mending")
    return found


def decide_register(form: RegisterForm, deadline: Deadline, steps: int, *, seeds: Iterable[int] = (0,)) -> Decision:
    """Look for an order of a problem of one register; see `decide`. It begins with a likely one (see `likely`).

    Where the `steps` with one of the `seeds` come no further, it goes back a little and on from there with the next.
    """
    moment = likely_moments(form, deadline)
    return _decide(form.problem, cell_of(form), deadline, steps, list(seeds), moment)


def _decide(
    problem: Problem, cells: Cells, deadline: Deadline, steps: int, seeds: list[int], moment: Floats | None = None
) -> Decision:
    t = _start(problem, cells, seeds[0], _middles(problem) if moment is None else moment)
    at, count, rng, others = t.at, len(problem), random.Random(seeds[0]), seeds[1:]
    farthest, scale, further, last = -1, 1.0, _FURTHER, steps
    marks = [_mark(t, farthest)]
    while (place := int(first_wrong(t, at.begin))) != NOBODY:
        if at.work >= last:
            if not others:
                return Decision("unknown", why="time", engine="mending")
            farthest, last, scale = marks[0].farthest, at.work + steps, 1.0
            _go_back(t, marks[0], others[0])
            rng = random.Random(others.pop(0))
            continue
        at.sparing = place > farthest  # the first time that this place is mended
        if place > farthest:
            farthest, scale = place, max(scale / _NARROWER, 1.0)
        else:
            scale = min(scale * _WIDER, _WIDEST)
        if place >= further:
            further, last, others = place + _FURTHER, at.work + steps, seeds[1:]
            marks = [marks[-1], _mark(t, farthest)]
        at.begin = max(0, place - int(scale * _BACK * rng.uniform(0.3, 1)))
        at.end = min(count, place + 1 + int(scale * _AHEAD * rng.uniform(0.5, 1)))
        gather(t, _LOOK_BACK)
        begin(t)
        at.moves_end = _MOVES * (at.end - at.begin)
        status = PAUSE
        while status == PAUSE and at.work < last:
            if deadline.passed():
                return Decision("unknown", why="time", engine="mending")
            at.pause = min(at.work + WORK_PER_VISIT, last)
            status = mend(t)
        if status == MENDED:
            spare(t)
    # Once more from the beginning: the answer must not hang on what was noted while the order changed.
    t.now["holds"] = cells.first
    look(t)
    if first_wrong(t, 0) != NOBODY:
        return Decision("unknown", why="time", engine="mending")
    return Decision("valid", order=_taken(t), engine="mending")


_CHANGING = ("left_out", "order", "place", "seen", "wrong", "place_of_wrong")
"""The tables that mending changes, but for its registers and for those that are room only."""


class _Mark(NamedTuple):
    """Where mending stood."""

    farthest: int
    """The farthest place that it had come to."""
    at: np.record
    """A copy of its registers."""
    tables: list[NDArray[Any]]
    """Copies of the tables of `_CHANGING`."""


def _mark(t: Order, farthest: int) -> _Mark:
    """A mark at which mending stands."""
    return _Mark(farthest, t.at.copy(), [getattr(t, name).copy() for name in _CHANGING])


def _go_back(t: Order, mark: _Mark, seed: int) -> None:
    """Stand where the mark was made, with another seed. The work that was done since then still counts."""
    work, exchange = t.at.work, t.at.exchange  # the number of an exchange must not come again
    for name in t.at.dtype.names or ():
        t.at[name] = mark.at[name]
    for name, old in zip(_CHANGING, mark.tables, strict=True):
        getattr(t, name)[:] = old
    t.at.work, t.at.exchange, t.at.random = work, exchange, seed


def _middles(problem: Problem) -> Floats:
    """The middle of each interval. For an operation of unknown outcome it means nothing: `_start` does not use it."""
    return (problem.call + problem.ret) / 2


def _start(problem: Problem, cells: Cells, seed: int, moment: Floats) -> Order:
    """The first order: by a moment of each operation. What is of unknown outcome is left out and stands at its call."""
    count, accesses = len(problem), len(cells.cell)
    lost = problem.ret == NEVER
    order = np.argsort(np.where(lost, problem.call, moment), kind="stable")
    place = np.empty(count, np.int64)
    place[order] = np.arange(count)
    at = np.zeros(1, REGISTERS)[0]
    at.random = seed
    now = np.zeros(int(cells.cell.max(initial=-1)) + 1, CELL)
    now["holds"] = cells.first
    t = Order(
        at=at,
        call=problem.call,
        ret=problem.ret,
        begins=cells.begins,
        cell=cells.cell,
        needs=cells.needs,
        sets=cells.sets,
        first=cells.first,
        op=np.repeat(np.arange(count), np.diff(cells.begins)),
        left_out=lost,
        order=order.astype(np.int64),
        place=place,
        seen=np.empty(accesses, np.int64),
        wrong=np.empty(accesses, np.int64),
        place_of_wrong=np.full(accesses, NOBODY, np.int64),
        lost=np.empty(int(lost.sum()), np.int64),
        now=now,
        touched=np.empty(len(now), np.int64),
        moved=np.empty(count, np.int64),
        chance=((1 << 30) * np.exp(-np.arange(_MOST_WORSE) / np.geomspace(_HOT, _COLD, _LEVELS)[:, None])).astype(
            np.int64
        ),
    )
    look(t)
    return t


def _taken(t: Order) -> list[int]:
    """The operations that are not left out, in order; those of unknown outcome at the end need not happen."""
    taken: Ints = t.order[~t.left_out[t.order]]
    known = np.flatnonzero(t.ret[taken] != NEVER)
    return [int(op) for op in taken[: known[-1] + 1]] if len(known) else []
