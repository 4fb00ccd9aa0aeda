"""The lemmas of the proof that RSL is safe (CommonProof/), watched over the messages as they are sent.

                    lemma_ChosenQuorumsMatchValue
                                 │
              lemma_ChosenQuorumAnd2aFromLaterBallotMatchValues
         ┌───────────────────────┼──────────────────────────────┐
    2a: 1b quorum permits it   1b: with and without a vote    one 2a for each ballot and place
                                 │                              │
                               a vote is from an earlier      a 2b has its 2a
                               ballot, and was a 2a

`lemma_QuorumIndexOverlap`, that two quorums share a replica, is arithmetic and has no monitor; where a variant breaks
it, what rests on it falls. A message counts when it is sent, for by then it is on the sender's disk. Each monitor
costs a few dictionary look-ups a message, and remembers what was proposed.
"""

from __future__ import annotations

from systems.invariant import Invariant, Sent, Violation
from systems.rsl.messages import Heartbeat, Message1b, Message2a, Message2b, ReplyMessage
from systems.rsl.parameters import Parameters, min_quorum_size
from systems.rsl.types import Ballot, OperationNumber, RequestBatch

Place = tuple[Ballot, OperationNumber]


def invariants(parameters: Parameters, nodes: int) -> list[Invariant]:
    """All of them, fresh, for a cluster of this many replicas."""
    quorum = min_quorum_size(nodes)
    return [
        Every2bHas2a(),
        OneValuePerBallotAndOperation(),
        VoteIsFromEarlierBallot(),
        VoteWas2a(),
        No1bHidesVotes(),
        PromisesAreKept(),
        QuorumOf1bPermits2a(quorum),
        ChosenValueBinds2a(quorum),
        ChosenQuorumsMatch(quorum),
        ExecutorsAgree(),
        RepliesAreChosen(quorum),
        TruncationIsCheckpointed(quorum),
    ]


class Proposals:
    """The batch and the journal's number of the first 2a for each ballot and place."""

    def __init__(self) -> None:
        self._sent: dict[Place, tuple[RequestBatch, int]] = {}

    def add(self, sent: Sent) -> tuple[RequestBatch, int]:
        """Take notice of a 2a; the first one for its ballot and place."""
        m = sent.message
        return self._sent.setdefault((m.bal_2a, m.opn_2a), (m.val_2a, sent.id))

    def get(self, bal: Ballot, opn: OperationNumber) -> tuple[RequestBatch, int] | None:
        """The first 2a for a ballot and place."""
        return self._sent.get((bal, opn))


class Votes:
    """Who has voted in which ballot for what, and when that makes a quorum."""

    def __init__(self, quorum: int) -> None:
        self._quorum = quorum
        self._voters: dict[Place, dict[str, int]] = {}

    def chosen(self, sent: Sent) -> bool:
        """Take notice of a 2b; whether it is the one that completes a quorum, of the batch that it names itself."""
        m = sent.message
        voters = self._voters.setdefault((m.bal_2b, m.opn_2b), {})
        if sent.source in voters:
            return False
        voters[sent.source] = sent.id
        return len(voters) == self._quorum


class Every2bHas2a:
    """An acceptor votes for what a proposer has sent it (lemma_2bMessageHasCorresponding2aMessage)."""

    name = "every-2b-has-its-2a"
    watches: tuple[type, ...] = (Message2a, Message2b)

    def __init__(self) -> None:
        self._proposals = Proposals()

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a 2b with the 2a for its ballot and place."""
        kind = type(sent.message)
        if kind is Message2a:
            self._proposals.add(sent)
        elif kind is Message2b:
            m = sent.message
            first = self._proposals.get(m.bal_2b, m.opn_2b)
            if first is None or not _same(first[0], m.val_2b):
                return Violation(
                    self.name,
                    f"{sent.source} votes for {_words(m.val_2b)} at {m.opn_2b} in ballot {m.bal_2b}, but there "
                    + ("nothing was proposed" if first is None else f"{_words(first[0])} was proposed"),
                    sent.time,
                    (sent.id,) if first is None else (first[1], sent.id),
                )
        return None


class OneValuePerBallotAndOperation:
    """All 2a's for one ballot and operation number say the same (lemma_2aMessagesFromSameBallotAndOperationMatch and
    its WLOG): a ballot belongs to one proposer, which uses it once and goes through the log once."""

    name = "one-value-per-ballot-and-operation"
    watches: tuple[type, ...] = (Message2a,)

    def __init__(self) -> None:
        self._proposals = Proposals()

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a 2a with the first one for its ballot and place."""
        m = sent.message
        value, number = self._proposals.add(sent)
        if _same(value, m.val_2a):
            return None
        return Violation(
            self.name,
            f"at {m.opn_2a} in ballot {m.bal_2a} {_words(value)} was proposed, and now {sent.source} proposes "
            f"{_words(m.val_2a)}",
            sent.time,
            (number, sent.id),
        )


