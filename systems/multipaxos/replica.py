"""A replica: it has its clients' commands decided, instance by instance, and runs what is decided.

    pending ── a batch ──> Paxos on the first instance that is not decided ──> decided ── in order ──> the store

There is one instance at a time, and both phases of Paxos for each, as in the published code. (A Multi-Paxos with a
leader skips the first phase: `systems/rsl` does.) Any replica may propose. If an instance is decided for the batch of
another replica, the commands that are still pending go into the next one. So a replica that has missed instances
learns them one after the other, when it has something to propose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clew.systems.multipaxos.messages import Answer, Batch, Command, Request
from clew.systems.multipaxos.parameters import Parameters
from clew.systems.multipaxos.store import Store
from clew.systems.node import Context, UnreadableDisk
from clew.systems.paxos.acceptor import Acceptor
from clew.systems.paxos.learner import Learner
from clew.systems.paxos.messages import Accept, Accepted, Decision, Prepare, Promise, Reject
from clew.systems.paxos.messages import Request as Proposal
from clew.systems.paxos.proposer import Proposer
from clew.systems.recovering_node import RecoveringNode


@dataclass(frozen=True)
class Roles:
    """What a replica is made of. Variants bring their own."""

    acceptor: Callable[[], Acceptor] = Acceptor
    learner: Callable[[], Learner] = Learner
    proposer: Callable[[Parameters, Learner], Proposer] = Proposer
    store: Callable[[], Store] = Store


class Replica(RecoveringNode):
    """One life of one replica."""

    def __init__(self, parameters: Parameters, roles: Roles = Roles()) -> None:
        self._parameters = parameters
        self._acceptor = roles.acceptor()
        self._learner = roles.learner()
        self._proposer = roles.proposer(parameters, self._learner)
        self._store = roles.store()
        self._pending: dict[tuple[str, int], Command] = {}
        """What clients have asked this replica for, and what has not run, in the order in which it came."""
        self._ran = 0
        """The last instance that has run. Instances count from 1."""
        self._proposed = 0
        """The last instance for which this replica has proposed anything."""
        self._react = {
            Request: self._request,
            Prepare: self._acceptor.prepare,
            Promise: self._proposer.promise,
            Accept: self._acceptor.accept,
            Accepted: self._accepted,
            Decision: self._decided,
            Reject: self._proposer.reject,
        }

    def recover(self, ctx: Context) -> None:
        """Read which ballots this replica has used, so that it uses none again. Then run the part of the log that is on
        this disk: what is missing can be learnt again."""
        self._proposer.start(ctx)
        try:
            while (batch := ctx.disk.read(f"log/{self._ran + 1}", list)) is not None:
                self._run(ctx, self._ran + 1, batch)
        except UnreadableDisk as error:
            ctx.log(f"the log is read up to instance {self._ran}: {error}")

    def wake(self, ctx: Context, timer: str) -> None:
        """Hand the timer to the proposer."""
        self._proposer.wake(ctx, timer)

    def _request(self, ctx: Context, client: str, message: Request) -> None:
        """Answer if the command has run. Otherwise have it decided."""
        last = self._store.last(client)
        if last is not None and message.id <= last.id:
            if message.id == last.id:
                ctx.send(client, Answer(last.id, last.value, last.error))
            return
        command = Command(client, message.id, message.f, message.key, message.value)
        self._pending.setdefault((client, message.id), command)
        self._propose(ctx)

    def _propose(self, ctx: Context) -> None:
        """Propose a batch for the first instance that is not decided, unless that is under way."""
        instance = self._ran + 1
        if not self._pending or self._proposed >= instance:
            return
        self._proposed = instance
        commands = list(self._pending.values())[: self._parameters.max_batch]
        batch = [[each.client, each.id, each.f, each.key, each.value] for each in commands]
        ctx.count("batches")
        ctx.count("commands in batches", len(batch))
        self._proposer.request(ctx, ctx.name, Proposal(instance, instance, batch))

    def _accepted(self, ctx: Context, source: str, message: Accepted) -> None:
        """Have the learner count a vote, run what is decided, and go on with the next instance."""
        self._proposer.accepted(ctx, source, message)
        while (instance := self._next()) is not None:
            batch = self._learner.decided[instance]
            # Not synced: the acceptors have it, and this is a copy of it that makes a restart short.
            ctx.disk.write(f"log/{instance}", batch)
            self._run(ctx, instance, batch)
        self._propose(ctx)

    def _decided(self, ctx: Context, source: str, message: Decision) -> None:
        """Do nothing. The proposer tells whoever has asked it, here this node, but the learner has told it before."""

    def _next(self) -> int | None:
        """The instance to run now, if it is decided."""
        return self._ran + 1 if self._ran + 1 in self._learner.decided else None

    def _run(self, ctx: Context, instance: int, batch: Batch) -> None:
        """Run an instance, and answer those clients who asked this replica."""
        self._ran = instance
        self._learner.decided[instance] = batch
        for each in batch:
            command = Command(*each)
            ran = self._store.run(command)
            if self._pending.pop((command.client, command.id), None) is not None and ran.id == command.id:
                ctx.send(command.client, Answer(ran.id, ran.value, ran.error))
