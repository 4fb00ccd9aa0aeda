"""What all servers of a Raft cluster have left behind, so that the invariants forget it.

**Terms.** A server whose last message was of a term sends none of a lower term, or it breaks `terms-only-grow`, which
takes one number for each server. So nobody votes or leads any more in terms below the lowest of all servers.

**Places.** The lowest committed place that every member of the cluster has is known by what they acknowledge. No server
replaces what is committed there, and no leader begins there any more, or it breaks `leader-completeness`, which takes
the last committed place only. A leader that does not know how far a follower is may send these entries again.

While a server is down, everything is remembered since it was there.
"""

from __future__ import annotations

from clew.systems.horizon import Line

PLACES_KEPT = 128
TERMS_KEPT = 16


class Horizon:
    """The lines of one run. All its invariants share them."""

    def __init__(self, nodes: int) -> None:
        names = [f"n{number}" for number in range(1, nodes + 1)]
        self.places = Line(PLACES_KEPT)
        """The lowest place of the log that is remembered."""
        self.terms = Line(TERMS_KEPT)
        """The lowest term that is remembered."""
        self._held = dict.fromkeys(names, 0)
        self._reached = dict.fromkeys(names, 0)

    def hold(self, server: str, place: int, members: tuple[str, ...] | None) -> None:
        """A server has everything up to a place, and it is committed. None: all servers are members."""
        if place > self._held.get(server, 0):
            self._held[server] = place
            self.places.rise(min(self._held.get(name, 0) for name in members or self._held))

    def reach(self, server: str, term: int) -> None:
        """A server has sent a message of a term."""
        if term > self._reached.get(server, 0):
            self._reached[server] = term
            self.terms.rise(min(self._reached.values()))
