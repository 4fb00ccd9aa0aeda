"""Lemmas about execution: executors agree, clients get true replies, and the log is truncated only where it may be."""

from __future__ import annotations

from clew.systems.invariant import Sent, Violation
from clew.systems.rsl.invariants.log import Log, words
from clew.systems.rsl.messages import Heartbeat, Message1b, Message2b, ReplyMessage


class ExecutorsAgree:
    """All executors run the same batch at the same place of the log, on the same state.

    (lemma_ReplyInReplyCacheIsAllowed and the refinement above it.) A reply tells at which place its request ran. Every
    replica that answers from that place must have run the same request, with the same result.
    """

    name = "executors-agree"
    watches: tuple[type, ...] = (ReplyMessage,)

    def __init__(self, log: Log) -> None:
        self._log = log

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a reply with the first one from its place of the log, or with the last one from below the horizon."""
        m = sent.message
        if m.opn_reply < self._log.horizon:
            return self._late(sent)
        client, first, replica, number = self._log.answer(sent)[0]
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

    def _late(self, sent: Sent) -> Violation | None:
        """All replicas have executed the place. They send only the last reply to each client again."""
        m = sent.message
        last = self._log.state.replies.get(sent.destination)
        if last == m:
            return None
        return Violation(
            self.name,
            f"{sent.source} answers number {m.seqno_reply} of {sent.destination} as request {m.index} at "
            f"{m.opn_reply}, with the result {_result(m)}, but all replicas have executed everything below "
            f"{self._log.horizon}, where the last reply to that client is "
            + ("none" if last is None else f"to number {last.seqno_reply}, with the result {_result(last)}"),
            sent.time,
            (sent.id,),
        )


class RepliesAreChosen:
    """A request is chosen, at the place that the reply names, before its client gets the reply.

    (lemma_ReplySentIsAllowed. `ExecutorsAgree` compares the replies from below the horizon.)
    """

    name = "replies-are-chosen"
    watches: tuple[type, ...] = (Message2b, ReplyMessage)

    def __init__(self, log: Log) -> None:
        self._log = log

    def observe(self, sent: Sent) -> Violation | None:
        """Look up the request of a reply in the chosen batches."""
        m, kind = sent.message, type(sent.message)
        if kind is Message2b:
            self._log.vote(sent)
        elif kind is ReplyMessage and m.opn_reply >= self._log.horizon:
            batch = self._log.chosen(m.opn_reply)
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


class CheckpointsNeverFall:
    """A replica's checkpoint never falls (lemma_OpsCompleteMonotonic): it executes each place once.

    The other invariants rely on this: they forget what is below the checkpoints of all replicas (`log.py`).
    """

    name = "checkpoints-never-fall"
    watches: tuple[type, ...] = (Heartbeat,)

    def __init__(self, log: Log) -> None:
        self._log = log

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the checkpoint in a heartbeat with the highest one in earlier heartbeats."""
        self._log.checkpoint(sent)
        checkpoint = sent.message.opn_ckpt
        highest = self._log.checkpoints.get(sent.source, 0)
        if checkpoint >= highest:
            return None
        return Violation(
            self.name,
            f"{sent.source} announces a checkpoint at {checkpoint}, and has announced one at {highest} before",
            sent.time,
            (sent.id,),
        )


class TruncationIsCheckpointed:
    """An acceptor truncates its log only below the checkpoints that a quorum has announced.

    (LogTruncationPoint.i.dfy: lemma_LogTruncationPointInvariantHolds)
    """

    name = "truncation-is-checkpointed"
    watches: tuple[type, ...] = (Heartbeat, Message1b)

    def __init__(self, log: Log, quorum: int) -> None:
        self._log = log
        self._quorum = quorum

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the truncation point of a 1b with the checkpoints in earlier heartbeats."""
        m, kind = sent.message, type(sent.message)
        if kind is Heartbeat:
            self._log.checkpoint(sent)
        elif kind is Message1b and m.log_truncation_point > 0:
            checkpoints = sorted(self._log.checkpoints.values(), reverse=True)
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