class VoteIsFromEarlierBallot:
    """The votes in a 1b were cast in ballots below the one that it promises (lemma_Vote1bMessageIsFromEarlierBallot):
    an acceptor promises only above all it has voted in."""

    name = "vote-in-1b-is-from-earlier-ballot"
    watches: tuple[type, ...] = (Message1b,)

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the votes in a 1b with its ballot."""
        m = sent.message
        for opn, vote in m.votes.items():
            if not vote.max_value_bal < m.bal_1b:
                return Violation(
                    self.name,
                    f"{sent.source} promises ballot {m.bal_1b}, but voted at {opn} in ballot {vote.max_value_bal}",
                    sent.time,
                    (sent.id,),
                )
        return None


class VoteWas2a:
    """What a 1b reports as a vote was proposed in that ballot (lemma_1bMessageWithOpnImplies2aSent)."""

    name = "vote-in-1b-was-a-2a"
    watches: tuple[type, ...] = (Message2a, Message1b)

    def __init__(self) -> None:
        self._proposals = Proposals()

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the votes in a 1b with the 2a's of their ballots."""
        kind = type(sent.message)
        if kind is Message2a:
            self._proposals.add(sent)
        elif kind is Message1b:
            for opn, vote in sent.message.votes.items():
                first = self._proposals.get(vote.max_value_bal, opn)
                if first is None or not _same(first[0], vote.max_val):
                    return Violation(
                        self.name,
                        f"{sent.source} reports a vote for {_words(vote.max_val)} at {opn} in ballot "
                        f"{vote.max_value_bal}, which was never proposed",
                        sent.time,
                        (sent.id,),
                    )
        return None


