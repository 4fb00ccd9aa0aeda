"""Wing & Gong's search as an engine: it makes the tables, answers what the kernels ask, and keeps to the budget."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.first_steps import FirstSteps
from clew.checkers.memo import QUESTION, Memo
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget, Why
from clew.checkers.wgl.dead import HASH, refill, zobrist
from clew.checkers.wgl.needs import Hoping, Needs, needs_of, no_needs
from clew.checkers.wgl.search import (
    ASK,
    GROW,
    INVALID,
    PAUSE,
    PLAIN_COSTS,
    STEPS_PER_VISIT,
    VALID,
    WORK_PER_VISIT,
    search,
)
from clew.checkers.wgl.state import CLASS, FRAME, OPERATION, PLACED, REGISTERS, ROW, Search, queues

_FIRST_ROOM = 1 << 12
"""Entries of the tables at first: 64 KB, so that a small history costs little. They grow by doubling."""
MOVED_AT_ONCE = 1 << 16
"""Entries of a table that grows between two looks at the deadline: one to ten milliseconds."""
_SHORT, _FEWEST_EVENTS = 20, 10_000
"""Steps for each event of a short search, which decides most histories of a few clients; and the events of a short
history, at least."""
_QUESTIONS = 1 << 12
"""Transitions that are asked for at once. A state has one for each class, and few histories have as many."""


def decide(
    problem: Problem,
    model: Model,
    budget: Budget,
    deadline: Deadline,
    *,
    optional: NDArray[np.bool_] | None = None,
    steps: int | None = None,
    memo: Memo | None = None,
    hope: bool = False,
) -> Decision:
    """Decide one problem. Time is up when `deadline` passes; memory is `budget.bytes`.

    An `optional` operation takes effect between its call and its return or not at all. It must not share its class with
    one that is not optional. `memo` is what an earlier search with the same model and classes has learnt. `steps`
    bounds the search by something that is the same on every machine. When they are used up, the answer is "unknown"
    and `why` is "time". With `hope` it looks at what operations need
    (see `clew.checkers.wgl.needs`). Then there is no `memo`, and if invalid, `stuck` is None.
    """
    hoping = needs_of(problem, model, deadline) if hope else None
    if hoping is None:
        memo = memo or Memo(model, problem.classes)
    else:
        memo = Memo(Hoping(model, problem.classes), hoping[1])
    s = _start(problem, optional, no_needs(len(problem)) if hoping is None else hoping[0])
    at = s.at
    visit = FirstSteps(search, s, PLAIN_COSTS, PAUSE, ASK)
    why: Why | None = None
    while True:
        status = visit(memo.transitions, s)
        if status in (VALID, INVALID):
            break
        if status == ASK:
            memo.learn(s.asked[: at["asked"]].tolist(), deadline)
        elif status == GROW:
            if at["candidates"] + len(s.ops) >= len(s.candidates):
                s = s._replace(candidates=np.resize(s.candidates, 2 * len(s.candidates) + len(s.ops)))
            if 2 * at["dead"] >= len(s.dead):
                larger = np.zeros(2 * len(s.dead), HASH)
                if larger.nbytes + s.dead.nbytes + s.candidates.nbytes + memo.bytes > budget.bytes:
                    why = "memory"
                    break
                for begin in range(0, len(s.dead), MOVED_AT_ONCE):
                    if not deadline.passed():
                        refill(s.dead, larger, begin, min(begin + MOVED_AT_ONCE, len(s.dead)))
                s = s._replace(dead=larger)
        if memo.bytes + s.dead.nbytes + s.candidates.nbytes > budget.bytes:
            why = "memory"
            break
        if deadline.passed() or (steps is not None and at["steps"] >= steps):
            why = "time"
            break
        at["pause_steps"] = at["steps"] + STEPS_PER_VISIT
        at["pause_work"] = at["work"] + WORK_PER_VISIT
    visit.put_back()
    if status == VALID:
        return Decision("valid", order=_placed(s.trail[: at["trail"]]), engine="wgl")
    farthest = s.trail[: at["trail"]] if at["position"] > at["farthest"] else s.best[: at["best"]]
    if why is not None:
        return Decision("unknown", why=why, order=_placed(farthest), engine="wgl")
    if hoping is not None:
        return Decision("invalid", engine="wgl")
    return Decision("invalid", order=_placed(farthest), stuck=int(at["farthest"]), engine="wgl")


def answer_in_turns(
    problem: Problem,
    model: Model,
    budget: Budget,
    deadline: Deadline,
    *,
    steps: int | None = None,
    between: Callable[[], Decision | None] | None = None,
) -> Decision:
    """Answer one problem: by a short search, and if it is hard, by one that looks at what operations need.

    Another search may have its turn in `between`. If invalid, `stuck` may be None.
    """
    if type(model).needs is Model.needs:
        return decide(problem, model, budget, deadline, steps=steps)
    short = _SHORT * max(_FEWEST_EVENTS, len(problem.event_op))
    first = decide(problem, model, budget, deadline, steps=short if steps is None else min(steps, short))
    if first.answer != "unknown" or deadline.passed() or (steps is not None and steps <= short):
        return first
    other = None if between is None else between()
    if other is not None and (other.answer != "unknown" or deadline.passed()):
        return other
    second = decide(problem, model, budget, deadline, steps=steps, hope=True)
    return second if second.answer != "unknown" or len(second.order) > len(first.order) else first


def _start(problem: Problem, optional: NDArray[np.bool_] | None, needs: Needs) -> Search:
    """A search that stands before the first event."""
    count, positions = len(problem), len(problem.event_op)
    head, tail = count, count + 1
    ops = np.zeros(count + 2, OPERATION)
    ops["ret"][:count], ops["cls"][:count] = problem.ret, problem.cls
    bits = zobrist(count)
    ops["one"][:count], ops["two"][:count] = bits[:, 0], bits[:, 1]
    classes = np.empty(len(problem.classes), CLASS)
    ops["following"], classes["queue"] = -1, -1
    if positions < 2 * count:  # some operations do not return
        ops["following"][:count], classes["queue"] = queues(problem)
    if optional is not None:
        ops["optional"][:count] = optional
    ops["next"][head], ops["previous"][tail] = tail, head
    classes["first"], classes["observer"] = -1, problem.observer
    return Search(
        at=np.frombuffer(bytearray(_BEGINNING), REGISTERS)[0],
        event_op=problem.event_op,
        event_return=problem.event_return,
        ops=ops,
        classes=classes,
        trail=np.empty(positions + count, ROW),
        best=np.empty(positions + count, ROW),
        frames=np.empty(count + 1, FRAME),
        candidates=np.empty(_FIRST_ROOM, np.int64),
        dead=np.zeros(_FIRST_ROOM, HASH),
        needs=needs,
        asked=np.empty(_QUESTIONS, QUESTION),
    )


def _beginning() -> bytes:
    """The registers of a search before its first step."""
    at = np.zeros(1, REGISTERS)
    at["farthest"], at["pause_steps"], at["pause_work"] = -1, STEPS_PER_VISIT, WORK_PER_VISIT
    return at.tobytes()


_BEGINNING = _beginning()


def _placed(trail: NDArray[np.void]) -> list[int]:
    """The operations that a trail places, in order."""
    order: list[int] = trail["op"][trail["kind"] == PLACED].tolist()
    return order
