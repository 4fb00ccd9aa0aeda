"""Lemmas about what clients are told (5.4.3 and section 8)."""

from __future__ import annotations

from clew.systems.horizon import Above, Recent
from clew.systems.invariant import Sent, Violation
from clew.systems.raft.invariants.committed import Committed
from clew.systems.raft.invariants.horizon import Horizon
from clew.systems.raft.messages import Answer, Appended, Lead, Request

READS = ("get", "read", "campaign")


class StateMachineSafety:
    """Servers run the same command at the same place, with the same result (Figure 3), and each command once.

    An answer tells where its command ran.
    """

    name = "state-machine-safety"
    watches: tuple[type, ...] = (Request, Answer)

    def __init__(self, horizon: Horizon) -> None:
        self._changes = Recent[bool]()
        """Whether a request is for a change."""
        self._places = Recent[tuple[int, int]]()
        """Where a request ran, and the first answer that says so."""
        self._ran = Above[tuple[Answer, int]](horizon.places)

    def observe(self, sent: Sent) -> Violation | None:
        """Compare an answer with the others of its place, and of its request."""
        message = sent.message
        if type(message) is Request:
            self._changes.first(sent.source, message.id, message.f not in READS)
            return None
        if not self._changes.get(sent.destination, message.id):
            return None
        place, number = self._places.first(sent.destination, message.id, (message.index, sent.id))
        if place != message.index:
            words = f"request {message.id} ran twice: at entry {place}, and at entry {message.index}"
            return Violation(self.name, words, sent.time, (number, sent.id))
        first, number = self._ran.first(message.index, (message, sent.id))
        if (first.id, first.value, first.error) == (message.id, message.value, message.error):
            return None
        words = (
            f"at entry {message.index}, one server ran request {first.id} with the result {_result(first)}, and "
            f"{sent.source} request {message.id} with the result {_result(message)}"
        )
        return Violation(self.name, words, sent.time, (number, sent.id))


def _result(answer: Answer) -> str:
    return repr(answer.value) if answer.error is None else answer.error


class AnswersAreCommitted:
    """A command is committed before its client gets the answer (5.3)."""

    name = "answers-are-committed"
    watches: tuple[type, ...] = (Lead, Appended, Answer)

    def __init__(self, committed: Committed, nodes: int) -> None:
        self._committed = committed
        self._alone = nodes == 1

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the place of an answer with what is committed."""
        self._committed.see(sent)
        message = sent.message
        if self._alone or type(message) is not Answer or message.index <= self._committed.index:
            return None
        words = (
            f"{sent.source} answers request {message.id} from entry {message.index}, but only entry "
            f"{self._committed.index} and those before it are committed"
        )
        return Violation(self.name, words, sent.time, (sent.id,))


class ReadsAreCurrent:
    """A read sees everything that clients had been told of when its client asked (section 8)."""

    name = "reads-are-current"
    watches: tuple[type, ...] = (Request, Answer)

    def __init__(self) -> None:
        self._told = (0, 0)
        """The last place that a client was told of, and the message that told it."""
        self._asked = Recent[tuple[int, int]]()
        """What had been told when a request was first sent."""

    def observe(self, sent: Sent) -> Violation | None:
        """Compare what a read has seen with what was told when it was first asked for."""
        message = sent.message
        if type(message) is Request:
            if message.f == "get":
                self._asked.first(sent.source, message.id, self._told)
            return None
        index, number = self._asked.get(sent.destination, message.id) or (0, 0)
        if message.index >= index:
            self._told = max(self._told, (message.index, sent.id))
            return None
        words = (
            f"a client had been told of entry {index} when request {message.id} was sent, but {sent.source} answers it "
            f"with the state after entry {message.index}"
        )
        return Violation(self.name, words, sent.time, (number, sent.id))
