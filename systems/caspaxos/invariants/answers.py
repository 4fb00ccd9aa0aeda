"""What clients may be told."""

from __future__ import annotations

from clew.histories import MISMATCH
from clew.systems.caspaxos.ballot import Ballot
from clew.systems.caspaxos.change import Change, Versioned, contradiction
from clew.systems.caspaxos.invariants.values import Values
from clew.systems.caspaxos.invariants.votes import VOTES, Votes, words
from clew.systems.caspaxos.messages import Accept, Key, Reply, Request
from clew.systems.invariant import Sent, Violation


class Requests:
    """The requests that have no answer yet. A lost one never gets any, so none is remembered for ever.

    A proposer answers at most `give_up_after` after it gets a request. Ten times as long after the request was sent, it
    is forgotten, and an answer that comes later is not judged.
    """

    def __init__(self, give_up_after: int) -> None:
        self._patience = 10 * give_up_after
        self._open: dict[int, Sent] = {}

    def ask(self, sent: Sent) -> None:
        """Note a request."""
        while self._open:
            number, oldest = next(iter(self._open.items()))
            if sent.time - oldest.time <= self._patience:
                break
            del self._open[number]
        self._open[sent.message.id] = sent

    def answer(self, number: int) -> Sent | None:
        """The request of this number, unless it was answered before or is forgotten."""
        return self._open.pop(number, None)


class AnswersAreChosen:
    """Before a proposer answers `ok` or `mismatch`, a value of its own is chosen, and the answer tells of that value.

    It answers when the request's accept round has a quorum: after the request has come, and after its last answer about
    the same key, because it has one request for each key at a time. This holds for reads and mismatches too: the accept
    round makes the state that they saw final.
    """

    name = "answers-are-chosen"
    watches: tuple[type, ...] = (*VOTES, Request, Reply)

    def __init__(self, votes: Votes, give_up_after: int) -> None:
        self._votes = votes
        self._requests = Requests(give_up_after)
        self._chosen: dict[tuple[str, Key], tuple[Ballot, Versioned, int]] = {}
        self._answered: dict[tuple[str, Key], int] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Look for the value that was chosen between the request and the answer, and compare it with the answer."""
        message = sent.message
        kind = type(message)
        chosen = self._votes.observe(sent)
        if chosen is not None:
            register = (chosen.source, chosen.message.key)
            last = self._chosen.get(register)
            # The votes of an earlier round may be complete only after those of a later one.
            if last is None or chosen.message.ballot > last[0]:
                self._chosen[register] = (chosen.message.ballot, chosen.message.value, sent.id)
        elif kind is Request:
            self._requests.ask(sent)
        elif kind is Reply:
            request = self._requests.answer(message.id)
            if request is not None:
                return self._answer(sent, request.message.key, request.message.change, request.id)
        return None

    def _answer(self, sent: Sent, key: Key, change: Change, asked: int) -> Violation | None:
        message = sent.message
        register = (sent.source, key)
        before, self._answered[register] = self._answered.get(register, -1), sent.id
        if message.outcome == "info" or (message.outcome == "fail" and message.error != MISMATCH):
            return None
        _, value, number = self._chosen.get(register, (None, None, -1))
        if value is None or number < max(asked, before):
            since = "that request" if asked > before else "its last answer"
            what = f"but since {since} nothing that it proposed was chosen"
            shown = (asked, sent.id)
        else:
            mismatch = message.outcome == "fail"
            wrong = contradiction(change, value.state, message.value, mismatch=mismatch)
            if wrong is None:
                return None
            what, shown = f"{wrong}, but {words(value)} was chosen", (number, sent.id)
        return Violation(
            self.name, f"{sent.source} answers request {message.id} on key {key!r}, {what}", sent.time, shown
        )


class FailuresChangeNothing:
    """A proposer that answers `fail` has proposed nothing new for the request, unless the answer is a mismatch.

    A value that was proposed may be chosen later, whoever finds it at an acceptor. Then the change has happened.

    A proposer that gives up has had the request for `give_up_after`. What it proposed for the first time in this time,
    since its last answer about the same key, it made for this request.
    """

    name = "failures-change-nothing"
    watches: tuple[type, ...] = (Accept, Request, Reply)

    def __init__(self, give_up_after: int, values: Values) -> None:
        self._give_up_after = give_up_after
        self._requests = Requests(give_up_after)
        self._values = values
        self._proposed: dict[tuple[str, Key], Sent] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Look for a new value that was proposed for a request that failed."""
        message = sent.message
        kind = type(message)
        if kind is Request:
            self._requests.ask(sent)
        elif kind is Accept:
            if message.value.version and self._values.is_new(sent):
                self._proposed[sent.source, message.key] = sent
        else:
            request = self._requests.answer(message.id)
            if request is None:
                return None
            key = request.message.key
            proposal = self._proposed.pop((sent.source, key), None)
            if message.outcome != "fail" or message.error == MISMATCH or proposal is None:
                return None
            if proposal.time >= sent.time - self._give_up_after:
                return Violation(
                    self.name,
                    f"{sent.source} answers request {message.id} on key {key!r} with fail, but it has proposed "
                    f"{words(proposal.message.value)} for it, which may be chosen",
                    sent.time,
                    (proposal.id, sent.id),
                )
        return None
