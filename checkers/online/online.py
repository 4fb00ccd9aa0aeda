"""Checking while the test runs, to stop it at the first violation.

    online = Online("cas-register")
    for event in events_as_they_happen:
        verdict = online.feed(event)
        if verdict is not None:
            break

A violation that is found stands: what was fed until then is invalid, whatever comes later. Whether a completion can be
explained depends on nothing that happens later, except on how the operations that are pending now will end, and these
count as operations of unknown outcome. Events of equal times are concurrent, but only if they have been fed: a call
that is fed after a completion of the same time comes too late to explain it.

Every key is watched by itself, see `clew.checkers.online.key_watch`. If that is easy, as with a few clients, a
violation is found at the completion that cannot be explained. If it is hard, it is found a few parts in a hundred
later, or not before the end of the run. So check the whole history at the end in any case.
"""

from __future__ import annotations

from typing import Any

from clew.checkers.evidence.stuck import Stuck, verdict_on
from clew.checkers.models import find_model
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget, Verdict
from clew.histories.event import NEMESIS, Event
from clew.histories.frozen import freeze
from clew.histories.history import History

_DEFAULT_BUDGET = Budget(seconds=30.0)


class Online:
    """Takes the events of a run in their order, and says when no order explains them any more.

    `budget` is for a single look at one key. A look that it does not suffice for is repeated later, when there are more
    events.

    Cost: all events are kept, with about 20 bytes for each beside the event itself, because a hard key is checked from
    its beginning. A look takes some 300 microseconds, and 10 for each event since the call of the oldest pending
    operation. In the long run that is up to a millisecond an event, and more for a hard key.
    """

    def __init__(self, model: str | Model, *, budget: Budget = _DEFAULT_BUDGET) -> None:
        # Imported here, because it takes time: importing `clew.checkers` must cost a command line nothing.
        from clew.checkers.online.key_watch import KeyWatch

        self._model = find_model(model) if isinstance(model, str) else model
        self._budget = budget
        self._events: list[Event] = []
        self._keys: dict[Any, KeyWatch] = {}
        self._watch_key = KeyWatch

    def feed(self, event: Event) -> Verdict | None:
        """The verdict on all events so far if this one brought a violation to light; None otherwise.

        The verdict is that of `verdict_on` with its default budget. Raises `HistoryError`, when the key is looked at,
        for an event that the model does not know.
        """
        stuck = self.watch(event)
        return None if stuck is None else verdict_on(History.of(self._events), self._model, stuck)

    def watch(self, event: Event) -> Stuck | None:
        """Like `feed`, but returns the completion that no order explains, without a verdict.

        With the whole history, `verdict_on` gives the verdict later.
        """
        row = len(self._events)
        self._events.append(event)
        if event.process == NEMESIS:
            return None
        name = freeze(event.key)
        watch = self._keys.get(name)
        if watch is None:
            watch = self._keys[name] = self._watch_key(self._events, self._model, self._budget)
        return watch.look() if watch.add(row) else None
