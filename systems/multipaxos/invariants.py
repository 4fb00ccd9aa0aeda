"""The lemmas of Paxos for each instance, and those of the log, as invariants over the messages."""

from __future__ import annotations

from typing import Any

import msgspec

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
    chosen = Chosen(majority(nodes))
    of_paxos: list[Invariant] = [
        PromisesAreKept(),
        VotesAreReported(),
        OneValuePerBallot(),
        ProposalsAreSafe(majority(nodes)),
        ChosenValueStays(chosen),
        DecisionsAreChosen(chosen),
    ]
    return [*map(OfInstances, of_paxos), CommandsAreFromClients(), AnswersAreOfTheLog(chosen)]


class OfInstances:
    """An invariant of single-decree Paxos, whose keys are the instances of the log."""

    def __init__(self, invariant: Invariant) -> None:
        self._observe = invariant.observe
        self.name = invariant.name
        self.watches = invariant.watches

    def observe(self, sent: Sent) -> Violation | None:
        """What the invariant says, in the words of the log."""
        violation = self._observe(sent)
        if violation is None:
            return None
        words = violation.explanation.replace("for key ", "for instance ")
        return msgspec.structs.replace(violation, explanation=words)


class CommandsAreFromClients:
    """Only what clients have asked for is proposed."""

    name = "commands-are-from-clients"
    watches: tuple[type, ...] = (Request, Accept)

    def __init__(self) -> None:
        self._asked: dict[tuple[str, int], tuple[str, Any, Any]] = {}
        self._seen: set[tuple[Key, Ballot]] = set()

    def observe(self, sent: Sent) -> Violation | None:
        """Look the commands of a proposal up in what clients have asked for, once for each ballot."""
        message = sent.message
        if type(message) is Request:
            self._asked[sent.source, message.id] = (message.f, message.key, message.value)
            return None
        if (message.key, message.ballot) in self._seen:
            return None
        self._seen.add((message.key, message.ballot))
        for each in message.value:
            command = Command(*each)
            if self._asked.get((command.client, command.id)) != (command.f, command.key, command.value):
                words = f"{sent.source} proposes request {command.id} of {command.client}, who has not asked for that"
                return Violation(self.name, words, sent.time, (sent.id,))
        return None


class AnswersAreOfTheLog:
    """A client is told what its command returns if the decided instances run in their order, and each command once.

    A command is not answered before its instance and all before it are decided.
    """

    name = "answers-are-of-the-log"
    watches: tuple[type, ...] = (Accepted, Answer)

    def __init__(self, chosen: Chosen) -> None:
        self._chosen = chosen
        self._store = Store()
        self._ran = 0
        self._results: dict[int, Ran] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Run what is decided, and compare an answer with the result."""
        self._chosen.see(sent)
        message = sent.message
        if type(message) is not Answer:
            return None
        while self._ran + 1 in self._chosen.values:
            self._ran += 1
            for each in self._chosen.values[self._ran][1]:
                ran = self._store.run(Command(*each))
                self._results[ran.id] = ran
        result = self._results.get(message.id)
        if result is not None and (result.value, result.error) == (message.value, message.error):
            return None
        there = "the log is decided without it" if result is None else f"the log says {_words(result)}"
        words = f"{sent.source} answers request {message.id} with {_words(message)}, but {there}"
        return Violation(self.name, words, sent.time, (sent.id,))


def _words(result: Ran | Answer) -> str:
    return repr(result.value) if result.error is None else result.error
