"""Checking while the test runs, to stop it at the first violation.

    online = Online("cas-register")
    for event in events_as_they_happen:
        verdict = online.feed(event)
        if verdict is not None:
            break

Whether a completion can be explained depends on nothing that happens later, except on how operations that are pending
now will end; as long as that is not known they count as of unknown outcome. So what is found is a violation for good.

Every key has a `linear.Sweep` of its own, which moves on for good to the call of the oldest pending operation (its
*frontier*), and from there to now for this look only. What lies before the frontier is forgotten but for the
configurations and the operations that are open there: a look costs as much as what is open, however long the test runs.

    |== forgotten ==|-- the window: swept again by every look --| now
              frontier

While a window is longer than `_ALWAYS_UP_TO`, as one is behind an operation that hangs, it is looked at only every time
it has become longer by `_GROWTH`. Where the sweep has more configurations than `_BYTES` hold, as many unknown outcomes
make them, the key is checked from its beginning instead, in the same rhythm, so that all these checks together cost a
fixed multiple of the last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any, Literal

import numpy as np

from checkers.check import check
from checkers.clock import Clock
from checkers.encoding import encode
from checkers.models import find
from checkers.models.model import Model
from checkers.verdict import Budget, Verdict
from histories.event import NEMESIS, Event
from histories.history import FOREVER, History, freeze

_ALWAYS_UP_TO = 256
_GROWTH = 1 / 64
_BYTES = 1 << 24
_DEFAULT_BUDGET = Budget(seconds=5.0)


class Online:
    """Takes the events of a run in their order and says when they cannot be explained any more.

    `budget` is that of a single check from the beginning; what cannot be decided within it is let pass, and looked at
    again later. The events are kept, for the evidence of a violation.
    """

    def __init__(self, model: str | Model, *, budget: Budget = _DEFAULT_BUDGET) -> None:
        self._model = find(model) if isinstance(model, str) else model
        self._budget = budget
        self._events: list[Event] = []
        self._keys: dict[Any, _Key] = {}

    def feed(self, event: Event) -> Verdict | None:
        """The verdict "invalid" on all events so far, if this one brought a violation to light; None otherwise.

        Raises `HistoryError` for an event that the model does not know.
        """
        self._events.append(event)
        if event.process == NEMESIS:
            return None
        name = freeze(event.key)
        key = self._keys.get(name)
        if key is None:
            key = self._keys[name] = _Key(self._model, self._budget)
        key.add(event)
        looks = event.type in ("ok", "fail")
        return self._evidence() if looks and key.due() and key.broken() else None

    def finish(self) -> Verdict | None:
        """Look at all that has not been looked at yet; as `feed`."""
        behind = (key for key in self._keys.values() if key.unseen)
        return self._evidence() if any(key.broken() for key in behind) else None

    def _evidence(self) -> Verdict | None:
        verdict = check(History.of(self._events), self._model)
        return verdict if verdict.verdict == "invalid" else None


class _Key:
    """The events of one key, and what the object may be like at its frontier."""

    def __init__(self, model: Model, budget: Budget) -> None:
        self._model = model
        self._budget = budget
        self._past: list[Event] = []
        self._window: list[Event] = []
        self._streams = True
        self._pending: Counter[int | str] = Counter()
        self._retired: set[int | str] = set()
        # Whose call is written before its return of the same time: a history is none before that has come.
        self._early: set[int | str] = set()
        # At the frontier: states, each with the operations used, by the index of their invocation; how many are open.
        self._start: list[tuple[Hashable, frozenset[int]]] = [(model.initial, frozenset())]
        self._opened = 0
        self._looked = 0
        self.unseen = False

    def add(self, event: Event) -> None:
        """One more event."""
        self._past.append(event)
        self.unseen = True
        if event.type == "info":
            if event.process in self._retired:
                return  # that nobody knows its outcome is known
            self._retired.add(event.process)
        self._pending[event.process] += 1 if event.type == "invoke" else -1
        if self._pending[event.process] > 1:
            self._early.add(event.process)
        else:
            self._early.discard(event.process)
        self._window.append(event)

    def due(self) -> bool:
        """Whether it is time to look."""
        if self._early:
            return False
        length = len(self._window if self._streams else self._past)
        return length <= _ALWAYS_UP_TO or length >= self._looked * (1 + _GROWTH)

    def broken(self) -> bool:
        """Look: whether no order explains what has completed."""
        self.unseen = False
        if self._streams:
            answer = self._sweep()
            self._looked = len(self._window)
            if answer != "memory":
                return answer == "dead"
            self._streams = False
        self._looked = len(self._past)
        return check(History.of(self._past), self._model, budget=self._budget).verdict == "invalid"

    def _sweep(self) -> Literal["there", "dead", "memory", "time"]:
        """Move the frontier on as far as possible, and look from there to now. Returns the answer of the sweep."""
        from checkers import linear  # imports numba

        history = History.of(self._window)
        operations = history.operations
        problems = encode(history, self._model)
        if not problems:
            return "there"
        problem = problems[0]
        names = history.index[operations.invoked[problem.number]].tolist()
        place = {name: op for op, name in enumerate(names[: self._opened])}
        start = [linear.Configuration(state, frozenset(place[name] for name in used)) for state, used in self._start]
        sweep = linear.Sweep(problem, self._model, Budget(bytes=_BYTES), Clock(float("inf")), start, self._opened)
        ops = problem.number[problem.event_op]
        when = np.where(problem.event_return, operations.end[ops], operations.start[ops])
        keep = operations.completed < 0
        # What happens at the time of the last event may be followed by a call of the same time, which is concurrent.
        frontier = int(np.searchsorted(when, min(history.time[-1], operations.start[keep].min(initial=FOREVER))))
        if frontier > self._opened:
            answer = sweep.to(frontier)
            if answer != "there":
                return answer
            self._start = [(state, frozenset(names[op] for op in used)) for state, used in sweep.configurations()]
            opened = sweep.open()
            self._opened = len(opened)
            keep[problem.number[opened]] = True
            keep[problem.number[problem.call >= frontier]] = True
            rows = np.concatenate((operations.invoked[keep], operations.completed[keep]))
            self._window = [self._window[row] for row in np.sort(rows[rows >= 0]).tolist()]
        return sweep.to(len(problem.event_op))
