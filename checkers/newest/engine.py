"""Stacks to which elements are pushed many times: sets of stacks, and which of the open operations have taken effect.

    push 1  |------------------|         When the pop of 2 returns, 1 and 3 may lie on the stack in any order. These
    push 2     |----|                    are two stacks, but one set. Later pops tell which one it was, if that matters.
    push 3        |---------|
    pop -> 2           |----------|

Like `clew.checkers.linear`, this sweeps all configurations along the events (Lowe, "Testing for linearizability", CCPE
29(4), 2017, section 5). But configurations in which the same open operations have taken effect are one, with a set of
stacks. The set is a diagram (`clew.checkers.newest.diagram`) that shares what lies below: two orders of pushes that
nobody tells apart cost nothing later on. What lies on a stack is told only when it is popped, so other searches carry
each possibility with them until then.

*Pushes wait until they return.* An element that is popped before its push returns may as well be pushed right before
that pop: what happened above it in between leaves the stack as it was. So a pop takes what is on top, or it is *served*
by a push that is open. Pushes of unknown outcome are always open, so their elements never lie on a stack. And where a
pop can take its element from the top, it need not be served: the push that is left can take the place of that element.
When a push returns that served none, its element is inserted: on top, or further down.

*Labels.* An element may be inserted below others if its push was called before theirs returned. So each element has a
label: the call of the last open push that may be inserted below it. An element cannot have been pushed later than one
above it, so labels never grow downwards. When a push returns, its label is replaced by the one before it. So elements
that no open push can be inserted below have the label 0, and it is forgotten whose pushes these were.

*Just in time.* At a return, other pops may have to take effect first, to uncover an element. A push waits only for pops
of elements below which it cannot be inserted. A pop that found nothing takes effect whenever the stack can be bare.

*Cheap and narrow first.* An operation that takes effect before its return has a price. That of an operation of unknown
outcome grows with the time since its call (`clew.checkers.contents.rows`). A narrow sweep keeps the cheapest
configurations, and goes back where it is lost (`clew.checkers.linear.going_back`). A wrong element far down is missed
late, so going back often does not help; then a wider sweep begins anew. A sweep that drops nothing proves both answers.

Measured on 10,000 operations and 5 values: a second for 5 clients and 2 to 5 s for 10. Without unknown outcomes no
configuration need be dropped for that. Depth first, and a guess who popped which push (`clew.checkers.pairing`),
decide none of these in ten seconds.
"""

from __future__ import annotations

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.linear.going_back import to_the_end
from clew.checkers.models.model import Model
from clew.checkers.newest.order import order_of
from clew.checkers.newest.sweep import ALL, NARROW, Sweep
from clew.checkers.verdict import Budget

_EVERY, _AFTER = 64, 256
"""Events between two marks, and events behind the place where it was lost, after which it is narrow again."""
_LEVELS = 2
"""How often the width is doubled at one place. What is wrong far down in a stack is missed late, and then going back
does not help: of four histories of 10,000 operations and 10 clients, a sweep that gives up so soon and begins anew
decides all within 22 million steps. With six levels one takes more than 48 million before it is lost for good."""
_WIDER = 4
"""How many times as many configurations a sweep keeps that begins anew because one was lost for good."""
_COMPLETE = 4
"""How many times fewer steps a sweep has that drops nothing. Mostly it soon shows what is impossible, or is lost."""


def decide(
    problem: Problem,
    model: Model,
    budget: Budget,
    deadline: Deadline,
    steps: int | None = None,
    *,
    width: int = NARROW,
) -> Decision:
    """Decide one problem of a stack, by sweeps that keep so many configurations or more, and by one that keeps all.

    `steps` bounds the narrow ones together, and also the last one, by something that is the same on every machine: rows
    and nodes looked at. When they are used up, the answer is "unknown" and `why` is "time".
    """
    end, left, why, answer = len(problem.event_op), steps, "time", "dead"
    while answer == "dead" and not deadline.passed():
        sweep = Sweep(problem, model, budget, deadline)
        sweep.widen(width)
        answer = to_the_end(sweep, deadline, end, width, left, budget.bytes, _EVERY, _AFTER, _LEVELS)
        found = _decision(sweep, problem, answer, deadline)
        if found is not None:
            return found
        left, width = None if left is None else left - sweep.work, min(_WIDER * width, ALL)
    if answer in ("memory", "there"):
        why = "memory"  # for the sweep, or for its order
    if not deadline.passed():
        sweep = Sweep(problem, model, budget, deadline)
        sweep.widen(ALL)
        share = None if steps is None else steps // _COMPLETE
        answer = to_the_end(sweep, deadline, end, ALL, share, budget.bytes, _EVERY, _AFTER)
        found = _decision(sweep, problem, answer, deadline)
        if found is not None:
            return found
        why = "memory" if answer in ("memory", "there") else why
    return Decision("unknown", why="time" if deadline.passed() or why == "time" else "memory", engine="newest")


def _decision(sweep: Sweep, problem: Problem, answer: str, deadline: Deadline) -> Decision | None:
    """What a sweep has shown; None if that is nothing."""
    stuck, dropped = sweep.position, sweep.dropped
    if answer == "there":
        order = order_of(sweep, problem, deadline)
        return None if order is None else Decision("valid", order=order, engine="newest")
    if answer == "dead" and not dropped:
        order = order_of(sweep, problem, deadline)
        return Decision("invalid", order=order or [], stuck=stuck, engine="newest")
    return None
