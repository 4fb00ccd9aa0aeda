"""The proposer: applies change functions to registers, one request at a time for each key (paper, 2.2).

              ┌─────────── pause, higher ballot <──────────┬───────── conflict ┐
              v                                            │                   │
    idle ─> preparing ── promises of a quorum: apply f ─> accepting ── accepted by a quorum ─> reply, next request
      └──── one round trip: the last accept brought the promises ──^

Three outcomes. A change is `ok` once a value it made is accepted by a quorum, or, if it acted as the identity, once the
value it saw is accepted again by a quorum. It `fail`s only if no value it made was ever sent to an acceptor, or none
can ever be chosen. Anything else is unknown, `info`.

**What becomes of a value whose accept failed.** It may lie with some acceptors, and any later proposer may pick it up
and have it chosen, so applying the change anew might apply it twice. The proposer prepares again and looks at the value
of the highest ballot, as always:

1. It is one that this request made: propose it again as it is. Whoever had it accepted, it is one change.
2. Its version is not above that of any value this request made: apply the change to it. Versions grow by one along the
   chain of descendants, so this value descends from none of ours, and neither will the new one; nor do ours descend
   from the new one, which did not exist when their ancestors were fixed. No chain holds two of them: the change is
   applied at most once, whichever is chosen. If the change acts as the identity here and that is chosen, then every
   later value descends from this one at a ballot above all of ours: none of them can be chosen any more.
3. Its version is higher: it may descend from ours or not, and nothing it carries tells. The outcome is unknown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import Enum, auto

import msgspec

from clew.histories import MISMATCH
from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import EMPTY, UNCHANGED, Read, Versioned
from clew.systems.caspaxos.messages import Accept, Accepted, Conflict, Key, Prepare, Promise, Reply, Request
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.node import Context

NO_QUORUM = "no quorum"
"""Error of a request that gave up before it had made any value: it certainly changed nothing."""
UNKNOWN = "accept round failed"
"""Error of a request that gave up after it had proposed a value that it made: nobody knows."""
OVERTAKEN = "overtaken after a failed accept round"
"""Error of a change whose value may be an ancestor of the present one, or not (case 3 above)."""


class Phase(Enum):
    """Where the proposer stands with a register."""

    IDLE = auto()
    PREPARING = auto()
    ACCEPTING = auto()
    PAUSING = auto()


class Attempt:
    """The request that a register is busy with, over all its rounds."""

    def __init__(self, client: str, request: Request, deadline: int) -> None:
        self.client = client
        self.request = request
        self.deadline = deadline
        self.conflicts = 0
        self.made: dict[str, int] = {}
        """The versions of the values that this request made and that acceptors may hold, by uuid."""


class Promised(msgspec.Struct, frozen=True):
    """What the one-round-trip optimisation keeps: a quorum accepted `value` at `base` and promised `ballot`."""

    ballot: Ballot
    base: Ballot
    value: Versioned


class Register:
    """One register as this proposer sees it: the round it is in, and who waits."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.waiting: deque[Attempt] = deque()
        self.attempt: Attempt | None = None
        self.phase = Phase.IDLE
        self.ballot = NEVER
        self.promises: dict[str, Promise] = {}
        self.accept: Accept | None = None
        self.accepted: set[str] = set()
        self.refused: set[str] = set()
        self.promised: Promised | None = None


