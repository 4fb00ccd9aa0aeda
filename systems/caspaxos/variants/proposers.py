"""Mistakes of proposers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import EMPTY, Function, Read, Versioned
from clew.systems.caspaxos.messages import Conflict, Key, Promise, Reply
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.caspaxos.proposer import UNKNOWN, Proposer
from clew.systems.caspaxos.register import Attempt, Register
from clew.systems.node import Context


class HighestVersionProposer(Proposer):
    """Selects the accepted value with the highest *version* instead of the highest *ballot*. Of equals, the first.

    It looks right, because versions grow by one along the chain of chosen values. But a value that was accepted and
    never chosen has a version too, and a value that was chosen later, at a higher ballot, may have the same version.
    spacejam/verus-paxos, a partly verified CASPaxos, makes this mistake (run_proposal in src/cluster.rs).

    A client sees a lost update: an acknowledged write is replaced by a concurrent one that had failed before.
    """

    def _select(self, promises: Iterable[Promise]) -> tuple[Ballot, Versioned]:
        base, value = NEVER, EMPTY
        for promise in promises:
            if promise.value.version > value.version:
                base, value = promise.accepted, promise.value
        return base, value


class DirtyProposer(Proposer):
    """Answers a read after the prepare round, with the value of the highest ballot, and skips the accept round.

    That value may not be chosen, and may never be. Others have skipped what makes a read final: etcd 0.4.1 and Consul
    served reads from a leader that no quorum had confirmed (Jepsen, 2014).

    A client sees a value appear and disappear. One read returns a write that only a minority has accepted. A later read
    asks other acceptors and does not find it.
    """

    def _prepared(self, ctx: Context, register: Register) -> None:
        attempt = register.attempt
        assert attempt is not None
        if isinstance(attempt.request.change, Read):
            _, value = self._select(register.promises.values())
            self._finish(ctx, register, Reply(attempt.request.id, "ok", value.state))
        else:
            super()._prepared(ctx, register)


class CachingProposer(Proposer):
    """Keeps what it has cached for one round trip after a conflict. It takes a higher ballot and proposes at once.

    The conflict says that another proposer has prepared: the promises for the next ballot are void, and the cached
    value may be old. Gryadka, the prototype of the paper, deletes the cache entry whenever an accept fails.

    A client sees a lost update: a change is applied to a value that was replaced.
    """

    def __init__(self, parameters: Parameters, functions: Mapping[str, Function] = {}) -> None:
        super().__init__(parameters, functions)
        self._cached: dict[Key, tuple[Ballot, Versioned]] = {}

    def _chosen(self, ctx: Context, register: Register) -> None:
        assert register.accept is not None
        if self._parameters.one_round_trip:
            self._cached[register.key] = (register.accept.ballot, register.accept.value)
        super()._chosen(ctx, register)

    def _prepare(self, ctx: Context, register: Register) -> None:
        cached = self._cached.get(register.key)
        if cached is None:
            super()._prepare(ctx, register)
        else:
            register.ballot = self._ballot(ctx)
            self._apply(ctx, register, *cached)


class NamelessProposer(Proposer):
    """Uses ballots without its name: all proposers have the same id.

    So two proposers use the same ballot for two values, and an acceptor takes the second one for a copy of the first.

    A client sees lost updates: both writes are acknowledged, and one of them was never accepted anywhere.
    """

    def _ballot(self, ctx: Context) -> Ballot:
        return Ballot(super()._ballot(ctx).round, "p")


class RepeatingProposer(Proposer):
    """Begins its counter anew after a restart, so it uses ballots a second time.

    Proposers keep hardly any state, but their counter must survive (paper, 2.1). Acceptors that have promised or
    accepted one of the old ballots tell it how far it was, unless nobody of the quorum has.

    A client sees a lost update: at one ballot one acceptor has the value from before the restart, others the one after.
    """

    def start(self, ctx: Context) -> None:
        """Read nothing but the configuration and the age."""
        super().start(ctx)
        self._round = 0


class StubbornProposer(Proposer):
    """Does not fast-forward its counter past the ballot of a conflict, and tries its next own number instead.

    Nothing goes wrong, but a proposer that was cut off has to go through all the numbers that the others have used.

    A client of this proposer gets no answers, long after everything has healed.
    """

    def conflict(self, ctx: Context, source: str, message: Conflict) -> None:
        """End the round, but keep the counter."""
        before = self._round
        super().conflict(ctx, source, message)
        self._round = before


class HastyProposer(Proposer):
    """Answers `fail` when it gives up, though it has proposed a value that an acceptor may have accepted.

    Gryadka calls this a commit error, and tells its clients that the outcome is unknown.

    A client sees a failed write come to life: the next proposer finds it at an acceptor and has it chosen.
    """

    def _give_up(self, ctx: Context, register: Register, attempt: Attempt) -> None:
        self._finish(ctx, register, Reply(attempt.request.id, "fail", error=UNKNOWN))
