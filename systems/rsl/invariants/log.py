"""What the invariants remember of the log, and when they forget it.

    0 .................... horizon ................................
      the state that these         proposals, votes, what is chosen,
      batches lead to              and replies, for each place

A heartbeat announces a checkpoint: its replica has executed every place below it. The *horizon* is the lowest of the
checkpoints of all replicas. No replica executes anything below the horizon again, because no checkpoint falls, which is
an invariant of its own (`execution.py`). So what is sent about these places later can change no reply and no state, and
the invariants need only what the chosen batches below the horizon lead to: the state, and the last reply to each
client, which a replica may send again at any time.

So the memory does not grow with the length of a run in which all replicas keep up. While one of them lags or is down,
everything since its last checkpoint is remembered.

All invariants of a run share these memories. Each shows them every message that it watches, and only the first time
counts.
"""

from __future__ import annotations

from typing import NamedTuple

from clew.systems.invariant import Sent
from clew.systems.rsl.application import Application
from clew.systems.rsl.messages import ReplyMessage
from clew.systems.rsl.types import Ballot, OperationNumber, RequestBatch

Batch = tuple[RequestBatch, int]
"""A batch, and the id of the message that proposed it or completed its quorum."""


class Answer(NamedTuple):
    """A reply of a replica."""

    client: str
    reply: ReplyMessage
    replica: str
    message: int
    """The id of the reply."""


class Place:
    """What has happened at one place of the log."""

    __slots__ = ("answers", "chosen", "proposed", "votes")

    def __init__(self) -> None:
        self.proposed: dict[Ballot, Batch] = {}
        """The first 2a of each ballot."""
        self.votes: dict[Ballot, dict[str, int]] = {}
        """For each ballot: who has voted, and the id of the first 2b."""
        self.chosen: dict[Ballot, Batch] = {}
        """What has the votes of a quorum, in the order in which it got them."""
        self.answers: dict[int, Answer] = {}
        """The first reply to each request of the batch, by its position."""


class State:
    """A state of the application, and the last reply to each client."""

    def __init__(self, application: Application, replies: dict[str, ReplyMessage]) -> None:
        self.application = application
        self.replies = replies

    def run(self, opn: OperationNumber, batch: RequestBatch) -> None:
        """Run the batch at this place as an executor should: each request once."""
        for index, request in enumerate(batch):
            last = self.replies.get(request.client)
            if last is None or request.seqno > last.seqno_reply:
                reply = self.application.handle_request(request.request)
                self.replies[request.client] = ReplyMessage(request.seqno, reply, opn, index)


class Log:
    """The places of the log from the horizon on, and the state below it."""

    def __init__(self, replicas: int, quorum: int, application: type[Application]) -> None:
        self.horizon: OperationNumber = 0
        """All replicas have executed every place below this one."""
        self.state = State(application.initialize(), {})
        """The state with all places below the horizon."""
        self.places: dict[OperationNumber, Place] = {}
        """The places from the horizon on at which anything has happened."""
        self.answered: dict[tuple[str, int], Answer] = {}
        """The first reply to each request, by client and number. Those from below the horizon are left out."""
        self.checkpoints: dict[str, OperationNumber] = {}
        """The highest checkpoint that each replica has announced."""
        self._replicas = replicas
        self._quorum = quorum
        self._last = -1
        self._proposed: Batch = ((), -1)
        self._completes = False
        self._answers: tuple[Answer, Answer]

    def propose(self, sent: Sent) -> Batch:
        """Note a 2a. Returns the first one for its ballot and place, which has the id of `sent` if it is this one.

        Nothing is noted below the horizon.
        """
        if sent.id != self._last:
            self._last = sent.id
            m = sent.message
            place = self._place(m.opn_2a)
            this = (m.val_2a, sent.id)
            self._proposed = this if place is None else place.proposed.setdefault(m.bal_2a, this)
        return self._proposed

    def proposed(self, bal: Ballot, opn: OperationNumber) -> Batch | None:
        """The first 2a for a ballot and place from the horizon on. None if there is none."""
        place = self.places.get(opn)
        return None if place is None else place.proposed.get(bal)

    def vote(self, sent: Sent) -> bool:
        """Note a 2b. Returns whether it completes a quorum, which has then chosen its batch.

        Nothing is noted below the horizon.
        """
        if sent.id == self._last:
            return self._completes
        self._last = sent.id
        self._completes = False
        m = sent.message
        place = self._place(m.opn_2b)
        if place is not None:
            voters = place.votes.setdefault(m.bal_2b, {})
            if sent.source not in voters:
                voters[sent.source] = sent.id
                if len(voters) == self._quorum:
                    self._completes = True
                    place.chosen[m.bal_2b] = (m.val_2b, sent.id)
        return self._completes

    def chosen(self, opn: OperationNumber) -> RequestBatch | None:
        """The batch that was chosen first at a place from the horizon on. None if none is."""
        place = self.places.get(opn)
        return next(iter(place.chosen.values()))[0] if place is not None and place.chosen else None

    def answer(self, sent: Sent) -> tuple[Answer, Answer]:
        """Note a reply from the horizon on. Returns the first one from the same place, and the first one to the same
        request."""
        if sent.id != self._last:
            self._last = sent.id
            m = sent.message
            place = self.places.get(m.opn_reply)
            if place is None:
                place = self.places[m.opn_reply] = Place()
            there = place.answers.get(m.index)
            earlier = self.answered.get((sent.destination, m.seqno_reply))
            if there is None or earlier is None:
                this = Answer(sent.destination, m, sent.source, sent.id)
                there = place.answers.setdefault(m.index, this)
                earlier = self.answered.setdefault((sent.destination, m.seqno_reply), this)
            self._answers = there, earlier
        return self._answers

    def checkpoint(self, sent: Sent) -> None:
        """Note a heartbeat. If it moves the horizon, run what is below the new one, and forget it."""
        m = sent.message
        if m.opn_ckpt > self.checkpoints.get(sent.source, 0):
            self.checkpoints[sent.source] = m.opn_ckpt
            if len(self.checkpoints) == self._replicas:
                self._settle(min(self.checkpoints.values()))

    def _place(self, opn: OperationNumber) -> Place | None:
        place = self.places.get(opn)
        if place is None and opn >= self.horizon:
            place = self.places[opn] = Place()
        return place

    def _settle(self, horizon: OperationNumber) -> None:
        while self.horizon < horizon:
            batch = self.chosen(self.horizon)
            if batch is None:
                return  # The replicas have executed what was never chosen. Other invariants say so.
            self.state.run(self.horizon, batch)
            for answer in self.places.pop(self.horizon).answers.values():
                self.answered.pop((answer.client, answer.reply.seqno_reply), None)
            self.horizon += 1


def same(one: RequestBatch, other: RequestBatch) -> bool:
    """Whether two batches are equal. Mostly they are one object, when nodes run inline: then nothing is compared."""
    return one is other or one == other


def words(batch: RequestBatch) -> str:
    """The batch in words: its first three requests, and how many more there are."""
    if not batch:
        return "the empty batch"
    first = ", ".join(f"{request.client}#{request.seqno}" for request in batch[:3])
    return f"the batch {first}" + (f" and {len(batch) - 3} more" if len(batch) > 3 else "")
