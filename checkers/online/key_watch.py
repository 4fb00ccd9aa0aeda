"""One key of a running test: what is not settled yet is looked at again and again.

A `linear.Sweep` moves on for good to the call of the oldest pending operation, the *frontier*. From there it moves on
to now, for this look only. Of what lies before the frontier, only the configurations and the operations that are open
there are kept. So a look costs as much as what is open, however long the test runs.

    |== forgotten ==|-- the window: swept again by every look --| now
              frontier

*What a look may cost.* Each event buys a fixed amount of checking. If the window is short, every completion is looked
at. If it is long, as behind an operation that hangs, or if there are many configurations, a look waits until enough
events have arrived to pay for the last one.

*If that is too much.* Many unknown outcomes or a hundred clients can make a look too much work, or make it take too
much room. From then on the key is checked from its beginning, by the engine that is best at that. The longer the key
is, the longer the next check waits, so that all these checks together cost a fixed multiple of the last one.

All of this is counted in events, configurations and rounds of a search, never in seconds: a run of the simulation must
end at the same event on every machine. Seconds are only a guard against a model that is slow.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np

from clew.checkers import competition, linear
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.evidence.stuck import Stuck
from clew.checkers.forms import form_of
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget
from clew.histories.event import Event
from clew.histories.history import FOREVER, History

_PAYS = 100
"""Events of a window that one new event pays for. An event of a sweep takes 10 microseconds, so a look adds at most a
millisecond to an event in the long run."""
_VISITS_AN_EVENT = 4
"""Configurations that cost as much as one event of a sweep."""
_MOST_VISITS = 1 << 17
"""Configurations that are too many for one look: one or two tenths of a second. The window is then given up."""
_STRIDE = 16
"""Events of a sweep between two looks at how many configurations there were."""
_GROWTH = 64
"""A key is checked from its beginning when it has become longer by one part in this many. All these checks together
then cost 64 times the last one at most."""
_ASKS_AN_EVENT = 8
"""How often a search may ask its deadline for each event of the key. Between two questions lies a millisecond of work
or more."""
_ROUNDS = 1
"""Rounds of a search from the beginning. What one round cannot decide is left until the key is twice as long."""

_Answer = Literal["there", "dead", "memory", "time"]


class KeyWatch:
    """The events of one key, and what the object may be like at its frontier.

    `events` are those of all keys; here an event is a row of that list.
    """

    def __init__(self, events: Sequence[Event], model: Model, budget: Budget) -> None:
        self._events, self._model, self._budget = events, model, budget
        self._all: array[int] = array("q")
        # The rows of the window; None once too much was open for a sweep.
        self._window: array[int] | None = array("q")
        # The configurations at the frontier. Their open operations are the first `_opened` of the window, and are named
        # by their place there.
        self._start: list[tuple[Hashable, frozenset[int]]] = [(model.initial, frozenset())]
        self._opened = 0
        # How many operations of each process are pending.
        self._pending: Counter[int | str] = Counter()
        # Processes whose call is written before their return of the same time. Until that return has come, the events
        # are no history.
        self._early = 0
        # The number of events of the key at which the next look is due.
        self._due_at = 0

    def add(self, row: int) -> bool:
        """Take one more event. Returns whether it is time to look."""
        event = self._events[row]
        before = self._pending[event.process]
        if event.type == "info" and before == 0:
            return False  # an "info" for an operation whose outcome is known to be unknown
        after = before + (1 if event.type == "invoke" else -1)
        self._early += (after > 1) - (before > 1)
        self._pending[event.process] = after
        if after == 0:
            del self._pending[event.process]
        self._all.append(row)
        if self._window is not None:
            self._window.append(row)
        return event.type in ("ok", "fail") and not self._early and len(self._all) >= self._due_at

    def look(self) -> Stuck | None:
        """The completion that no order explains, or None if none was found."""
        if self._window is not None:
            answer, stuck = self._sweep(self._window)
            if answer in ("there", "dead"):
                return stuck
            self._window = None
            self._start.clear()
        return self._check()

    def _sweep(self, window: array[int]) -> tuple[_Answer, Stuck | None]:
        """Move the frontier on as far as possible, and sweep from there to now."""
        history = History.of(self._events[row] for row in window)
        operations = history.operations
        keep = operations.completed < 0
        # An event at the time of the last one may be followed by a call of the same time, which is concurrent with it.
        until = min(history.time[-1], operations.start[keep].min(initial=FOREVER))
        answer: _Answer = "there"
        stuck, visited = None, 0
        for problem in encode(history, self._model):  # there is one, or none if no operation matters
            deadline = Deadline(self._budget.seconds)
            sweep = linear.Sweep(
                problem, self._model, self._budget, deadline,
                [linear.Configuration(*start) for start in self._start], self._opened,
            )  # fmt: skip
            ops = problem.number[problem.event_op]
            when = np.where(problem.event_return, operations.end[ops], operations.start[ops])
            frontier = int(np.searchsorted(when, until))
            with deadline.not_counting_compilation():
                answer = _to(frontier, sweep)
                if answer == "there":
                    opened = sweep.open()
                    place_of = {op: place for place, op in enumerate(opened)}
                    self._start = [
                        (state, frozenset(place_of[op] for op in used)) for state, used in sweep.configurations()
                    ]
                    self._opened = len(opened)
                    keep[problem.number[opened]] = True
                    keep[problem.number[problem.call >= frontier]] = True
                    answer = _to(len(ops), sweep)
            if answer == "dead":
                stuck = Stuck(window[operations.completed[ops[sweep.position]]])
            visited = sweep.visited
        rows = np.concatenate((operations.invoked[keep], operations.completed[keep]))
        self._window = array("q", (window[row] for row in np.sort(rows[rows >= 0]).tolist()))
        self._due_at = len(self._all) + (len(window) + visited // _VISITS_AN_EVENT) // _PAYS
        return answer, stuck

    def _check(self) -> Stuck | None:
        """Check all events from the beginning."""
        history = History.of(self._events[row] for row in self._all)
        deadline = _CountingDeadline(self._budget.seconds)
        count = len(self._all)
        self._due_at = count + count // _GROWTH
        for problem in encode(history, self._model):
            with deadline.not_counting_compilation():
                decision = competition.decide(
                    problem, form_of(problem, self._model), self._model, self._budget, deadline, most_rounds=_ROUNDS
                )
            self._due_at = count + max(count // _GROWTH, deadline.times // _ASKS_AN_EVENT)
            if decision.answer == "unknown":
                self._due_at = 2 * count
            if decision.answer == "invalid":
                assert decision.stuck is not None
                number = problem.number[problem.event_op[decision.stuck]]
                return Stuck(self._all[history.operations.completed[number]], decision.stuck_is_first)
        return None


class _CountingDeadline(Deadline):
    """A deadline that counts how often it was asked: a measure of work that is the same on every machine."""

    times = 0

    def passed(self) -> bool:
        self.times += 1
        return super().passed()


def _to(position: int, sweep: linear.Sweep) -> _Answer:
    """Sweep on to a position; "time" if that is too much work."""
    answer: _Answer = "there"
    while answer == "there" and sweep.position < position:
        answer = sweep.to(min(position, sweep.position + _STRIDE))
        if answer == "there" and sweep.visited > _MOST_VISITS:
            return "time"
    return answer
