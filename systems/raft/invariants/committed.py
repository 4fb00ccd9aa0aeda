"""What is committed, and by whom, seen from outside (5.3 and 5.4.2; thesis, 4.1)."""

from __future__ import annotations

from clew.systems.invariant import Sent
from clew.systems.raft.invariants.horizon import Horizon
from clew.systems.raft.messages import Appended, AppendEntries, Configuration, Lead
from clew.systems.raft.parameters import majority


class Committed:
    """What the logs of leaders have, and which part of it is committed.

    A leader's entries of its own term begin after `Lead.prev_index`. An entry of the leader's own term is committed
    when a majority has it, and with it everything before it. It is a majority of the configuration in force: the latest
    one in the leader's log. A leader sends each configuration when it appends it.
    """

    def __init__(self, nodes: int, horizon: Horizon) -> None:
        self._nodes = nodes
        self._horizon = horizon
        horizon.places.share(self._forget)
        horizon.terms.share(self._forget)
        self._matched: dict[int, dict[str, int]] = {}
        """Term -> how far the log of each follower is known to be the leader's."""
        self._leaders: dict[int, str] = {}
        self._in_force: dict[int, tuple[str, ...] | None] = {}
        """Term -> the members of the latest configuration in its leader's log."""
        self._configurations: dict[int, dict[int, tuple[str, ...]]] = {}
        """Place -> the term of an entry there -> the members of the configuration in that entry."""
        self._oldest: tuple[int, tuple[str, ...] | None] = (0, None)
        """The place and the members of the latest configuration below the line, which is in all logs."""
        self._last = -1
        self.begins: dict[int, tuple[int, int]] = {}
        """Term -> the place and the term of the last entry before the term's own."""
        self.index = 0
        """The last place that is committed."""
        self.term = 0
        """The term of the entry there."""
        self.message = 0
        """The message that committed it."""

    def see(self, sent: Sent) -> None:
        """Look at a message. The same message may be shown many times."""
        if sent.id <= self._last:
            return
        self._last = sent.id
        message = sent.message
        if message.term < self._horizon.terms.at:
            return
        if type(message) is Lead:
            self.begins.setdefault(message.term, (message.prev_index, message.prev_term))
            self._leaders.setdefault(message.term, sent.source)
            self._in_force[message.term] = self.configuration_in(message.prev_index, message.prev_term)[1]
        elif type(message) is AppendEntries:
            self._learn(sent, message)
        elif type(message) is Appended and message.matched:
            matched = self._matched.setdefault(message.term, {})
            matched[sent.source] = max(matched.get(sent.source, 0), message.index)
            self._count(sent, message.term)
            self._hold(sent, message.index)

    def _learn(self, sent: Sent, message: AppendEntries) -> None:
        """Note the configurations among these entries."""
        self._hold(sent, message.commit)
        for place, entry in enumerate(message.entries, message.prev_index + 1):
            if type(entry.command) is Configuration and place >= self._horizon.places.at:
                known = self._configurations.setdefault(place, {})
                if entry.term not in known:
                    known[entry.term] = entry.command.members
                    self._in_force[message.term] = entry.command.members
                    self._count(sent, message.term)

    def _count(self, sent: Sent, term: int) -> None:
        members = self._in_force.get(term)
        leader = self._leaders.get(term)
        matched = self._matched.get(term, {})
        if members is None:
            needed, followers = majority(self._nodes) - 1, list(matched.values())
        else:
            # A leader that is no member does not count.
            needed = majority(len(members)) - (leader in members)
            followers = [place for node, place in matched.items() if node in members]
        # The leader itself has whatever a follower has.
        if needed >= 1 and len(followers) >= needed:
            place = sorted(followers, reverse=True)[needed - 1]
            if place > self.index and place > self.begins.get(term, (place, 0))[0]:
                self.index, self.term, self.message = place, term, sent.id

    def _hold(self, sent: Sent, place: int) -> None:
        """The sender's log is that of its term's leader up to this place. So it has what is committed up to there, if
        the leader has."""
        term = sent.message.term
        if term >= self.term:
            self._horizon.hold(sent.source, min(place, self.index), self._in_force.get(term))

    def _forget(self, _: int) -> None:
        place, term = self._horizon.places.at, self._horizon.terms.at
        for old in sorted(each for each in self._configurations if each < place):
            known = self._configurations.pop(old)
            there = self.term_at(old, self.index, self.term)
            if there in known:
                self._oldest = old, known[there]
        # Up to the line, all logs are the same. So nobody looks up what they have there.
        for each in [each for each, (last, _) in self.begins.items() if each < term and last < place]:
            del self.begins[each]
        for by_term in (self._matched, self._leaders, self._in_force):
            for each in [each for each in by_term if each < term]:
                del by_term[each]

    def is_majority(self, servers: set[str], members: tuple[str, ...] | None) -> bool:
        """Whether these are a majority of a configuration. None: that of the plan."""
        if members is None:
            return len(servers) >= majority(self._nodes)
        return len(servers.intersection(members)) >= majority(len(members))

    def size(self, members: tuple[str, ...] | None) -> int:
        """How many servers a configuration has. None: that of the plan."""
        return self._nodes if members is None else len(members)

    def configuration_in(self, index: int, term: int) -> tuple[int, tuple[str, ...] | None]:
        """The place and the members of the latest configuration in a log whose last entry is at `index`, of this term.

        Place 0, and None: the log has none, and that of the plan is in force.
        """
        for place in sorted(self._configurations, reverse=True):
            known = self._configurations[place]
            if place <= index and (there := self.term_at(place, index, term)) in known and there is not None:
                return place, known[there]
        return self._oldest if self._oldest[0] <= index else (0, None)

    def term_at(self, place: int, index: int, term: int) -> int | None:
        """The term of the entry at `place`, in a log whose last entry is at `index` and of this term.

        By Log Matching, that log is the one of the term's leader up to there. None if the log is shorter.
        """
        if index < place:
            return None
        while term in self.begins and self.begins[term][0] >= place:
            term = self.begins[term][1]
        return term
