"""The coordinator: it collects the votes, decides, and tells everybody (7.4).

It commits only if all have voted yes. If somebody votes no, or has not voted in time, it aborts. The same holds after
a crash: a transaction that was begun and not decided is aborted, because nobody can have been told otherwise.
"""

from __future__ import annotations

from clew.systems.node import Context
from clew.systems.two_phase_commit.log import DECIDED, Log
from clew.systems.two_phase_commit.messages import (
    ABORTED,
    COMMITTED,
    Decision,
    Fate,
    Inquiry,
    Key,
    Outcome,
    Prepare,
    Read,
    Submit,
    Vote,
)
from clew.systems.two_phase_commit.parameters import Parameters


class Coordinator:
    """The coordinator of those transactions that are this node's to coordinate."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._log = Log("coordinator")
        self._yes: dict[Key, set[str]] = {}
        """Who has voted yes, for each transaction that is not decided."""
        self._waiting: dict[Key, dict[tuple[str, int], None]] = {}
        """The clients that have submitted it, and the ids of their operations, each once."""

    def start(self, ctx: Context) -> None:
        """Decide what an earlier life has left open."""
        for key in self._log.recover(ctx, "begun"):
            ctx.count("recoveries")
            self._decide(ctx, key, self._after_crash())

    def submit(self, ctx: Context, client: str, message: Submit) -> None:
        """Begin the transaction, if nobody has submitted it before. The client is told when it is decided."""
        key = message.key
        state = self._log.state(ctx, key)
        if state in DECIDED:
            ctx.send(client, Outcome(message.id, key, state))
            return
        self._waiting.setdefault(key, {})[client, message.id] = None
        if state is None:
            ctx.count("transactions")
            self._yes[key] = set()
            self._log.write(ctx, key, "begun")
            ctx.broadcast(Prepare(key, message.refusals), including_self=True)
            ctx.set_timer(f"coordinator/{key}", self._parameters.vote_timeout)

    def vote(self, ctx: Context, participant: str, message: Vote) -> None:
        """Count a vote. One no is enough to abort; to commit takes a yes of everybody."""
        voted = self._yes.get(message.key)
        if voted is None:
            return
        if not message.yes:
            self._decide(ctx, message.key, ABORTED)
            return
        voted.add(participant)
        if len(voted) == len(ctx.nodes):
            self._decide(ctx, message.key, COMMITTED)

    def wake(self, ctx: Context, key: Key) -> None:
        """Decide without the votes that have not come in time."""
        if key in self._yes:
            ctx.count("timeouts")
            self._decide(ctx, key, self._without_votes())

    def read(self, ctx: Context, client: str, message: Read) -> None:
        """Tell a client how a transaction ended, or that nobody has submitted it. If it is under way, the client will
        ask again."""
        state = self._log.state(ctx, message.key)
        if state is None or state in DECIDED:
            ctx.send(client, Outcome(message.id, message.key, state))

    def inquire(self, ctx: Context, participant: str, message: Inquiry) -> None:
        """Tell a participant what is decided, if it is."""
        state = self._log.state(ctx, message.key)
        if state in DECIDED:
            ctx.send(participant, Decision(message.key, state))

    def _after_crash(self) -> Fate:
        return ABORTED

    def _without_votes(self) -> Fate:
        return ABORTED

    def _record(self, ctx: Context, key: Key, fate: Fate) -> None:
        self._log.write(ctx, key, fate)

    def _decide(self, ctx: Context, key: Key, fate: Fate) -> None:
        """Log the decision, and tell everybody. From the moment when it is logged, nobody can undo it."""
        self._record(ctx, key, fate)
        ctx.count("commits" if fate == COMMITTED else "aborts")
        ctx.broadcast(Decision(key, fate), including_self=True)
        for client, id in self._waiting.pop(key, {}):
            ctx.send(client, Outcome(id, key, fate))
        if self._yes.pop(key, None) is not None:
            ctx.cancel_timer(f"coordinator/{key}")
