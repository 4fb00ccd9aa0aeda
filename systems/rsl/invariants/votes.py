"""Lemmas about single messages: proposals, votes and promises (Message2a.i.dfy, Message2b.i.dfy, Message1b.i.dfy)."""

from __future__ import annotations

from clew.systems.invariant import Sent, Violation
from clew.systems.rsl.invariants.log import Log, same, words
from clew.systems.rsl.messages import Message1b, Message2a, Message2b
from clew.systems.rsl.types import Ballot


class Every2bHas2a:
    """An acceptor votes only for what was proposed (lemma_2bMessageHasCorresponding2aMessage)."""

    name = "every-2b-has-its-2a"
    watches: tuple[type, ...] = (Message2a, Message2b)

    def __init__(self, log: Log) -> None:
        self._log = log

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a 2b with the 2a for its ballot and place."""
        kind = type(sent.message)
        if kind is Message2a:
            self._log.propose(sent)
        elif kind is Message2b and sent.message.opn_2b >= self._log.horizon:
            m = sent.message
            first = self._log.proposed(m.bal_2b, m.opn_2b)
            if first is None or not same(first[0], m.val_2b):
                return Violation(
                    self.name,
                    f"{sent.source} votes for {words(m.val_2b)} at {m.opn_2b} in ballot {m.bal_2b}, but there "
                    + ("nothing was proposed" if first is None else f"{words(first[0])} was proposed"),
                    sent.time,
                    (sent.id,) if first is None else (first[1], sent.id),
                )
        return None


class OneValuePerBallotAndOperation:
    """All 2a's for one ballot and place of the log have the same batch.

    (lemma_2aMessagesFromSameBallotAndOperationMatch and its WLOG.) A ballot belongs to one proposer, which uses it in
    one life and goes through the log once with it.
    """

    name = "one-value-per-ballot-and-operation"
    watches: tuple[type, ...] = (Message2a,)

    def __init__(self, log: Log) -> None:
        self._log = log

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a 2a with the first one for its ballot and place."""
        m = sent.message
        value, number = self._log.propose(sent)
        if same(value, m.val_2a):
            return None
        return Violation(
            self.name,
            f"at {m.opn_2a} in ballot {m.bal_2a} {words(value)} was proposed, and now {sent.source} proposes "
            f"{words(m.val_2a)}",
            sent.time,
            (number, sent.id),
        )


class VoteIsFromEarlierBallot:
    """The votes in a 1b are from ballots below the one that it promises (lemma_Vote1bMessageIsFromEarlierBallot).

    An acceptor promises only ballots above all those that it has voted in.
    """

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
    """A vote that a 1b reports was proposed in the ballot of the vote (lemma_1bMessageWithOpnImplies2aSent)."""

    name = "vote-in-1b-was-a-2a"
    watches: tuple[type, ...] = (Message2a, Message1b)

    def __init__(self, log: Log) -> None:
        self._log = log

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the votes in a 1b with the 2a's of their ballots."""
        kind = type(sent.message)
        if kind is Message2a:
            self._log.propose(sent)
        elif kind is Message1b:
            for opn, vote in sent.message.votes.items():
                if opn < self._log.horizon:
                    continue
                first = self._log.proposed(vote.max_value_bal, opn)
                if first is None or not same(first[0], vote.max_val):
                    return Violation(
                        self.name,
                        f"{sent.source} reports a vote for {words(vote.max_val)} at {opn} in ballot "
                        f"{vote.max_value_bal}, which was never proposed",
                        sent.time,
                        (sent.id,),
                    )
        return None


class No1bHidesVotes:
    """A 1b reports its acceptor's last vote at each place, from its truncation point on.

    (lemma_1bMessageWithoutOpnImplicationsFor2b, for votes before the 1b.) Votes in ballots above that of the 1b do not
    count.
    """

    name = "no-1b-hides-votes"
    watches: tuple[type, ...] = (Message2b, Message1b)

    def __init__(self, log: Log) -> None:
        self._log = log

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a 1b with the earlier 2b's of its sender."""
        m, kind = sent.message, type(sent.message)
        if kind is Message2b:
            self._log.vote(sent)
        elif kind is Message1b:
            for opn, place in self._log.places.items():
                voted = [bal for bal, voters in place.votes.items() if sent.source in voters]
                if opn < m.log_truncation_point or not voted:
                    continue
                bal = max(voted)
                number = place.votes[bal][sent.source]
                reported = m.votes.get(opn)
                if bal < m.bal_1b and (reported is None or reported.max_value_bal < bal):
                    found = "no vote" if reported is None else f"ballot {reported.max_value_bal}"
                    return Violation(
                        self.name,
                        f"{sent.source} voted at {opn} in ballot {bal}, but its 1b for ballot {m.bal_1b} with "
                        f"truncation point {m.log_truncation_point} reports {found} there",
                        sent.time,
                        (number, sent.id),
                    )
        return None


class PromisesAreKept:
    """After a 1b or a vote, an acceptor votes in no lower ballot, and promises neither a lower one nor the same again.

    (lemma_1bMessageWithoutOpnImplicationsFor2b, for votes after the 1b, and lemma_VotePrecedesMaxBal: to vote in a
    ballot is to promise it.)
    """

    name = "promises-are-kept"
    watches: tuple[type, ...] = (Message2b, Message1b)

    def __init__(self) -> None:
        self._promised: dict[str, tuple[Ballot, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a 2b or 1b with the highest ballot in which its sender has taken part."""
        m, kind = sent.message, type(sent.message)
        if kind is Message2b:
            bal, does = m.bal_2b, f"votes at {m.opn_2b}"
        else:
            bal, does = m.bal_1b, "answers a 1a"
        promised = self._promised.get(sent.source)
        if promised is not None and (bal < promised[0] or (bal == promised[0] and kind is Message1b)):
            return Violation(
                self.name,
                f"{sent.source} had taken part in ballot {promised[0]}, and now {does} in ballot {bal}",
                sent.time,
                (promised[1], sent.id),
            )
        if promised is None or promised[0] < bal:
            self._promised[sent.source] = (bal, sent.id)
        return None
