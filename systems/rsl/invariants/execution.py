"""Lemmas about execution: executors agree, clients get true replies, and the log is truncated only where it may be."""

from __future__ import annotations

from clew.systems.invariant import Sent, Violation
from clew.systems.rsl.invariants.ballots import Votes, words
from clew.systems.rsl.messages import Heartbeat, Message1b, Message2b, ReplyMessage
from clew.systems.rsl.types import OperationNumber


class ExecutorsAgree:
    """All executors run the same batch at the same place of the log, on the same state.

    (lemma_ReplyInReplyCacheIsAllowed and the refinement above it.) A reply tells at which place its request ran. Every
    replica that answers from that place must have run the same request, with the same result.
    """

    name = "executors-agree"
    watches: tuple[type, ...] = (ReplyMessage,)

    def __init__(self) -> None:
        self._answers: dict[tuple[OperationNumber, int], tuple[str, ReplyMessage, str, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a reply with the first one from its place of the log."""
        m = sent.message
        place = (m.opn_reply, m.index)
        client, first, replica, number = self._answers.setdefault(place, (sent.destination, m, sent.source, sent.id))
        if client == sent.destination and (first is m or first == m):
            return None
        return Violation(
            self.name,
            f"request {m.index} of the batch at {m.opn_reply}: {replica} ran number {first.seqno_reply} of {client}, "
            f"with the result {_result(first)}, {sent.source} number {m.seqno_reply} of {sent.destination}, with the "
            f"result {_result(m)}",
            sent.time,
            (number, sent.id),
        )


class RepliesAreChosen:
    """A request is chosen, at the place that the reply names, before its client gets the reply.

    (lemma_ReplySentIsAllowed)
    """

    name = "replies-are-chosen"
    watches: tuple[type, ...] = (Message2b, ReplyMessage)

    def __init__(self, votes: Votes) -> None:
        self._votes = votes

    def observe(self, sent: Sent) -> Violation | None:
        """Look up the request of a reply in the chosen batches."""
        m, kind = sent.message, type(sent.message)
        if kind is Message2b:
            self._votes.chosen(sent)
        elif kind is ReplyMessage:
            batch = self._votes.batches.get(m.opn_reply)
            if batch is not None and m.index < len(batch):
                request = batch[m.index]
                if request.client == sent.destination and request.seqno == m.seqno_reply:
                    return None
            return Violation(
                self.name,
                f"{sent.source} answers number {m.seqno_reply} of {sent.destination} as request {m.index} at "
                f"{m.opn_reply}, "
                + ("where nothing is chosen" if batch is None else f"where {words(batch)} is chosen"),
                sent.time,
                (sent.id,),
            )
        return None


class TruncationIsCheckpointed:
    """An acceptor truncates its log only below the checkpoints that a quorum has announced.

    (LogTruncationPoint.i.dfy: lemma_LogTruncationPointInvariantHolds)
    """

    name = "truncation-is-checkpointed"
    watches: tuple[type, ...] = (Heartbeat, Message1b)

    def __init__(self, quorum: int) -> None:
        self._quorum = quorum
        self._checkpoints: dict[str, int] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the truncation point of a 1b with the checkpoints in earlier heartbeats."""
        m, kind = sent.message, type(sent.message)
        if kind is Heartbeat:
            if m.opn_ckpt > self._checkpoints.get(sent.source, 0):
                self._checkpoints[sent.source] = m.opn_ckpt
        elif kind is Message1b and m.log_truncation_point > 0:
            checkpoints = sorted(self._checkpoints.values(), reverse=True)
            point = checkpoints[self._quorum - 1] if len(checkpoints) >= self._quorum else 0
            if m.log_truncation_point > point:
                return Violation(
                    self.name,
                    f"{sent.source} has truncated its log at {m.log_truncation_point}, but a quorum has checkpoints "
                    f"only up to {point}",
                    sent.time,
                    (sent.id,),
                )
        return None


def _result(m: ReplyMessage) -> str:
    return repr(m.reply.value) if m.reply.error is None else m.reply.error
