"""One key of a running test: what is not settled yet, looked at again and again.

A `linear.Sweep` moves on for good to the call of the oldest pending operation (the *frontier*), and from there to now
for this look only. What lies before the frontier is forgotten but for the configurations and the operations that are
open there: a look costs as much as what is open, however long the test runs.

    |== forgotten ==|-- the window: swept again by every look --| now
              frontier

An event pays for so much looking and no more, so that the test goes on whatever happens. Where the window is short,
every completion is looked at. Where it is long, as behind an operation that hangs, or where there are many
configurations, a look waits until enough events have come to pay for the last one.

Where that leads to a look that is too much work, or takes too much room, as many unknown outcomes or a hundred clients
make it, the key is checked from its beginning from then on, by the engines that are best at that. The longer it is, the
longer one waits for the next time, so that all these checks together cost a fixed multiple of the last.

All of that is counted in events, configurations and rounds of a search, and not in seconds: a run of the simulation
must end at the same event wherever it runs. Seconds are for what no counting foresees, a model that is slow.
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
"""How many events of a window are swept again for one that is new, at most, in the long run."""
_VISITS_AN_EVENT = 4
"""How many configurations cost as much as an event that is swept again."""
_MOST_VISITS = 1 << 17
"""Configurations that are too many for one look."""
_STRIDE = 16
"""Events after which it is seen whether they are."""
_GROWTH = 64
"""A key is checked from its beginning when it has become longer by one part of so many."""
_ASKS_AN_EVENT = 8
_ROUNDS = 1
"""How often a search asks its deadline for what an event pays."""

_Answer = Literal["there", "dead", "memory", "time"]


class KeyWatch:
    """The events of one key, which are rows of a list of `events`, and what the object may be like at its frontier."""

    def __init__(self, events: Sequence[Event], model: Model, budget: Budget) -> None:
        self._events, self._model, self._budget = events, model, budget
        self._all: array[int] = array("q")
        # None once too much was open for a sweep.
        self._window: array[int] | None = array("q")
        # At the frontier: states, each with the open operations that are used, and how many are open. These are the
        # first of the window, and named by their place there.
        self._start: list[tuple[Hashable, frozenset[int]]] = [(model.initial, frozenset())]
        self._opened = 0
        self._pending: Counter[int | str] = Counter()
        # Processes whose call is written before their return of the same time: a history is none before that has come.
        self._early = 0
        self._due_at = 0

    def add(self, row: int) -> bool:
        """One more event. Returns whether it is time to look."""
        event = self._events[row]
        before = self._pending[event.process]
        if event.type == "info" and before == 0:
            return False  # that nobody knows its outcome is known
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
        """The completion that no order explains, if there is one."""
        if self._window is not None:
            answer, stuck = self._sweep(self._window)
            if answer in ("there", "dead"):
                return stuck
            self._window = None
            self._start.clear()
        return self._check()

    def _sweep(self, window: array[int]) -> tuple[_Answer, Stuck | None]:
        """Move the frontier on as far as possible, and look from there to now."""
        history = History.of(self._events[row] for row in window)
        operations = history.operations
        keep = operations.completed < 0
        # What happens at the time of the last event may be followed by a call of the same time, which is concurrent.
        until = min(history.time[-1], operations.start[keep].min(initial=FOREVER))
        answer: _Answer = "there"
        stuck, visited = None, 0
        for problem in encode(history, self._model):  # one, or none if nothing that happened matters
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
                    place = {op: at for at, op in enumerate(opened)}
                    self._start = [
                        (state, frozenset(place[op] for op in used)) for state, used in sweep.configurations()
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
        """Look at everything from the beginning."""
        history = History.of(self._events[row] for row in self._all)
        deadline = _Asked(self._budget.seconds)
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


class _Asked(Deadline):
    """A deadline that counts how often it was asked, which is a measure of the work that was done."""

    times = 0

    def passed(self) -> bool:
        self.times += 1
        return super().passed()


def _to(position: int, sweep: linear.Sweep) -> _Answer:
    """Sweep on to a position, unless that is too much work."""
    answer: _Answer = "there"
    while answer == "there" and sweep.position < position:
        answer = sweep.to(min(position, sweep.position + _STRIDE))
        if answer == "there" and sweep.visited > _MOST_VISITS:
            return "time"
    return answer
