"""The proposer: it begins rounds for its clients until something is decided ("Paxos Made Simple", 2.2 and 2.4).

A round has two phases. When a majority has promised, the proposer must propose the value that was accepted at the
highest ballot; only if there is none, it proposes its client's. A reader has no value: if there is none then, nothing
was decided when the round began, and the reader is told so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clew.systems.node import Context
from clew.systems.paxos.learner import Learner
from clew.systems.paxos.messages import (
    NEVER,
    Accept,
    Accepted,
    Ballot,
    Decision,
    Key,
    Prepare,
    Promise,
    Reject,
    Request,
)
from clew.systems.paxos.parameters import Parameters, majority


class Round:
    """What a proposer knows about one key that is not decided yet."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.ballot = NEVER
        self.preparing = False
        self.promises: dict[str, Promise] = {}
        self.waiting: list[tuple[str, Request]] = []
        """The clients that this round is for."""
        self.late: list[tuple[str, Request]] = []
        """Those that asked after it had begun. Their values may be proposed by it, but a reader among them must not be
        told that nothing is decided: that may be so no more."""
        self.conflicts = 0


class Proposer:
    """The proposers of all keys on one node. The learner beside them tells what is decided."""

    def __init__(self, parameters: Parameters, learner: Learner) -> None:
        self._parameters = parameters
        self._learner = learner
        self._rounds: dict[str, Round] = {}
        self._round = 0

    def start(self, ctx: Context) -> None:
        """Go on above all rounds of earlier lives: a ballot that is used twice could stand for two values."""
        self._round = ctx.disk.read("proposer/round", int) or 0

    def request(self, ctx: Context, client: str, request: Request) -> None:
        """Begin a round for a client, unless the answer is known or a round is under way."""
        key = request.key
        if key in self._learner.decided:
            ctx.send(client, Decision(request.id, key, self._learner.decided[key]))
            return
        round = self._rounds.get(repr(key))
        if round is None:
            round = self._rounds[repr(key)] = Round(key)
            round.late.append((client, request))
            self._prepare(ctx, round)
        else:
            round.late.append((client, request))

    def promise(self, ctx: Context, source: str, message: Promise) -> None:
        """Count a promise. When a majority has promised, propose (phase 2a)."""
        round = self._rounds.get(repr(message.key))
        if round is None or not round.preparing or message.ballot != round.ballot:
            return
        round.promises[source] = message
        if len(round.promises) < majority(len(ctx.nodes)):
            return
        round.preparing = False
        value = self._choose(round.promises.values(), [request.value for _, request in round.waiting + round.late])
        if value is not None:
            ctx.broadcast(Accept(round.key, round.ballot, value), including_self=True)
            return
        for client, request in round.waiting:
            ctx.send(client, Decision(request.id, round.key, None))
        round.waiting = []
        self._prepare(ctx, round)

    def _choose(self, promises: Iterable[Promise], own: Iterable[Any]) -> Any:
        """The value of the highest ballot at which a value was accepted, or else a client's; None if none has one."""
        highest = max(promises, key=lambda promise: promise.accepted)
        if highest.accepted > NEVER:
            return highest.value
        return next((value for value in own if value is not None), None)

    def reject(self, ctx: Context, source: str, message: Reject) -> None:
        """Fast-forward past the higher ballot, and try again after a pause."""
        self._round = max(self._round, message.promised.round)
        round = self._rounds.get(repr(message.key))
        if round is None or message.ballot != round.ballot:
            return
        # One pause a ballot, however many acceptors reject it. Pauses are random, and grow: one proposer gets through.
        round.preparing, round.ballot = False, NEVER
        longest = self._parameters.back_off << min(round.conflicts, 5)
        round.conflicts += 1
        ctx.count("conflicts")
        ctx.set_timer(repr(round.key), 1 + int(ctx.random.random() * longest))

    def accepted(self, ctx: Context, source: str, message: Accepted) -> None:
        """Have the learner count a vote. If it has decided the key, tell everybody who waits."""
        if not self._learner.accepted(source, message, majority(len(ctx.nodes))):
            return
        round = self._rounds.pop(repr(message.key), None)
        if round is not None:
            ctx.cancel_timer(repr(message.key))
            for client, request in round.waiting + round.late:
                ctx.send(client, Decision(request.id, message.key, message.value))

    def wake(self, ctx: Context, timer: str) -> None:
        """Begin the next round: a pause is over, or acceptors have not answered."""
        self._prepare(ctx, self._rounds[timer])

    def _prepare(self, ctx: Context, round: Round) -> None:
        """Begin a round with a ballot that this proposer has never used, in any life (phase 1a)."""
        round.waiting += round.late
        round.late = []
        if not round.waiting:
            del self._rounds[repr(round.key)]
            ctx.cancel_timer(repr(round.key))
            return
        self._round += 1
        ctx.disk.write("proposer/round", self._round)
        ctx.disk.sync()
        round.ballot, round.preparing, round.promises = Ballot(self._round, ctx.name), True, {}
        ctx.count("rounds")
        ctx.broadcast(Prepare(round.key, round.ballot), including_self=True)
        ctx.set_timer(repr(round.key), self._parameters.try_again_after)