class Proposer:
    """The proposer of one node, for all registers."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._registers: dict[Key, Register] = {}
        self._timers: dict[str, Register] = {}
        self._latest: dict[str, int] = {}
        self._round = 0
        self._prepare_quorum = 0
        self._accept_quorum = 0

    def start(self, ctx: Context) -> None:
        """Go on above every round of the lives before: a ballot used twice could stand for two values."""
        self._round = ctx.disk.read("proposer/round", int) or 0
        self._prepare_quorum, self._accept_quorum = self._parameters.quorums(len(ctx.nodes))

    def request(self, ctx: Context, source: str, message: Request) -> None:
        """Queue a change, unless it was delivered before, in this life or another, or the client has gone on since.

        A client numbers its requests upwards and has one at a time, so the last number seen of it is all there is to
        remember; it is on disk before anything is sent for it.
        """
        last = self._latest.get(source)
        if last is None:
            last = ctx.disk.read(f"proposer/client/{source}", int)
        if last is not None and message.id <= last:
            return
        self._latest[source] = message.id
        ctx.disk.write(f"proposer/client/{source}", message.id)
        ctx.disk.sync()
        register = self._registers.get(message.key)
        if register is None:
            register = self._registers[message.key] = self._timers[repr(message.key)] = Register(message.key)
        register.waiting.append(Attempt(source, message, ctx.now + self._parameters.give_up_after))
        if register.attempt is None:
            self._next(ctx, register)

    def promise(self, ctx: Context, source: str, message: Promise) -> None:
        """Count a promise; with those of a quorum, apply the change to the value of the highest ballot."""
        register = self._registers.get(message.key)
        if register is None or register.phase is not Phase.PREPARING or register.ballot != message.ballot:
            return
        register.promises[source] = message
        if len(register.promises) == self._prepare_quorum:
            self._prepared(ctx, register)

    def accepted(self, ctx: Context, source: str, message: Accepted) -> None:
        """Count a vote; with those of a quorum the value is chosen and the client may hear of it."""
        register = self._registers.get(message.key)
        if register is None or register.phase is not Phase.ACCEPTING or register.ballot != message.ballot:
            return
        register.accepted.add(source)
        if len(register.accepted) == self._accept_quorum:
            self._chosen(ctx, register)

    def conflict(self, ctx: Context, source: str, message: Conflict) -> None:
        """Fast-forward past the ballot in the way, and end the round if a quorum is out of reach."""
        if message.promised.round > self._round:
            self._round = message.promised.round
        register = self._registers.get(message.key)
        if register is None:
            return
        if register.promised is not None and message.promised > register.promised.ballot:
            register.promised = None
        if register.ballot != message.ballot or source in register.accepted:
            return
        if register.phase is Phase.PREPARING:
            quorum = self._prepare_quorum
        elif register.phase is Phase.ACCEPTING:
            quorum = self._accept_quorum
        else:
            return
        register.refused.add(source)
        if len(register.refused) > len(ctx.nodes) - quorum:
            self._lost(ctx, register)

    def wake(self, ctx: Context, timer: str) -> None:
        """A pause is over, or acceptors are silent: their messages or answers were lost, or they are down."""
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

    def _next(self, ctx: Context, register: Register) -> None:
        """Take the next request that is still worth trying, straight to the accept if the promises are there."""
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
        ctx.broadcast(Prepare(register.key, register.ballot), including_self=True)
        ctx.set_timer(repr(register.key), self._parameters.resend_after)

    def _ballot(self, ctx: Context) -> Ballot:
        """A ballot that this proposer has never used, in this life or another."""
        self._round += 1
        ctx.disk.write("proposer/round", self._round)
        ctx.disk.sync()
        return Ballot(self._round, ctx.name)

    def _prepared(self, ctx: Context, register: Register) -> None:
        self._apply(ctx, register, *self._select(register.promises.values()))

    def _select(self, promises: Iterable[Promise]) -> tuple[Ballot, Versioned]:
        """The accepted value with the highest ballot, and that ballot: whatever was chosen, this descends from it."""
        base, value = NEVER, EMPTY
        for promise in promises:
            if promise.accepted > base:
                base, value = promise.accepted, promise.value
        return base, value

    def _apply(self, ctx: Context, register: Register, base: Ballot, current: Versioned) -> None:
        """Apply the change to the current value, or finish what an earlier round of it began (see the three cases)."""
        attempt = register.attempt
        assert attempt is not None
        made = attempt.made
        value = current
        if made and current.uuid not in made and current.version > min(made.values()):
            self._finish(ctx, register, Reply(attempt.request.id, "info", error=OVERTAKEN))
            return
        if current.uuid not in made:
            state = attempt.request.change(current.state)
            if state is not UNCHANGED:
                value = Versioned(current.version + 1, f"{ctx.random.getrandbits(128):032x}", state)
                made[value.uuid] = value.version
        register.phase = Phase.ACCEPTING
        register.accepted = set()
        register.refused = set()
        promise = self._ballot(ctx) if self._parameters.one_round_trip else register.ballot
        register.accept = Accept(register.key, register.ballot, base, value, promise)
        ctx.broadcast(register.accept, including_self=True)
        ctx.set_timer(repr(register.key), self._parameters.resend_after)

    def _chosen(self, ctx: Context, register: Register) -> None:
        attempt, accept = register.attempt, register.accept
        assert attempt is not None
        assert accept is not None
        if accept.promise > accept.ballot:
            register.promised = Promised(accept.promise, accept.ballot, accept.value)
        request = attempt.request
        if accept.value.uuid in attempt.made:
            reply = Reply(request.id, "ok")
        elif isinstance(request.change, Read):
            reply = Reply(request.id, "ok", accept.value.state)
        else:
            reply = Reply(request.id, "fail", error=MISMATCH)
        self._finish(ctx, register, reply)

    def _lost(self, ctx: Context, register: Register) -> None:
        """Step back for a random while, longer with each conflict, so that somebody wins."""
        attempt = register.attempt
        assert attempt is not None
        longest = min(self._parameters.back_off << min(attempt.conflicts, 32), self._parameters.back_off_max)
        attempt.conflicts += 1
        register.phase = Phase.PAUSING
        ctx.set_timer(repr(register.key), int(ctx.random.random() * longest))

    def _resend(self, ctx: Context, register: Register) -> None:
        """Ask the silent acceptors again. Nobody refused so far, so the same ballot may still do."""
        if register.phase is Phase.PREPARING:
            prepare = Prepare(register.key, register.ballot)
            for node in ctx.nodes:
                if node not in register.promises:
                    ctx.send(node, prepare)
        else:
            accept = register.accept
            assert accept is not None
            for node in ctx.nodes:
                if node not in register.accepted:
                    ctx.send(node, accept)
        ctx.set_timer(repr(register.key), self._parameters.resend_after)

    def _give_up(self, ctx: Context, register: Register, attempt: Attempt) -> None:
        if attempt.made:
            reply = Reply(attempt.request.id, "info", error=UNKNOWN)
        else:
            reply = Reply(attempt.request.id, "fail", error=NO_QUORUM)
        self._finish(ctx, register, reply)

    def _finish(self, ctx: Context, register: Register, reply: Reply) -> None:
        """Tell the client and turn to the next request."""
        assert register.attempt is not None
        ctx.cancel_timer(repr(register.key))
        ctx.send(register.attempt.client, reply)
        self._next(ctx, register)
