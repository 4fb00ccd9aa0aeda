"""Lemmas about logs (Figure 3 and 5.4): they match, leaders only append, and what is committed stays."""

from __future__ import annotations

from clew.systems.horizon import Above
from clew.systems.invariant import Sent, Violation
from clew.systems.raft.invariants.committed import Committed
from clew.systems.raft.invariants.horizon import Horizon
from clew.systems.raft.messages import Appended, AppendEntries, Command, Configuration, InstallSnapshot, Lead


class LogMatching:
    """If two logs have an entry of the same place and term, they are the same up to there (Figure 3).

    By induction: an entry of one place and term has one command and follows one entry.
    """

    name = "log-matching"
    watches: tuple[type, ...] = (AppendEntries, Lead)

    def __init__(self, horizon: Horizon) -> None:
        self._entries = Above[dict[int, tuple[int, Command | Configuration | None, int]]](horizon.places)
        """Place -> the term of an entry there -> the term before it, its command, and the first message that has it."""

    def observe(self, sent: Sent) -> Violation | None:
        """Compare each entry with the first one of its place and term."""
        message = sent.message
        before = message.prev_term
        for place, entry in enumerate(message.entries, message.prev_index + 1):
            known = self._entries.first(place, {}).setdefault(entry.term, (before, entry.command, sent.id))
            if known[1] != entry.command:
                return Violation(
                    self.name,
                    f"entry {place} of term {entry.term} has two commands: {known[1]} and {entry.command}",
                    sent.time,
                    (known[2], sent.id),
                )
            if known[0] != before:
                return Violation(
                    self.name,
                    f"entry {place} of term {entry.term} follows an entry of term {known[0]} in one log, and one of "
                    f"term {before} in the log of {sent.source}",
                    sent.time,
                    (known[2], sent.id),
                )
            before = entry.term
        return None


class LeaderAppendOnly:
    """A leader never overwrites or deletes entries in its log; it only appends new entries (Figure 3)."""

    name = "leader-append-only"
    watches: tuple[type, ...] = (AppendEntries, Lead)

    def __init__(self, horizon: Horizon) -> None:
        horizon.places.share(self._forget)
        self._terms: dict[str, tuple[int, dict[int, tuple[int, int]]]] = {}
        """Leader -> its term, and for each place of its log the term there, and the first message that says so."""

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the entries with those that the leader has sent before in this term."""
        message = sent.message
        term, log = self._terms.get(sent.source, (-1, {}))
        if term != message.term:
            log = {}
            self._terms[sent.source] = (message.term, log)
        for place, entry in enumerate(message.entries, message.prev_index + 1):
            known, number = log.setdefault(place, (entry.term, sent.id))
            if known != entry.term:
                return Violation(
                    self.name,
                    f"{sent.source} leads term {message.term}. Its entry {place} was of term {known}, and is of term "
                    f"{entry.term} now",
                    sent.time,
                    (number, sent.id),
                )
        return None

    def _forget(self, line: int) -> None:
        for leader, (term, log) in self._terms.items():
            self._terms[leader] = (term, {place: known for place, known in log.items() if place >= line})


class LeaderCompleteness:
    """An entry that is committed in a term is in the logs of the leaders of all later terms (Figure 3 and 5.4.3)."""

    name = "leader-completeness"
    watches: tuple[type, ...] = (Lead, Appended)

    def __init__(self, committed: Committed) -> None:
        self._committed = committed

    def observe(self, sent: Sent) -> Violation | None:
        """Look up the last committed entry in the log of a new leader."""
        known, message = self._committed, sent.message
        known.see(sent)
        if type(message) is not Lead or message.term <= known.term:
            return None
        term = known.term_at(known.index, message.prev_index, message.prev_term)
        if term == known.term:
            return None
        there = "nothing" if term is None else f"an entry of term {term}"
        return Violation(
            self.name,
            f"entry {known.index} of term {known.term} is committed, but {sent.source}, which leads term "
            f"{message.term}, has {there} in its place",
            sent.time,
            (known.message, sent.id),
        )


class CommitsAreCommitted:
    """What a leader calls committed is committed: a majority has it, or a later entry of the leader's own term.

    (5.4.2 and Figure 8. A majority alone is not enough for an entry of an older term.)
    """

    name = "commits-are-committed"
    watches: tuple[type, ...] = (Lead, AppendEntries, InstallSnapshot, Appended)

    def __init__(self, committed: Committed) -> None:
        self._committed = committed

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the leader's commit index, or the place of its snapshot, with what is committed."""
        self._committed.see(sent)
        message = sent.message
        if type(message) is Appended:
            return None
        commit = message.index if type(message) is InstallSnapshot else message.commit
        if commit <= self._committed.index:
            return None
        return Violation(
            self.name,
            f"{sent.source}, which leads term {message.term}, says that everything up to entry {commit} is committed, "
            f"but that is so only up to entry {self._committed.index}",
            sent.time,
            (sent.id,),
        )


class SnapshotsAgree:
    """All servers that have run the same entries are in the same state (Figure 3: State Machine Safety)."""

    name = "snapshots-agree"
    watches: tuple[type, ...] = (InstallSnapshot,)

    def __init__(self, horizon: Horizon) -> None:
        self._states = Above[tuple[str, Configuration | None, int]](horizon.places)
        """Place -> the state and the configuration after it, and the first message that has them."""

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a snapshot with the first one of its place."""
        message = sent.message
        this = (message.state, message.configuration, sent.id)
        state, configuration, number = self._states.first(message.index, this)
        if configuration != message.configuration:
            words = (
                f"the snapshot of {sent.source} after entry {message.index} has {message.configuration}, another had "
                f"{configuration}"
            )
            return Violation(self.name, words, sent.time, (number, sent.id))
        if state == message.state:
            return None
        words = f"the snapshot of {sent.source} after entry {message.index} is {message.state}, another was {state}"
        return Violation(self.name, words, sent.time, (number, sent.id))
