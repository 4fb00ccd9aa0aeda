"""Unordered queues to which elements are put many times, decided by the moments at which they were empty.

    put 1            |-----|                        The take of nothing tells that the queue was empty at a moment in
    put 2                 |------|                  its interval. At the one that is marked, 1 must have been taken.
    take -> 1               |--------|              2 need not have been: its put may come later.
    take -> nothing            |------|
                               ^

*Given the moments, it is a question of pairs.* The moments cut the time into segments. The queue is empty at the
beginning of each segment and at the end of all but the last one. So every take has a put of its element in the same
segment, and every put has such a take, except in the last segment. A put and a take can share a segment if the put is
called before the take returns and no moment lies between the return of the put and the call of the take. Now widen the
interval of each put to the end of the last segment that it reaches, and that of each take to the beginning of the first
one. A put and a take of one element can be a pair if their intervals meet. And if all have a pair, there is an order:
no pair keeps the queue from being empty at a moment (see bags in `monitors.priority_queue`).

*Pairs are made in the order in which intervals end.* If one ends without a partner, it gets the open one of its element
that ends first. All that can still be its partner is open at that time, and of these the one that ends first can be the
partner of the fewest others. So no choice is better, and this holds too if only what ends before some position counts:
at every position, of the puts that ended as many as possible have a partner, and so have the takes.

*Unknown outcomes.* Puts and takes of unknown outcome never end. They need no partner, and are the last to get one. A
take of unknown element can be the partner of any put, at any time after its call, and is used if there is no other. The
last paragraph says that at every position as few of these as possible have been used for each element. So it suffices
to count them: at no moment may more have been used than were called.

*Only the moments are searched for.* All states go through the events together, and equal ones become one. A state says
which operations have a partner. It is exact for every beginning of the history, so the first return that leaves no
state is the first that no order explains. Three rules keep the states few:

- Before a moment, all puts of one element that have returned and have no partner are alike. They are only counted.
- If there are none of any element, a moment changes no pair, so it is made.
- A moment is made as late as possible: when a put returns that has no partner, or a take that found nothing. If it were
  made before any other event, it could be made after that event with the same pairs.

Measured: 1,000 operations of 30 clients and 5 elements have 30 states at most, with 2 % of unknown outcomes up to
1,600, and take 2 to 120 ms. A sweep keeps at most `_FIRST_WIDTH` states: those that have used the fewest takes of
unknown element, and of these the ones in which the fewest open operations have a partner. If it drops some and the
others do not come to the end, a wider sweep follows.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Set

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import EMPTIES, LEFT_OUT, PUTS, TAKES, TAKES_ANY, ContainerForm, container_kinds
from clew.checkers.models.model import Model
from clew.checkers.monitors import priority_queue
from clew.checkers.monitors.lifetimes import lifetimes_of
from clew.checkers.verdict import Budget

_FIRST_WIDTH, _WIDER = 4_000, 8
"""States that the first sweep keeps, and how many times as many each further one does."""
_BYTES_EACH = 1_000
"""What CPython takes for a state that is kept, at most: there may be twice as many, before and after an event. The bits
of its bag come on top."""
WORK_PER_LOOK = 20_000
"""States that meet an event, and elements of a bag, until there is a look at the deadline: some ten milliseconds."""
_AT_ONCE = 500
"""States that meet an event without a look at how much work that was: each may have a large bag."""

State = tuple[int, int, int, int]
"""`paired`: a bit for each open operation that has a partner. `bag`: how many puts of each element have returned since
the last moment and have none, as digits of one number. `used`: takes of unknown element that have a partner. `empties`:
of the takes that found nothing, those called so far have had their moment."""
Moments = tuple[int, "Moments | None"]
"""The position before which the last moment is, and the moments before it."""


def applies(model: Model) -> bool:
    """Whether the model is a container that gives any element."""
    return model.discipline == "any"


def decide(
    problem: Problem, model: Model, budget: Budget, deadline: Deadline, *, effort: int | None = None
) -> Decision:
    """Decide a problem of a model to which this `applies`. The first return that no order explains is found too.

    `effort` bounds the work by something that is the same on every machine: states that meet an event, and the elements
    in their bags that a moment looks at.
    """
    kinds, elements = container_kinds(problem, model)
    sweep = _Sweep(problem, kinds.tolist(), elements.tolist(), deadline, NEVER if effort is None else effort)
    widest = max(1, budget.bytes // (_BYTES_EACH + len(sweep.element_at) // 4))
    width = min(_FIRST_WIDTH, widest)
    while True:
        sweep.go(width)
        if sweep.complete:
            return Decision("valid", order=sweep.order(), engine="bag")
        if sweep.stopped:
            return Decision("unknown", order=sweep.order(), why="time", engine="bag")
        if not sweep.dropped:
            return Decision("invalid", order=sweep.order(), stuck=sweep.position, engine="bag")
        width *= _WIDER
        if width > widest:
            return Decision("unknown", order=sweep.order(), why="memory", engine="bag")


class _Sweep:
    """The states at a position, and what all of them share."""

    def __init__(self, problem: Problem, kind: list[int], element: list[int], deadline: Deadline, effort: int) -> None:
        self.problem = problem
        self.kind, self.element = kind, element
        self.call, self.ret = problem.call.tolist(), problem.ret.tolist()
        self.deadline, self.effort = deadline, effort
        self.work, self.look = 0, WORK_PER_LOOK
        elements = max(element, default=-1) + 1
        # The digits of a bag, the least one first: each has room for all puts of its element.
        puts = [0] * elements
        for op, number in enumerate(element):
            if kind[op] == PUTS:
                puts[number] += 1
        self.shift, self.digit, self.element_at = list[int](), list[int](), list[int]()
        for number, count in enumerate(puts):
            self.shift.append(len(self.element_at))
            self.element_at += [number] * max(1, count.bit_length())
            self.digit.append((1 << len(self.element_at)) - (1 << self.shift[-1]))

    def go(self, width: int) -> None:
        """Let all states meet all events, and keep so many of them."""
        elements = len(self.shift)
        self.open_puts: list[list[tuple[int, int]]] = [[] for _ in range(elements)]
        self.open_takes: list[list[tuple[int, int]]] = [[] for _ in range(elements)]
        """For each element its open operations, as (return, operation), the next return first."""
        self.bit = [0] * len(self.kind)
        self.free, self.bits = list[int](), 0
        self.any_called = self.empties_called = 0
        self.empty_number = dict[int, int]()
        self.states: dict[State, Moments | None] = {(0, 0, 0, 0): None}
        self.dropped = self.stopped = self.complete = False
        returns = self.problem.event_return.tolist()
        for position, op in enumerate(self.problem.event_op.tolist()):
            self.position = position
            if not returns[position]:
                self._called(op)
                continue
            after = self._returned(op)
            if not after or self.stopped:
                return
            self.states = after
            if len(after) > width:
                self.dropped = True
                fewest = sorted(after, key=lambda state: (-state[3], state[2], state[0].bit_count()))
                self.states = {state: after[state] for state in fewest[: (width + 1) // 2]}
        self.position, self.complete = len(returns), True

    def _called(self, op: int) -> None:
        kind = self.kind[op]
        if kind == TAKES_ANY:
            self.any_called += 1
        elif kind == EMPTIES:
            if self.ret[op] != NEVER:
                self.empty_number[op] = self.empties_called
                self.empties_called += 1
        else:
            if not self.free:
                self.free.append(1 << self.bits)
                self.bits += 1
            self.bit[op] = self.free.pop()
            insort((self.open_puts if kind == PUTS else self.open_takes)[self.element[op]], (self.ret[op], op))

    def _returned(self, op: int) -> dict[State, Moments | None]:
        """The states after a return. None survives if no order explains it."""
        after: dict[State, Moments | None] = {}
        meet = {PUTS: self._put_returned, TAKES: self._take_returned, EMPTIES: self._empty_returned}[self.kind[op]]
        if self.kind[op] != EMPTIES:
            (self.open_puts if self.kind[op] == PUTS else self.open_takes)[self.element[op]].pop(0)
            self.free.append(self.bit[op])
        states = list(self.states.items())
        for begin in range(0, len(states), _AT_ONCE):
            some = states[begin : begin + _AT_ONCE]
            self.work += len(some)
            if self.work >= self.look:
                self.look = self.work + WORK_PER_LOOK
                self.stopped = self.work >= self.effort or self.deadline.passed()
                if self.stopped:
                    break
            meet(op, some, after)
        return after

    def _put_returned(
        self, put: int, states: list[tuple[State, Moments | None]], after: dict[State, Moments | None]
    ) -> None:
        bit, one, called = self.bit[put], 1 << self.shift[self.element[put]], self.empties_called
        for (paired, bag, used, empties), moments in states:
            if paired & bit:
                after[paired ^ bit, bag, used, empties] = moments
                continue
            if empties < called:
                now = self._moment(paired, bag, used)
                if now is not None:
                    after[now[0], one, now[1], called] = (self.position, moments)
                if not bag:
                    continue
            after[paired, bag + one, used, empties] = moments

    def _take_returned(
        self, take: int, states: list[tuple[State, Moments | None]], after: dict[State, Moments | None]
    ) -> None:
        bit, element = self.bit[take], self.element[take]
        digit, one = self.digit[element], 1 << self.shift[element]
        puts = [self.bit[put] for _, put in self.open_puts[element]]
        for (paired, bag, used, empties), moments in states:
            if paired & bit:
                after[paired ^ bit, bag, used, empties] = moments
            elif bag & digit:
                after[paired, bag - one, used, empties] = moments
            else:
                for put in puts:
                    if not paired & put:
                        after[paired | put, bag, used, empties] = moments
                        break

    def _empty_returned(
        self, empty: int, states: list[tuple[State, Moments | None]], after: dict[State, Moments | None]
    ) -> None:
        number, called = self.empty_number[empty], self.empties_called
        for state, moments in states:
            if state[3] > number:
                after[state] = moments
                continue
            now = self._moment(*state[:3])
            if now is not None:
                after[now[0], 0, now[1], called] = (self.position, moments)

    def _moment(self, paired: int, bag: int, used: int) -> tuple[int, int] | None:
        """`paired` and `used` after a moment, which leaves no bag; None if a put has no partner."""
        while bag and used <= self.any_called:
            self.work += 1
            element = self.element_at[(bag & -bag).bit_length() - 1]
            mine = bag & self.digit[element]
            bag ^= mine
            count = mine >> self.shift[element]
            for _, take in self.open_takes[element]:
                if not paired & self.bit[take]:
                    paired |= self.bit[take]
                    count -= 1
                    if not count:
                        break
            used += count
        return None if used > self.any_called else (paired, used)

    def order(self) -> list[int]:
        """The operations in an order that explains all that returns before the position."""
        found, moments = set[int](), next(iter(self.states.values()))
        while moments is not None:
            found.add(moments[0])
            moments = moments[1]
        kind, element = np.array(self.kind, np.int8), np.arange(len(self.kind))
        kind[(kind == TAKES) | (kind == TAKES_ANY)] = LEFT_OUT
        for put, take in self._pairs(found):
            kind[take], element[take] = TAKES, put
        form = ContainerForm(self.problem, "any", kind, element, len(element))
        lifetimes = lifetimes_of(form, self.position)
        order = None if lifetimes is None else priority_queue.order_of_bag(lifetimes)
        assert order is not None, "the pairs fit, and the monitor finds no order"
        result: list[int] = order.tolist()
        return result

    def _pairs(self, moments: Set[int]) -> list[tuple[int, int]]:
        """The put and the take of each pair that is made before the position, if these are the moments."""
        elements, pairs = len(self.shift), list[tuple[int, int]]()
        open_puts: list[list[tuple[int, int]]] = [[] for _ in range(elements)]
        open_takes: list[list[tuple[int, int]]] = [[] for _ in range(elements)]
        waiting: dict[int, list[int]] = {}
        anything = deque[int]()
        for position, op in enumerate(self.problem.event_op.tolist()[: self.position + 1]):
            kind, entry = self.kind[op], (self.ret[op], op)
            if position in moments:
                for element, returned in waiting.items():
                    takes = open_takes[element]
                    pairs += [(put, takes.pop(0)[1] if takes else anything.popleft()) for put in returned]
                waiting = {}
            if position == self.position or kind == EMPTIES:
                continue
            if kind == TAKES_ANY:
                anything.append(op)
                continue
            puts, takes = open_puts[self.element[op]], open_takes[self.element[op]]
            mine = puts if kind == PUTS else takes
            if position == self.call[op]:
                insort(mine, entry)
            elif mine and mine[0] == entry:
                mine.pop(0)
                if kind == PUTS:
                    waiting.setdefault(self.element[op], []).append(op)
                else:
                    ready = waiting.get(self.element[op])
                    pairs.append((ready.pop() if ready else puts.pop(0)[1], op))
        return pairs
