"""What faults add to a link that still works: chances that something happens to a message, and delays."""

from __future__ import annotations

import msgspec

from clew.nemesis.latency import Latency


class Disturbance(msgspec.Struct, frozen=True):
    """What faults add to one direction of a link. The default adds nothing."""

    drop: float = 0.0
    """The chance that a message is lost."""
    duplicate: float = 0.0
    """The chance that a message arrives twice."""
    reorder: float = 0.0
    """The chance that a message may overtake earlier ones."""
    delays: tuple[Latency, ...] = ()
    """Each is drawn for each message and added to the link's own latency."""

    def plus(self, other: Disturbance) -> Disturbance:
        """Both at once: chances are independent of each other, and all delays are added."""
        return Disturbance(
            either(self.drop, other.drop),
            either(self.duplicate, other.duplicate),
            either(self.reorder, other.reorder),
            (*self.delays, *other.delays),
        )


def either(p: float, q: float) -> float:
    """The chance that at least one of two independent events happens. Exact if `p` or `q` is 0."""
    return p + q * (1.0 - p)
