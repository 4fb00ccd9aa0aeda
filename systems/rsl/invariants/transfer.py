"""Supplied states: each is what the chosen batches below its number make of the first state."""

from __future__ import annotations

from clew.systems.invariant import Sent, Violation
from clew.systems.rsl.application import Application
from clew.systems.rsl.invariants.log import Log, State
from clew.systems.rsl.messages import AppStateSupply, Message2b, ReplyMessage
from clew.systems.rsl.types import OperationNumber

REMEMBERED = 8
"""How many states are remembered. Replicas that supply a state at the same time are only a few operations apart."""


class SuppliedStatesAreChosen:
    """A supplied state is the one that the chosen batches below its operation number lead to, and so are its replies.

    (lemma_TransferredStateAlwaysValid, and lemma_AppStateAlwaysValid for the replica that supplies it.) The invariant
    runs the chosen batches itself, from the horizon (`log.py`) or from the last state that it has checked. So the
    invariants cost as much as one more replica that executes.
    """

    name = "supplied-states-are-chosen"
    watches: tuple[type, ...] = (Message2b, AppStateSupply)

    def __init__(self, log: Log, application: type[Application]) -> None:
        self._log = log
        self._application = application
        self._known: dict[OperationNumber, tuple[str, dict[str, ReplyMessage]]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a supplied state with that of the chosen batches."""
        m = sent.message
        if type(m) is not AppStateSupply:
            self._log.vote(sent)
            return None
        missing = self._reach(m.opn_state_supply)
        if m.opn_state_supply < self._log.horizon:
            wrong = f"every replica has announced that it has executed everything below {self._log.horizon}"
        elif missing is not None:
            wrong = f"nothing is chosen at {missing}"
        else:
            text, replies = self._known[m.opn_state_supply]
            if m.app_state != text:
                wrong = f"the chosen batches lead to {_shortened(text)}, and it is {_shortened(m.app_state)}"
            elif m.reply_cache != replies:
                wrong = "it does not come with the last reply to each client"
            else:
                return None
        return Violation(
            self.name,
            f"{sent.source} supplies a state with all operations below {m.opn_state_supply}, but {wrong}",
            sent.time,
            (sent.id,),
        )

    def _reach(self, opn: OperationNumber) -> OperationNumber | None:
        """Make the state below `opn` known. Returns the first place below `opn` where nothing is chosen, or None."""
        log = self._log
        if opn in self._known or opn < log.horizon:
            return None
        start = max((known for known in self._known if log.horizon < known < opn), default=log.horizon)
        text, replies = self._known.get(start) or (log.state.application.serialize(), log.state.replies)
        state = State(self._application.deserialize(text), dict(replies))
        for place in range(start, opn):
            batch = log.chosen(place)
            if batch is None:
                return place
            state.run(place, batch)
        if len(self._known) == REMEMBERED:
            del self._known[min(self._known)]
        self._known[opn] = (state.application.serialize(), state.replies)
        return None


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
