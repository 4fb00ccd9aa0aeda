"""The lemmas of Paxos for each instance, and those of the log, as invariants over the messages.

    1 ................ horizon ........................
      run by all who propose    votes, proposals, what is chosen

A replica proposes for the first instance that it has not run. So the *horizon* is the lowest of the last instances that
the replicas have proposed for, among those that are decided. What is sent about old instances after that is a copy
that was late, or from a replica that has lost the end of its log and has it decided again. It is not compared with
anything once the instance is forgotten, `KEPT` instances or more below the horizon. Of these instances, the state is
remembered to which they lead, and the results of each client's last commands.

A replica that proposes no more, because it is dead or its clients ask others, is waited for `WAITED_FOR` instances.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from clew.systems.horizon import Above, Line, Recent
from clew.systems.invariant import Invariant, Sent, Violation
from clew.systems.multipaxos.messages import Answer, Command, Request
from clew.systems.multipaxos.parameters import Parameters
from clew.systems.multipaxos.store import Ran, Store
from clew.systems.paxos.invariants import (
    Chosen,
    ChosenValueStays,
    DecisionsAreChosen,
    OneValuePerBallot,
    PromisesAreKept,
    ProposalsAreSafe,
    VotesAreReported,
)
from clew.systems.paxos.messages import Accept, Accepted, Ballot, Key
from clew.systems.paxos.parameters import majority


def invariants(parameters: Parameters, nodes: int) -> list[Invariant]:
    """All invariants, new for one run of a cluster of this many replicas."""
    chosen, horizon = Chosen(majority(nodes)), Horizon()
    of_paxos: list[OfKeys] = [
        PromisesAreKept(),
        VotesAreReported(),
        OneValuePerBallot(),
        ProposalsAreSafe(majority(nodes)),
        ChosenValueStays(chosen),
        DecisionsAreChosen(chosen),
    ]
    of_log = (CommandsAreFromClients(horizon), AnswersAreOfTheLog(chosen, horizon))
    return [*(OfInstances(one, horizon.line) for one in of_paxos), *of_log]


KEPT = 16
"""How many instances below the horizon are remembered all the same."""
WAITED_FOR = 256
"""How many instances the horizon may lie below the last one that is decided."""


class Horizon:
    """How far all have come who propose. All invariants of a run share it."""

    def __init__(self) -> None:
        self.line = Line(KEPT)
        """The lowest instance that is remembered."""
        self._proposed: dict[str, int] = {}

    def propose(self, replica: str, instance: int) -> None:
        """A replica proposes for an instance."""
        self._proposed[replica] = max(self._proposed.get(replica, 0), instance)

    def run(self, instance: int) -> None:
        """The log is decided up to here, and the state is known to which it leads."""
        self.line.rise(max(min([instance, *self._proposed.values()]), instance - WAITED_FOR))


class OfKeys(Invariant, Protocol):
    """An invariant of single-decree Paxos."""

    def forget(self, key: Key) -> None:
        """Forget a key. The invariant is shown no more messages about it."""


class OfInstances:
    """An invariant of single-decree Paxos, whose keys are the instances of the log."""

    def __init__(self, invariant: OfKeys, line: Line) -> None:
        self._observe = invariant.observe
        self._forget_key = invariant.forget
        self._line = line
        self._below = 0
        line.share(self._forget)
        self.name = invariant.name
        self.watches = invariant.watches

    def _forget(self, line: int) -> None:
        for instance in range(self._below, line):
            self._forget_key(instance)
        self._below = line

    def observe(self, sent: Sent) -> Violation | None:
        """What the invariant says, in the words of the log."""
        if sent.message.key < self._line.at:
            return None
        violation = self._observe(sent)
        if violation is None:
            return None
        words = violation.explanation.replace("for key ", "for instance ")
        return msgspec.structs.replace(violation, explanation=words)


class CommandsAreFromClients:
    """Only what clients have asked for is proposed."""

    name = "commands-are-from-clients"
    watches: tuple[type, ...] = (Request, Accept)

    def __init__(self, horizon: Horizon) -> None:
        self._horizon = horizon
        self._asked = Recent[tuple[str, Any, Any]]()
        self._seen = Above[set[Ballot]](horizon.line)
        """Instance -> the ballots with a proposal."""

    def observe(self, sent: Sent) -> Violation | None:
        """Look the commands of a proposal up in what clients have asked for, once for each ballot."""
        message = sent.message
        if type(message) is Request:
            self._asked.first(sent.source, message.id, (message.f, message.key, message.value))
            return None
        self._horizon.propose(sent.source, message.key)
        seen = self._seen.first(message.key, set())
        if message.ballot in seen:
            return None
        seen.add(message.ballot)
        for each in message.value:
            command = Command(*each)
            if self._asked.is_forgotten(command.client, command.id):
                continue
            if self._asked.get(command.client, command.id) != (command.f, command.key, command.value):
                words = f"{sent.source} proposes request {command.id} of {command.client}, who has not asked for that"
                return Violation(self.name, words, sent.time, (sent.id,))
        return None


class AnswersAreOfTheLog:
    """A client is told what its command returns if the decided instances run in their order, and each command once.

    A command is not answered before its instance and all before it are decided.
    """

    name = "answers-are-of-the-log"
    watches: tuple[type, ...] = (Accepted, Answer)

    def __init__(self, chosen: Chosen, horizon: Horizon) -> None:
        self._chosen = chosen
        self._horizon = horizon
        self._store = Store()
        self._ran = 0
        self._results = Recent[Ran]()

    def observe(self, sent: Sent) -> Violation | None:
        """Run what is decided, and compare an answer with the result."""
        message = sent.message
        if type(message) is not Answer:
            if message.key >= self._horizon.line.at:
                self._chosen.see(sent)
            return None
        while self._ran + 1 in self._chosen.values:
            self._ran += 1
            for each in self._chosen.values[self._ran][1]:
                command = Command(*each)
                ran = self._store.run(command)
                self._results.first(command.client, ran.id, ran)
        self._horizon.run(self._ran)
        client = sent.destination
        result = self._results.get(client, message.id)
        if self._results.is_forgotten(client, message.id):
            return None
        if result is not None and (result.value, result.error) == (message.value, message.error):
            return None
        there = "the log is decided without it" if result is None else f"the log says {_words(result)}"
        words = f"{sent.source} answers request {message.id} with {_words(message)}, but {there}"
        return Violation(self.name, words, sent.time, (sent.id,))


def _words(result: Ran | Answer) -> str:
    return repr(result.value) if result.error is None else result.error
