"""Supplied states: each is what the chosen batches below its number make of the first state."""

from __future__ import annotations

from clew.systems.invariant import Sent, Violation
from clew.systems.rsl.application import Application
from clew.systems.rsl.invariants.ballots import Votes
from clew.systems.rsl.messages import AppStateSupply, Message2b, ReplyMessage
from clew.systems.rsl.types import OperationNumber

REMEMBERED = 8
"""How many states are remembered. Replicas that supply a state at the same time are only a few operations apart."""


class SuppliedStatesAreChosen:
    """A supplied state is the one that the chosen batches below its operation number lead to, and so are its replies.

    (lemma_TransferredStateAlwaysValid, and lemma_AppStateAlwaysValid for the replica that supplies it.) The invariant
    runs the chosen batches itself, from the last state that it has checked. So it costs as much as one more replica
    that executes, and only up to the last state that is supplied.
    """

    name = "supplied-states-are-chosen"
    watches: tuple[type, ...] = (Message2b, AppStateSupply)

    def __init__(self, votes: Votes, application: type[Application]) -> None:
        self._votes = votes
        self._application = application
        self._known: dict[OperationNumber, tuple[str, dict[str, ReplyMessage]]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a supplied state with that of the chosen batches."""
        m = sent.message
        if type(m) is not AppStateSupply:
            self._votes.chosen(sent)
            return None
        missing = self._reach(m.opn_state_supply)
        if missing is not None:
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
        if opn in self._known:
            return None
        start = max((known for known in self._known if known < opn), default=0)
        if start:
            text, replies = self._known[start]
            app, replies = self._application.deserialize(text), dict(replies)
        else:
            app, replies = self._application.initialize(), {}
        for place in range(start, opn):
            batch = self._votes.batches.get(place)
            if batch is None:
                return place
            for index, request in enumerate(batch):
                last = replies.get(request.client)
                if last is None or request.seqno > last.seqno_reply:
                    reply = app.handle_request(request.request)
                    replies[request.client] = ReplyMessage(request.seqno, reply, place, index)
        if len(self._known) == REMEMBERED:
            del self._known[min(self._known)]
        self._known[opn] = (app.serialize(), replies)
        return None


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
