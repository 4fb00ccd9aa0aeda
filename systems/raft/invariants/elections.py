"""Lemmas about elections (5.1, 5.2 and 5.4.1): terms grow, votes are given once, leaders are alone in their terms."""

from __future__ import annotations

from clew.systems.horizon import Above
from clew.systems.invariant import Sent, Violation
from clew.systems.raft.invariants.committed import Committed
from clew.systems.raft.invariants.horizon import Horizon
from clew.systems.raft.messages import Appended, AppendEntries, InstallSnapshot, Lead, RequestVote, Vote


class TermsOnlyGrow:
    """A server's term never falls, whatever restarts lie between (Figure 2: "increases monotonically")."""

    name = "terms-only-grow"
    watches: tuple[type, ...] = (RequestVote, Vote, AppendEntries, Lead, InstallSnapshot, Appended)

    def __init__(self, horizon: Horizon) -> None:
        self._horizon = horizon
        self._terms: dict[str, tuple[int, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the term of a message with that of the server's last one."""
        term = sent.message.term
        before, number = self._terms.get(sent.source, (0, sent.id))
        self._terms[sent.source] = (term, sent.id)
        self._horizon.reach(sent.source, term)
        if term >= before:
            return None
        words = f"{sent.source} was in term {before}, and now sends a message of term {term}"
        return Violation(self.name, words, sent.time, (number, sent.id))


class VotesOncePerTerm:
    """A server votes for one candidate a term (5.2). A candidate votes for itself."""

    name = "votes-once-per-term"
    watches: tuple[type, ...] = (RequestVote, Vote)

    def __init__(self, horizon: Horizon) -> None:
        self._votes = Above[dict[str, tuple[str, int]]](horizon.terms)
        """Term -> voter -> its candidate, and the first message that says so."""

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a vote with the server's first one in this term."""
        message = sent.message
        if type(message) is Vote and not message.granted:
            return None
        candidate = sent.source if type(message) is RequestVote else sent.destination
        first, number = self._votes.first(message.term, {}).setdefault(sent.source, (candidate, sent.id))
        if first == candidate:
            return None
        words = f"in term {message.term} {sent.source} votes for {first}, and then for {candidate}"
        return Violation(self.name, words, sent.time, (number, sent.id))


class VotesNeedFreshLogs:
    """A server votes only for candidates whose logs are at least as up-to-date as its own (5.4.1)."""

    name = "votes-need-fresh-logs"
    watches: tuple[type, ...] = (RequestVote, Vote)

    def __init__(self, horizon: Horizon) -> None:
        self._asked = Above[dict[str, tuple[int, int, int]]](horizon.terms)
        """Term -> candidate -> the last term and place of its log, and the message that says so."""

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the end of the voter's log with that of the candidate's."""
        message = sent.message
        if type(message) is RequestVote:
            self._asked.first(message.term, {})[sent.source] = (message.last_term, message.last_index, sent.id)
        elif message.granted:
            asked = (self._asked.get(message.term) or {}).get(sent.destination)
            if asked is not None and (message.last_term, message.last_index) > asked[:2]:
                return Violation(
                    self.name,
                    f"the log of {sent.source} ends with entry {message.last_index} of term {message.last_term}, and "
                    f"it votes for {sent.destination}, whose log ends with entry {asked[1]} of term {asked[0]}",
                    sent.time,
                    (asked[2], sent.id),
                )
        return None


class LeadersHaveAMajority:
    """A leader has the votes of a majority of its term (5.2), of the latest configuration in its log (thesis, 4.1)."""

    name = "leaders-have-a-majority"
    watches: tuple[type, ...] = (Vote, Lead)

    def __init__(self, committed: Committed, horizon: Horizon) -> None:
        self._committed = committed
        self._line = horizon.terms
        self._voters = Above[dict[str, set[str]]](horizon.terms)
        """Term -> candidate -> who has voted for it."""

    def observe(self, sent: Sent) -> Violation | None:
        """Count a vote, or look up the votes of a leader."""
        message = sent.message
        if type(message) is Vote:
            if message.granted:
                self._voters.first(message.term, {}).setdefault(sent.destination, set()).add(sent.source)
            return None
        if message.term < self._line.at:
            return None
        voters = self._voters.first(message.term, {}).get(sent.source, set()) | {sent.source}
        _, members = self._committed.configuration_in(message.prev_index, message.prev_term)
        if self._committed.is_majority(voters, members):
            return None
        words = f"{sent.source} leads term {message.term} with the votes of {', '.join(sorted(voters))} alone"
        if members is not None:
            words += f", and the members are {', '.join(members)}"
        return Violation(self.name, words, sent.time, (sent.id,))


class ElectionSafety:
    """At most one leader can be elected in a given term (Figure 3)."""

    name = "election-safety"
    watches: tuple[type, ...] = (AppendEntries, Lead, InstallSnapshot)

    def __init__(self, horizon: Horizon) -> None:
        self._leaders = Above[tuple[str, int]](horizon.terms)

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the sender with the first one that led in this term."""
        leader, number = self._leaders.first(sent.message.term, (sent.source, sent.id))
        if leader == sent.source:
            return None
        words = f"in term {sent.message.term} both {leader} and {sent.source} lead"
        return Violation(self.name, words, sent.time, (number, sent.id))
