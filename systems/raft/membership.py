"""Membership change: servers join and leave the cluster, one at a time (Diego Ongaro, "Consensus: Bridging Theory and
Practice", 2014, chapter 4, which docstrings call the thesis).

    operator ── Reconfigure ──> every server: who is to be a member. The leader takes the steps:

    n4 joins     the leader replicates its log to n4, which does not count yet       catching up
                 it appends the configuration {n1, n2, n3, n4}                       in force at once
                 a majority of {n1, n2, n3, n4} has that entry                       committed
    n2 leaves    the leader appends {n1, n3, n4}                                     in force at once
                 a majority of {n1, n3, n4} has that entry                           committed

Configurations that differ by one server have no majorities without a common server. So the old and the new one can be
in use at the same time. That does not hold for the old one and the one after next: `Leader._may_change` says when a
change may begin.

The thesis has a removed server shut down. Here it goes on, and disturbs nobody, because servers ask for pre-votes. When
it joins again, it catches up from what it still has. It must not begin empty: it would have forgotten its votes.
"""

from __future__ import annotations

from collections.abc import Sequence

from clew.systems.raft.parameters import Parameters

MEMBERS_MIN = 2
"""The leader never removes more: a cluster of one sends no messages in which its lemmas could be seen."""


def next_members(
    nodes: Sequence[str], members: Sequence[str], goal: Sequence[str], ready: set[str], leader: str
) -> tuple[str, ...] | None:
    """One member more or fewer, on the way to the goal. None if there is no step to take now.

    `ready` are the servers that have caught up. They join first. The leader itself leaves last.
    """
    for node in goal:
        if node in ready and node not in members:
            return tuple(other for other in nodes if other == node or other in members)
    leaving = sorted((node for node in members if node not in goal), key=lambda node: node == leader)
    if leaving and len(members) > MEMBERS_MIN:
        return tuple(node for node in members if node != leaving[0])
    return None


class Recruits:
    """The servers that are to join, and how they catch up (thesis, 4.2.1).

    A new server would stall the cluster until it has the log. So it gets the log first, in rounds: a round is over when
    the server has what the leader had when the round began. The server joins after a round that was shorter than an
    election timeout. The thesis gives up after ten rounds; here the order stands, and more rounds follow.
    """

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._new: list[str] = []
        self._rounds: dict[str, tuple[int, int]] = {}
        """The last place of the leader's log when the round began, and when that was."""
        self._ready: set[str] = set()

    def choose(self, joining: Sequence[str]) -> list[str]:
        """Recruit these servers and no others. Returns those that are recruits no more, without having joined."""
        dismissed = [node for node in self._rounds if node not in joining]
        for node in dismissed:
            del self._rounds[node]
        self._ready.intersection_update(joining)
        self._new = [node for node in joining if node not in self._rounds]
        return dismissed

    def new(self) -> list[str]:
        """The recruits that have not begun."""
        return self._new

    def begin(self, node: str, last_index: int, now: int) -> None:
        """Begin the next round of a recruit."""
        self._rounds[node] = last_index, now

    def progress(self, node: str, match: int, last_index: int, now: int) -> None:
        """Note how far a recruit's log is the leader's. After a round it is ready, or the next round begins."""
        place, began = self._rounds[node]
        if match < place or node in self._ready:
            return
        if now - began < self._parameters.election_timeout:
            self._ready.add(node)
        else:
            self.begin(node, last_index, now)

    def ready(self) -> set[str]:
        """The recruits that have caught up."""
        return self._ready

    def has(self, node: str) -> bool:
        """Whether the server is a recruit."""
        return node in self._rounds

    def done(self, members: Sequence[str]) -> None:
        """Forget those that are members now."""
        for node in members:
            self._rounds.pop(node, None)
            self._ready.discard(node)
