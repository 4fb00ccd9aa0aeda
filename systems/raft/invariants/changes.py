"""Lemmas about changes of the membership (thesis, chapter 4)."""

from __future__ import annotations

from clew.systems.horizon import Above
from clew.systems.invariant import Sent, Violation
from clew.systems.raft.invariants.committed import Committed
from clew.systems.raft.invariants.horizon import Horizon
from clew.systems.raft.messages import AppendEntries, Configuration


class OneChangeAtATime:
    """A leader adds or removes one server, and begins only when the change before is committed, and an entry of its own
    term (thesis, 4.1, and the correction of 2015 on raft-dev)."""

    name = "one-change-at-a-time"
    watches: tuple[type, ...] = (AppendEntries,)

    def __init__(self, committed: Committed, horizon: Horizon) -> None:
        self._committed = committed
        self._line = horizon.places
        self._seen = Above[set[int]](horizon.places)
        """Place -> the terms of the configurations there."""

    def observe(self, sent: Sent) -> Violation | None:
        """Compare each configuration, when its leader first sends it, with the one before and with what is committed.

        So `committed` must not have seen the message yet.
        """
        message, before = sent.message, sent.message.prev_term
        for place, entry in enumerate(message.entries, message.prev_index + 1):
            if type(entry.command) is Configuration and place >= self._line.at:
                seen = self._seen.first(place, set())
                words = self._mistake(place, before, entry.term, entry.command.members)
                if entry.term not in seen and words is not None:
                    change = f"{sent.source} begins a change to {', '.join(entry.command.members)} at entry {place}"
                    return Violation(self.name, f"{change}, but {words}", sent.time, (sent.id,))
                seen.add(entry.term)
            before = entry.term
        return None

    def _mistake(self, place: int, before: int, term: int, members: tuple[str, ...]) -> str | None:
        known = self._committed
        last, old = known.configuration_in(place - 1, before)
        if last > known.index:
            return f"the one at entry {last} is not committed yet"
        # An entry of this term is committed if the last one that is committed is not before the first of this term.
        first = known.begins.get(term, (place - 1, 0))[0] + 1
        if known.index < first:
            return f"no entry of term {term} is committed yet"
        if abs(known.size(old) - len(members)) != 1 or (old is not None and len(set(old) ^ set(members)) != 1):
            return "it adds or removes more than one server"
        return None