class No1bHidesVotes:
    """A 1b reports, at each place from its truncation point on, the highest ballot below its own that its acceptor
    voted in there (lemma_1bMessageWithoutOpnImplicationsFor2b, for votes before the 1b)."""

    name = "no-1b-hides-votes"
    watches: tuple[type, ...] = (Message2b, Message1b)

    def __init__(self) -> None:
        self._voted: dict[str, dict[OperationNumber, tuple[Ballot, int]]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a 1b with the 2b's of its sender before it."""
        m, kind = sent.message, type(sent.message)
        if kind is Message2b:
            voted = self._voted.setdefault(sent.source, {})
            if m.opn_2b not in voted or voted[m.opn_2b][0] < m.bal_2b:
                voted[m.opn_2b] = (m.bal_2b, sent.id)
        elif kind is Message1b:
            voted = self._voted.setdefault(sent.source, {})
            # Truncation points of an acceptor do not fall, or only in variants that other lemmas find out.
            self._voted[sent.source] = voted = {
                opn: vote for opn, vote in voted.items() if opn >= m.log_truncation_point
            }
            for opn, (bal, number) in voted.items():
                reported = m.votes.get(opn)
                if bal < m.bal_1b and (reported is None or reported.max_value_bal < bal):
                    told = "no vote" if reported is None else f"ballot {reported.max_value_bal}"
                    return Violation(
                        self.name,
                        f"{sent.source} voted at {opn} in ballot {bal}, but its 1b for ballot {m.bal_1b} with "
                        f"truncation point {m.log_truncation_point} reports {told} there",
                        sent.time,
                        (number, sent.id),
                    )
        return None


class PromisesAreKept:
    """After its 1b an acceptor votes in no lower ballot, and promises none again
    (lemma_1bMessageWithoutOpnImplicationsFor2b, for votes after the 1b)."""

    name = "promises-are-kept"
    watches: tuple[type, ...] = (Message2b, Message1b)

    def __init__(self) -> None:
        self._promised: dict[str, tuple[Ballot, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a 2b or 1b with its sender's highest 1b before."""
        m, kind = sent.message, type(sent.message)
        if kind is Message2b:
            bal, does = m.bal_2b, f"votes at {m.opn_2b}"
        else:
            bal, does = m.bal_1b, "answers a 1a"
        promised = self._promised.get(sent.source)
        if promised is not None and (bal < promised[0] or (bal == promised[0] and kind is Message1b)):
            return Violation(
                self.name,
                f"{sent.source} had promised ballot {promised[0]}, and now {does} in ballot {bal}",
                sent.time,
                (promised[1], sent.id),
            )
        if kind is Message1b:
            self._promised[sent.source] = (bal, sent.id)
        return None


class QuorumOf1bPermits2a:
    """A quorum of 1b's permits each 2a (lemma_2aMessageHas1bQuorumPermittingIt): none of them has truncated the place,
    and the batch is the one of the highest ballot that any of them reports there, or none reports a vote."""

    name = "quorum-of-1b-permits-2a"
    watches: tuple[type, ...] = (Message1b, Message2a)

    def __init__(self, quorum: int) -> None:
        self._quorum = quorum
        self._received: dict[Ballot, dict[str, Message1b]] = {}
        self._seen: set[Place] = set()

    def observe(self, sent: Sent) -> Violation | None:
        """Look for a quorum among the 1b's for the ballot of a new 2a."""
        m, kind = sent.message, type(sent.message)
        if kind is Message1b:
            self._received.setdefault(m.bal_1b, {})[sent.source] = m
        elif kind is Message2a and (m.bal_2a, m.opn_2a) not in self._seen:
            self._seen.add((m.bal_2a, m.opn_2a))
            if not self._permitted(m):
                return Violation(
                    self.name,
                    f"{sent.source} proposes {_words(m.val_2a)} at {m.opn_2a} in ballot {m.bal_2a}, which no quorum of "
                    f"1b's permits: {self._told(m)}",
                    sent.time,
                    (sent.id,),
                )
        return None

    def _permitted(self, m: Message2a) -> bool:
        able = [p for p in self._received.get(m.bal_2a, {}).values() if p.log_truncation_point <= m.opn_2a]
        votes = sorted((p.votes[m.opn_2a] for p in able if m.opn_2a in p.votes), key=lambda vote: vote.max_value_bal)
        silent = len(able) - len(votes)
        # A quorum whose highest vote is this one may have all the silent ones in it, and all that voted lower.
        return silent >= self._quorum or any(
            _same(vote.max_val, m.val_2a) and silent + number >= self._quorum
            for number, vote in enumerate(votes, start=1)
        )

    def _told(self, m: Message2a) -> str:
        told = []
        for source, p in self._received.get(m.bal_2a, {}).items():
            vote = p.votes.get(m.opn_2a)
            if p.log_truncation_point > m.opn_2a:
                told.append(f"{source} has truncated it")
            elif vote is None:
                told.append(f"{source} has no vote")
            else:
                told.append(f"{source} voted for {_words(vote.max_val)} in ballot {vote.max_value_bal}")
        return ", ".join(told) or "there is none"


class ChosenValueBinds2a:
    """Above the ballot in which a batch is chosen, nothing else is proposed at its place
    (lemma_ChosenQuorumAnd2aFromLaterBallotMatchValues): the heart of Paxos."""

    name = "chosen-value-binds-later-2a"
    watches: tuple[type, ...] = (Message2a, Message2b)

    def __init__(self, quorum: int) -> None:
        self._votes = Votes(quorum)
        self._chosen: dict[OperationNumber, tuple[Ballot, RequestBatch, int]] = {}
        self._proposed: dict[OperationNumber, dict[Ballot, tuple[RequestBatch, int]]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a 2a with what is chosen below it, and what is newly chosen with the 2a's above it."""
        m, kind = sent.message, type(sent.message)
        if kind is Message2a:
            self._proposed.setdefault(m.opn_2a, {}).setdefault(m.bal_2a, (m.val_2a, sent.id))
            chosen = self._chosen.get(m.opn_2a)
            if chosen is not None and chosen[0] < m.bal_2a and not _same(chosen[1], m.val_2a):
                return self._violation(sent, m.opn_2a, chosen[0], chosen[1], m.bal_2a, m.val_2a, chosen[2], sent.id)
        elif kind is Message2b and self._votes.chosen(sent):
            lowest = self._chosen.setdefault(m.opn_2b, (m.bal_2b, m.val_2b, sent.id))
            if m.bal_2b < lowest[0]:
                self._chosen[m.opn_2b] = (m.bal_2b, m.val_2b, sent.id)
            for above, (proposed, proposal) in self._proposed.get(m.opn_2b, {}).items():
                if m.bal_2b < above and not _same(m.val_2b, proposed):
                    return self._violation(sent, m.opn_2b, m.bal_2b, m.val_2b, above, proposed, sent.id, proposal)
        return None

    def _violation(
        self,
        sent: Sent,
        opn: OperationNumber,
        bal: Ballot,
        chosen: RequestBatch,
        above: Ballot,
        proposed: RequestBatch,
        *messages: int,
    ) -> Violation:
        return Violation(
            self.name,
            f"at {opn} {_words(chosen)} is chosen in ballot {bal}, and {_words(proposed)} is proposed in the later "
            f"ballot {above}",
            sent.time,
            tuple(sorted(messages)),
        )


class ChosenQuorumsMatch:
    """Two quorums of 2b's for one operation number hold the same batch (lemma_ChosenQuorumsMatchValue)."""

    name = "chosen-quorums-match"
    watches: tuple[type, ...] = (Message2b,)

    def __init__(self, quorum: int) -> None:
        self._votes = Votes(quorum)
        self._chosen: dict[OperationNumber, tuple[Ballot, RequestBatch, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare what is newly chosen with what was chosen first."""
        if not self._votes.chosen(sent):
            return None
        m = sent.message
        bal, value, number = self._chosen.setdefault(m.opn_2b, (m.bal_2b, m.val_2b, sent.id))
        if _same(value, m.val_2b):
            return None
        return Violation(
            self.name,
            f"at {m.opn_2b} {_words(value)} was chosen in ballot {bal}, and now {_words(m.val_2b)} in ballot "
            f"{m.bal_2b}",
            sent.time,
            (number, sent.id),
        )


class ExecutorsAgree:
    """Executors apply the same batch at the same operation number, to the same state
    (lemma_ReplyInReplyCacheIsAllowed and the refinement above it).

    The reply tells where in the log its request was applied. Whoever answers from that place must have applied the
    same request, with the same result.
    """

    name = "executors-agree"
    watches: tuple[type, ...] = (ReplyMessage,)

    def __init__(self) -> None:
        self._answers: dict[tuple[OperationNumber, int], tuple[str, ReplyMessage, str, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a reply with the first one from its place in the log."""
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
    """A client is told of its request only once that is chosen, at the place that the reply names
    (lemma_ReplySentIsAllowed)."""

    name = "replies-are-chosen"
    watches: tuple[type, ...] = (Message2b, ReplyMessage)

    def __init__(self, quorum: int) -> None:
        self._votes = Votes(quorum)
        self._chosen: dict[OperationNumber, RequestBatch] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Look a reply's request up in what is chosen."""
        m, kind = sent.message, type(sent.message)
        if kind is Message2b:
            if self._votes.chosen(sent):
                self._chosen.setdefault(m.opn_2b, m.val_2b)
        elif kind is ReplyMessage:
            batch = self._chosen.get(m.opn_reply)
            if batch is not None and m.index < len(batch):
                request = batch[m.index]
                if request.client == sent.destination and request.seqno == m.seqno_reply:
                    return None
            return Violation(
                self.name,
                f"{sent.source} answers number {m.seqno_reply} of {sent.destination} as request {m.index} at "
                f"{m.opn_reply}, "
                + ("where nothing is chosen" if batch is None else f"where {_words(batch)} is chosen"),
                sent.time,
                (sent.id,),
            )
        return None


class TruncationIsCheckpointed:
    """An acceptor truncates its log where a quorum has told of checkpoints, and no further
    (LogTruncationPoint.i.dfy: lemma_LogTruncationPointInvariantHolds)."""

    name = "truncation-is-checkpointed"
    watches: tuple[type, ...] = (Heartbeat, Message1b)

    def __init__(self, quorum: int) -> None:
        self._quorum = quorum
        self._told: dict[str, int] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the truncation point in a 1b with the checkpoints in the heartbeats before."""
        m, kind = sent.message, type(sent.message)
        if kind is Heartbeat:
            if m.opn_ckpt > self._told.get(sent.source, 0):
                self._told[sent.source] = m.opn_ckpt
        elif kind is Message1b and m.log_truncation_point > 0:
            told = sorted(self._told.values(), reverse=True)
            point = told[self._quorum - 1] if len(told) >= self._quorum else 0
            if m.log_truncation_point > point:
                return Violation(
                    self.name,
                    f"{sent.source} has truncated its log at {m.log_truncation_point}, but a quorum has checkpoints "
                    f"only up to {point}",
                    sent.time,
                    (sent.id,),
                )
        return None


def _same(one: RequestBatch, other: RequestBatch) -> bool:
    """Inline, a batch is one object wherever it goes, and need not be compared."""
    return one is other or one == other


def _result(m: ReplyMessage) -> str:
    return repr(m.reply.value) if m.reply.error is None else m.reply.error


def _words(batch: RequestBatch) -> str:
    if not batch:
        return "the empty batch"
    first = ", ".join(f"{request.client}#{request.seqno}" for request in batch[:3])
    return f"the batch {first}" + (f" and {len(batch) - 3} more" if len(batch) > 3 else "")
