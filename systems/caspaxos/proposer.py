"""The proposer: applies change functions to registers (paper, 2.2). Each register has one request at a time.

              ┌─────────── pause, higher ballot <──────────┬───────── conflict ┐
              v                                            │                   │
    idle ─> preparing ── promises of a quorum: apply f ─> accepting ── accepted by a quorum ─> reply, next request
      └──── one round trip: the last accept brought the promises ──^

A request ends in one of three ways:

- `ok`: a quorum has accepted a value that the change made. If the change was the identity on the value that it found, a
  quorum has accepted that value again.
- `fail`: the change made no value that an acceptor could accept, or none of those that it made can be chosen any more.
- `info`: the outcome is unknown.

**When an accept round fails.** Some acceptors may have accepted the new value. Any later proposer may find it there and
have it chosen, so applying the change again could apply it twice. The proposer prepares again and looks, as always, at
the value of the highest ballot:

1. This request made that value. Propose it again, unchanged: it is one change, whichever proposer gets it accepted.
2. Its version is not above that of any value that this request made. Apply the change to it. Versions grow by one along
   the chain of descendants, so this value descends from none of ours, and the new one does not either. Ours do not
   descend from the new one, which did not exist when they were made. So no chain holds two of them, and the change is
   applied at most once, whichever is chosen. If the change is the identity here and is chosen, every later value
   descends from this one, at a ballot above all of ours: none of ours can be chosen any more.
3. Its version is higher. It may descend from one of ours or not, and nothing in it tells. The outcome is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from clew.histories import MISMATCH
from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import (
    EMPTY,
    EXPECTING,
    TELLING,
    UNCHANGED,
    Delete,
    Function,
    Versioned,
    applied,
)
from clew.systems.caspaxos.configuration import Configuration
from clew.systems.caspaxos.messages import (
    Accept,
    Accepted,
    Configure,
    Configured,
    Conflict,
    Deleted,
    GrownOlder,
    GrowOlder,
    Key,
    Prepare,
    Promise,
    Replicate,
    Replicated,
    Reply,
    Request,
)
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.caspaxos.register import Attempt, Phase, Promised, Register, Replication
from clew.systems.node import Context

NO_QUORUM = "no quorum"
"""Error of a `fail`: the time was over before the request had made a value. It has changed nothing."""
UNKNOWN = "accept round failed"
"""Error of an `info`: the time was over after the request had proposed a value that it made."""
OVERTAKEN = "overtaken after a failed accept round"
"""Error of an `info`: a value that the request made may be an ancestor of the present one, or not (case 3 above)."""


class Proposer:
    """The proposer of one node, for all registers."""

    def __init__(self, parameters: Parameters, functions: Mapping[str, Function] = {}) -> None:
        self._parameters = parameters
        self._functions = functions
        self._registers: dict[Key, Register] = {}
        self._timers: dict[str, Register] = {}
        self._latest: dict[str, int] = {}
        self._round = 0
        self._age = 0
        self._configuration: Configuration

    def start(self, ctx: Context) -> None:
        """Go on above all rounds of earlier lives: a ballot that is used twice could stand for two values."""
        self._round = ctx.disk.read("proposer/round", int) or 0
        self._age = ctx.disk.read("proposer/age", int) or 0
        configuration = ctx.disk.read("proposer/configuration", Configuration)
        self._configuration = configuration or self._parameters.configuration(ctx.nodes)

    def request(self, ctx: Context, source: str, message: Request) -> None:
        """Queue a change, unless it is old: this or a later request of the client came before, in any life.

        A client has one request at a time, with growing numbers. So the proposer remembers the last number of each
        client. The number is on disk before the proposer sends anything for the request.
        """
        last = self._latest.get(source)
        if last is None:
            last = ctx.disk.read(f"proposer/client/{source}", int)
        if last is not None and message.id <= last:
            return
        self._latest[source] = message.id
        ctx.disk.write(f"proposer/client/{source}", message.id)
        ctx.disk.sync()
        register = self._register(message.key)
        register.waiting.append(Attempt(source, message, ctx.now + self._parameters.give_up_after))
        if register.attempt is None:
            self._next(ctx, register)
        elif isinstance(register.attempt, Replication):
            self._give_up(ctx, register, register.attempt)

    def replicate(self, ctx: Context, source: str, message: Replicate) -> None:
        """Have the identity change accepted by as many acceptors as a collector asks for, if no client waits."""
        register = self._register(message.key)
        if register.attempt is not None:
            ctx.send(source, Replicated(message.key, "not yet"))
            return
        register.waiting.append(Replication(source, message, ctx.now + self._parameters.give_up_after))
        self._next(ctx, register)

    def grow_older(self, ctx: Context, source: str, message: GrowOlder) -> None:
        """Forget what is left of a deleted register, skip the ballots up to the tombstone's, and grow older.

        What was sent before will be refused. A round under way begins again. If its request made a value, that may be
        an ancestor of the tombstone. Nothing tells any more once the versions are gone, so the outcome is unknown.
        """
        self._age += 1
        self._skip(message.ballot)
        ctx.disk.write("proposer/age", self._age)
        ctx.disk.write("proposer/round", self._round)
        ctx.disk.sync()
        register = self._registers.get(message.key)
        if register is not None:
            self._forget(ctx, register)
        ctx.send(source, GrownOlder(message.key, message.ballot, self._age))

    def configure(self, ctx: Context, source: str, message: Configure) -> None:
        """Work with another configuration. Rounds that are on their way begin again in it.

        The promises that votes have brought are forgotten: they may be too few for the new configuration.
        """
        if message.configuration.number < self._configuration.number:
            return
        known = message.configuration.number == self._configuration.number
        if not known:
            self._configuration = message.configuration
            ctx.disk.write("proposer/configuration", self._configuration)
            ctx.disk.sync()
        ctx.send(source, Configured(message.configuration))
        for register in () if known else self._registers.values():
            register.promised = None
            if register.phase in (Phase.PREPARING, Phase.ACCEPTING):
                self._prepare(ctx, register)

    def promise(self, ctx: Context, source: str, message: Promise) -> None:
        """Count a promise. When a quorum has promised, apply the change to the value of the highest ballot."""
        register = self._registers.get(message.key)
        if register is None or register.phase is not Phase.PREPARING or register.ballot != message.ballot:
            return
        register.promises[source] = message
        if len(register.promises) == self._configuration.prepare_quorum:
            self._prepared(ctx, register)

    def accepted(self, ctx: Context, source: str, message: Accepted) -> None:
        """Count a vote. When a quorum has voted, the value is chosen, and the client gets its reply."""
        register = self._registers.get(message.key)
        if register is None or register.phase is not Phase.ACCEPTING or register.ballot != message.ballot:
            return
        register.accepted.add(source)
        if len(register.accepted) == self._votes(register):
            self._chosen(ctx, register)

    def conflict(self, ctx: Context, source: str, message: Conflict) -> None:
        """Fast-forward past the higher ballot. End the round if too many acceptors refuse to leave a quorum."""
        self._skip(message.promised)
        register = self._registers.get(message.key)
        if register is None:
            return
        if register.promised is not None and message.promised > register.promised.ballot:
            register.promised = None
        if register.ballot != message.ballot or source in register.accepted:
            return
        if register.phase is Phase.PREPARING:
            asked, quorum = self._configuration.prepare, self._configuration.prepare_quorum
        elif register.phase is Phase.ACCEPTING:
            asked, quorum = self._configuration.accept, self._votes(register)
        else:
            return
        register.refused.add(source)
        if len(register.refused) > len(asked) - quorum:
            self._lost(ctx, register)

    def wake(self, ctx: Context, timer: str) -> None:
        """A pause is over, or acceptors have not answered: messages were lost, or the acceptors are down."""
        register = self._timers[timer]
        attempt = register.attempt
        if attempt is None:
            return
        if ctx.now >= attempt.deadline:
            self._give_up(ctx, register, attempt)
        elif register.phase is Phase.PAUSING:
            self._prepare(ctx, register)
        elif register.refused:
            self._lost(ctx, register)
        else:
            self._resend(ctx, register)

    def _register(self, key: Key) -> Register:
        register = self._registers.get(key)
        if register is None:
            register = self._registers[key] = self._timers[repr(key)] = Register(key)
        return register

    def _votes(self, register: Register) -> int:
        """How many acceptors must accept in this round."""
        assert register.attempt is not None
        return register.attempt.votes or self._configuration.accept_quorum

    def _skip(self, ballot: Ballot) -> None:
        """Fast-forward: use only ballots above this one."""
        self._round = max(self._round, ballot.round)

    def _forget(self, ctx: Context, register: Register) -> None:
        """A register is about to be removed."""
        register.promised = None
        attempt = register.attempt
        if attempt is None:
            del self._registers[register.key]
            del self._timers[repr(register.key)]
        elif attempt.made:
            self._finish(ctx, register, Reply(attempt.request.id, "info", error=OVERTAKEN))
        elif register.phase is not Phase.PAUSING:
            self._prepare(ctx, register)

    def _next(self, ctx: Context, register: Register) -> None:
        """Begin the next request whose time is not over. If the promises are there already, begin with the accept."""
        while register.waiting:
            attempt = register.attempt = register.waiting.popleft()
            if ctx.now >= attempt.deadline:
                ctx.send(attempt.client, Reply(attempt.request.id, "fail", error=NO_QUORUM))
                continue
            promised = register.promised
            if promised is None:
                self._prepare(ctx, register)
            else:
                register.promised = None
                register.ballot = promised.ballot
                self._apply(ctx, register, promised.base, promised.value)
            return
        register.attempt = None
        register.phase = Phase.IDLE

    def _prepare(self, ctx: Context, register: Register) -> None:
        register.phase = Phase.PREPARING
        register.ballot = self._ballot(ctx)
        register.promises = {}
        register.accepted = set()
        register.refused = set()
        for node in self._configuration.prepare:
            ctx.send(node, Prepare(register.key, register.ballot, self._age))
        ctx.set_timer(repr(register.key), self._parameters.resend_after)

    def _ballot(self, ctx: Context) -> Ballot:
        """A ballot that this proposer has never used, in any life."""
        self._round += 1
        ctx.disk.write("proposer/round", self._round)
        ctx.disk.sync()
        return Ballot(self._round, ctx.name)

    def _prepared(self, ctx: Context, register: Register) -> None:
        self._apply(ctx, register, *self._select(register.promises.values()))

    def _select(self, promises: Iterable[Promise]) -> tuple[Ballot, Versioned]:
        """The highest ballot at which a value was accepted, and that value.

        Every value chosen so far is that value or one of its ancestors.
        """
        base, value = NEVER, EMPTY
        for promise in promises:
            if promise.accepted > base:
                base, value = promise.accepted, promise.value
        return base, value

    def _apply(self, ctx: Context, register: Register, base: Ballot, current: Versioned) -> None:
        """Apply the change to the current value, or finish what an earlier round began (the three cases above)."""
        attempt = register.attempt
        assert attempt is not None
        made = attempt.made
        value = current
        if made and current.uuid not in made and current.version > min(made.values()):
            self._finish(ctx, register, Reply(attempt.request.id, "info", error=OVERTAKEN))
            return
        if current.uuid not in made:
            state = applied(attempt.request.change, current.state, self._functions)
            if state is not UNCHANGED:
                value = Versioned(current.version + 1, f"{ctx.random.getrandbits(128):032x}", state)
                made[value.uuid] = value.version
        register.phase = Phase.ACCEPTING
        register.accepted = set()
        register.refused = set()
        # A tombstone that all acceptors have must be the last thing that they know, so no prepare goes along.
        ahead = self._parameters.one_round_trip and attempt.votes is None
        promise = self._ballot(ctx) if ahead else register.ballot
        register.accept = Accept(register.key, register.ballot, base, value, promise, self._age)
        for node in self._configuration.accept:
            ctx.send(node, register.accept)
        ctx.set_timer(repr(register.key), self._parameters.resend_after)

    def _chosen(self, ctx: Context, register: Register) -> None:
        attempt, accept = register.attempt, register.accept
        assert attempt is not None
        assert accept is not None
        if accept.promise > accept.ballot:
            register.promised = Promised(accept.promise, accept.ballot, accept.value)
        request = attempt.request
        if isinstance(attempt, Replication):
            outcome: Literal["tombstone", "value"] = "tombstone" if accept.value.state is None else "value"
            self._finish(ctx, register, Replicated(register.key, outcome, accept.ballot))
            return
        if isinstance(request.change, Delete) and self._parameters.collect_after:
            ctx.send(ctx.name, Deleted(register.key))
        if isinstance(request.change, EXPECTING) and accept.value.uuid not in attempt.made:
            reply = Reply(request.id, "fail", error=MISMATCH)
        elif isinstance(request.change, TELLING):
            reply = Reply(request.id, "ok", accept.value.state)
        else:
            reply = Reply(request.id, "ok")
        self._finish(ctx, register, reply)

    def _lost(self, ctx: Context, register: Register) -> None:
        """Pause for a random time, longer after each conflict, so that one of the proposers gets through."""
        attempt = register.attempt
        assert attempt is not None
        longest = min(self._parameters.back_off << min(attempt.conflicts, 32), self._parameters.back_off_max)
        attempt.conflicts += 1
        register.phase = Phase.PAUSING
        ctx.set_timer(repr(register.key), int(ctx.random.random() * longest))

    def _resend(self, ctx: Context, register: Register) -> None:
        """Ask the silent acceptors again, with the same ballot: no acceptor has refused it."""
        if register.phase is Phase.PREPARING:
            prepare = Prepare(register.key, register.ballot, self._age)
            for node in self._configuration.prepare:
                if node not in register.promises:
                    ctx.send(node, prepare)
        else:
            assert register.accept is not None
            accept = msgspec.structs.replace(register.accept, age=self._age)
            for node in self._configuration.accept:
                if node not in register.accepted:
                    ctx.send(node, accept)
        ctx.set_timer(repr(register.key), self._parameters.resend_after)

    def _give_up(self, ctx: Context, register: Register, attempt: Attempt) -> None:
        reply: Reply | Replicated
        if isinstance(attempt, Replication):
            reply = Replicated(register.key, "not yet")
        elif attempt.made:
            reply = Reply(attempt.request.id, "info", error=UNKNOWN)
        else:
            reply = Reply(attempt.request.id, "fail", error=NO_QUORUM)
        self._finish(ctx, register, reply)

    def _finish(self, ctx: Context, register: Register, reply: Reply | Replicated) -> None:
        """Reply to the client, and begin the next request."""
        assert register.attempt is not None
        ctx.cancel_timer(repr(register.key))
        ctx.send(register.attempt.client, reply)
        self._next(ctx, register)
