"""The values that were proposed, by their uuids."""

from __future__ import annotations

from clew.systems.caspaxos.ballot import Ballot
from clew.systems.caspaxos.change import Versioned
from clew.systems.caspaxos.invariants.horizon import Horizon
from clew.systems.caspaxos.messages import Key
from clew.systems.invariant import Sent

Proposed = tuple[Key, Versioned, int]
"""A key, its value, and the id of the first proposal of that value."""


class Values:
    """The values of which a proposal is remembered (`horizon.py`). Invariants share them.

    A value is forgotten with the last ballot at which it was proposed. No acceptor reports it then, so it is never
    proposed again.
    """

    def __init__(self, horizon: Horizon) -> None:
        self._horizon = horizon
        self._first: dict[str, Proposed] = {}
        self._proposed: dict[Key, dict[Ballot, str]] = {}
        horizon.share(self._forget)

    def propose(self, sent: Sent) -> Proposed:
        """Note an `Accept`. Returns the first proposal of its uuid, which has the id of `sent` if it is this one."""
        m = sent.message
        this = (m.key, m.value, sent.id)
        if self._horizon.is_forgotten(m.key, m.ballot):
            return this
        self._proposed.setdefault(m.key, {})[m.ballot] = m.value.uuid
        return self._first.setdefault(m.value.uuid, this)

    def is_new(self, sent: Sent) -> bool:
        """Whether an `Accept` is the first proposal of its value. No, if that cannot be told any more."""
        m = sent.message
        if self._horizon.is_forgotten(m.key, m.ballot) or self._horizon.is_forgotten(m.key, m.base):
            return False
        return self.propose(sent)[2] == sent.id

    def _forget(self, key: Key, line: Ballot) -> None:
        proposed = self._proposed.get(key, {})
        self._proposed[key] = {ballot: uuid for ballot, uuid in proposed.items() if ballot >= line}
        left = set(self._proposed[key].values())
        for ballot, uuid in proposed.items():
            if ballot < line and uuid not in left:
                self._first.pop(uuid, None)
