"""Checks of the lemmas about quorums: why two leaders agree on what is chosen (Message2a.i.dfy, Chosen.i.dfy)."""

from __future__ import annotations

from clew.systems.invariant import Sent, Violation
from clew.systems.rsl.invariants.log import Log, same, words
from clew.systems.rsl.invariants.promises import Promises
from clew.systems.rsl.messages import Message1a, Message1b, Message2a, Message2b
from clew.systems.rsl.types import Ballot, OperationNumber, RequestBatch


class QuorumOf1bPermits2a:
    """A quorum of 1b's permits each 2a (lemma_2aMessageHas1bQuorumPermittingIt).

    No sender of these 1b's has truncated the place. If any of them reports a vote there, the 2a has the batch of the
    highest ballot that they report.
    """

    name = "quorum-of-1b-permits-2a"
    watches: tuple[type, ...] = (Message1a, Message1b, Message2a)

    def __init__(self, log: Log, promises: Promises, quorum: int) -> None:
        self._log = log
        self._promises = promises
        self._quorum = quorum

    def observe(self, sent: Sent) -> Violation | None:
        """Look for a quorum of 1b's that permits a new 2a."""
        m = sent.message
        if type(m) is not Message2a:
            self._promises.see(sent)
        elif self._log.propose(sent)[1] == sent.id and not self._permitted(m):
            return Violation(
                self.name,
                f"{sent.source} proposes {words(m.val_2a)} at {m.opn_2a} in ballot {m.bal_2a}, which no quorum of "
                f"1b's permits: {self._reports(m)}",
                sent.time,
                (sent.id,),
            )
        return None

    def _permitted(self, m: Message2a) -> bool:
        able = [p for p in self._promises.of(m.bal_2a).values() if p.log_truncation_point <= m.opn_2a]
        votes = sorted((p.votes[m.opn_2a] for p in able if m.opn_2a in p.votes), key=lambda vote: vote.max_value_bal)
        silent = len(able) - len(votes)
        # A quorum in which this vote is the highest may contain all that report no vote or a lower one.
        return silent >= self._quorum or any(
            same(vote.max_val, m.val_2a) and silent + number >= self._quorum
            for number, vote in enumerate(votes, start=1)
        )

    def _reports(self, m: Message2a) -> str:
        reports = []
        for source, p in self._promises.of(m.bal_2a).items():
            vote = p.votes.get(m.opn_2a)
            if p.log_truncation_point > m.opn_2a:
                reports.append(f"{source} has truncated it")
            elif vote is None:
                reports.append(f"{source} has no vote")
            else:
                reports.append(f"{source} voted for {words(vote.max_val)} in ballot {vote.max_value_bal}")
        return ", ".join(reports) or "there is none"


class ChosenValueBinds2a:
    """After a batch is chosen, no higher ballot proposes another one at its place: the heart of Paxos.

    (lemma_ChosenQuorumAnd2aFromLaterBallotMatchValues)
    """

    name = "chosen-value-binds-later-2a"
    watches: tuple[type, ...] = (Message2a, Message2b)

    def __init__(self, log: Log) -> None:
        self._log = log

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a new 2a with what is chosen below it, and a newly chosen batch with the 2a's above it."""
        m, kind = sent.message, type(sent.message)
        if kind is Message2a:
            self._log.propose(sent)
            place = self._log.places.get(m.opn_2a)
            if place is not None and place.chosen:
                lowest = min(place.chosen)
                chosen, number = place.chosen[lowest]
                if lowest < m.bal_2a and not same(chosen, m.val_2a):
                    return self._violation(sent, m.opn_2a, lowest, chosen, m.bal_2a, m.val_2a, number, sent.id)
        elif kind is Message2b and self._log.vote(sent):
            for above, (proposed, proposal) in self._log.places[m.opn_2b].proposed.items():
                if m.bal_2b < above and not same(m.val_2b, proposed):
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
            f"at {opn} {words(chosen)} is chosen in ballot {bal}, and {words(proposed)} is proposed in the later "
            f"ballot {above}",
            sent.time,
            tuple(sorted(messages)),
        )


class ChosenQuorumsMatch:
    """Any two quorums of 2b's for one place of the log choose the same batch (lemma_ChosenQuorumsMatchValue)."""

    name = "chosen-quorums-match"
    watches: tuple[type, ...] = (Message2b,)

    def __init__(self, log: Log) -> None:
        self._log = log

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a newly chosen batch with the first one at its place."""
        if not self._log.vote(sent):
            return None
        m = sent.message
        bal, (value, number) = next(iter(self._log.places[m.opn_2b].chosen.items()))
        if same(value, m.val_2b):
            return None
        return Violation(
            self.name,
            f"at {m.opn_2b} {words(value)} was chosen in ballot {bal}, and now {words(m.val_2b)} in ballot {m.bal_2b}",
            sent.time,
            (number, sent.id),
        )
