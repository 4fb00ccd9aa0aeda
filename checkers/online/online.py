"""Checking while the test runs, to stop it at the first violation.

    online = Online("cas-register")
    for event in events_as_they_happen:
        verdict = online.feed(event)
        if verdict is not None:
            break

Whether a completion can be explained depends on nothing that happens later, except on how operations that are pending
now will end; as long as that is not known they count as of unknown outcome. So what is found is a violation for good:
what was fed until then is invalid, and stays so whatever comes later. Events of equal times are concurrent, but only
those that are there: a call that is fed after a completion of its time comes too late to explain it.

Every key is watched by itself, see `clew.checkers.online.key_watch`. Where that is easy, as with a few clients, the
violation is found at the completion that cannot be explained. Where it is hard, the run may be up to a few parts in a
hundred longer by then, or over: check the whole history at its end.
"""

from __future__ import annotations

from typing import Any

from clew.checkers.evidence.stuck import Stuck, verdict_on
from clew.checkers.models import find_model
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget, Verdict
from clew.histories.event import NEMESIS, Event
from clew.histories.history import History, freeze

_DEFAULT_BUDGET = Budget(seconds=30.0)


class Online:
    """Takes the events of a run in their order and says when they cannot be explained any more.

    `budget` is that of a single look at one key. What cannot be decided within it is let pass, and looked at again
    when there is more of it. All events are kept, because what is hard has to be looked at from its beginning: that is
    about 20 bytes an event, beside the event itself. A look costs some 300 microseconds, and 10 for each event since
    the call of the oldest pending operation. In the long run that is up to a millisecond an event, and some more where
    a key has to be looked at from its beginning.
    """

    def __init__(self, model: str | Model, *, budget: Budget = _DEFAULT_BUDGET) -> None:
        # Imported here, because it imports numba: `import checkers` must cost a command line nothing.
        from clew.checkers.online.key_watch import KeyWatch

        self._model = find_model(model) if isinstance(model, str) else model
        self._budget = budget
        self._events: list[Event] = []
        self._keys: dict[Any, KeyWatch] = {}
        self._window = KeyWatch

    def feed(self, event: Event) -> Verdict | None:
        """The verdict "invalid" on all events so far, if this one brought a violation to light; None otherwise.

        It is what `verdict_on` says, within the budget that it has by default. Raises `HistoryError` for an event that
        the model does not know, when its key is looked at.
        """
        stuck = self.watch(event)
        return None if stuck is None else verdict_on(History.of(self._events), self._model, stuck)

    def watch(self, event: Event) -> Stuck | None:
        """As `feed`, but without evidence: for who has the history too, and asks `verdict_on` later."""
        row = len(self._events)
        self._events.append(event)
        if event.process == NEMESIS:
            return None
        name = freeze(event.key)
        window = self._keys.get(name)
        if window is None:
            window = self._keys[name] = self._window(self._events, self._model, self._budget)
        return window.look() if window.add(row) else None
