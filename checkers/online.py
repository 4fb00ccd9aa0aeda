"""Checking while the test runs, to stop it at the first violation.

    online = Online("cas-register")
    for event in events_as_they_happen:
        verdict = online.feed(event)
        if verdict is not None:
            break

Whether a completion can be explained depends on nothing that happens later, except on how operations that are open now
will end; as long as that is not known they count as of unknown outcome. So what is found is a violation for good.

Every completion of a key is looked at when it happens, as long as the key has few operations; afterwards every one that
makes the history of the key longer by `_GROWTH`, so that all the checks together cost a fixed multiple of the last.
"""

from __future__ import annotations

from typing import Any

from checkers.check import check
from checkers.models import find
from checkers.models.model import Model
from checkers.verdict import Budget, Verdict
from histories.event import MISMATCH, NEMESIS, Event
from histories.history import History, freeze

_ALWAYS_UP_TO = 256
_GROWTH = 1 / 64
_DEFAULT_BUDGET = Budget(seconds=5.0)


class Online:
    """Takes the events of a run in their order and says when they cannot be explained any more.

    `budget` is that of a single look; what cannot be decided within it is let pass, and looked at again later.
    """

    def __init__(self, model: str | Model, *, budget: Budget = _DEFAULT_BUDGET) -> None:
        self._model = find(model) if isinstance(model, str) else model
        self._budget = budget
        self._events: list[Event] = []
        self._by_key: dict[Any, list[Event]] = {}
        self._looked: dict[Any, int] = {}

    def feed(self, event: Event) -> Verdict | None:
        """The verdict "invalid" on all events so far, if this one brought a violation to light; None otherwise.

        Raises `HistoryError` for an event that the model does not know.
        """
        self._events.append(event)
        if event.process == NEMESIS:
            return None
        key = freeze(event.key)
        past = self._by_key.setdefault(key, [])
        past.append(event)
        if event.type != "ok" and event.error != MISMATCH:
            return None
        if len(past) > _ALWAYS_UP_TO and len(past) < self._looked.get(key, 0) * (1 + _GROWTH):
            return None
        return self._look(key)

    def finish(self) -> Verdict | None:
        """Look at all that has not been looked at yet; as `feed`."""
        for key, past in self._by_key.items():
            if self._looked.get(key, 0) < len(past):
                verdict = self._look(key)
                if verdict is not None:
                    return verdict
        return None

    def _look(self, key: Any) -> Verdict | None:
        past = self._by_key[key]
        self._looked[key] = len(past)
        if check(History.of(past), self._model, budget=self._budget).verdict != "invalid":
            return None
        return check(History.of(self._events), self._model)
