"""The network model decides what becomes of a message when the message is sent.

All runtimes share it. The simulation asks it about messages, live runs ask it about packets, datagrams and lines.

Every message has four random numbers: for loss, duplication, overtaking and latency. They are a hash of the link, the
type of the message, a bucket of time, and the number of the message in that bucket ("net/n1>n2/Prepare/50/0"). They
depend on nothing else: not on active faults, and not on messages sent before.

So a fault or an operation can be taken out of a run, and the fates of all other messages stay as they are. A message
that is sent a little earlier stays in its bucket and meets the same fate. That is what makes a run shrinkable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clew.harness.plan.schema import MILLISECOND, Links, NetworkPlan
from clew.harness.plan.streams import Streams, Words, threshold, uniform
from clew.nemesis.disturbance import Disturbance, either
from clew.nemesis.effect import disturbance, refused
from clew.nemesis.fault import Fault
from clew.nemesis.latency import Constant

BUCKET = 10 * MILLISECOND
"""Bucket width (ns): wide enough that a small shift in time keeps a message in its bucket, narrow enough that few
messages of one type share a bucket."""

LOST = "loss"
CUT = "partition"


class _Link:
    """One direction between two endpoints, as the active faults leave it."""

    __slots__ = (
        "between_nodes",
        "bucket",
        "constant",
        "cut",
        "delays",
        "destination",
        "drop",
        "drops_below",
        "duplicate",
        "duplicates_below",
        "name",
        "newest",
        "overtakes_below",
        "plan",
        "reorder",
        "sample",
        "sent",
        "source",
        "streams",
        "words",
    )

    def __init__(self, source: str, destination: str, plan: Links, between_nodes: bool, streams: Streams) -> None:
        self.source = source
        self.destination = destination
        self.plan = plan
        self.between_nodes = between_nodes
        self.streams = streams
        self.name = f"net/{source}>{destination}"
        self.bucket = -1
        self.sent: dict[type, int] = {}
        self.words: dict[type, Callable[[bytes], Words]] = {}
        self.sample = plan.latency.sample
        self.newest = 0
        self.cut = False
        self.apply(Disturbance())

    def apply(self, added: Disturbance) -> None:
        """Combine what the plan says of the link with what faults add."""
        self.drop = either(self.plan.drop, added.drop)
        self.duplicate = either(self.plan.duplicate, added.duplicate)
        self.reorder = either(self.plan.reorder, added.reorder)
        self.delays = added.delays
        self._update()

    def heal(self) -> None:
        """Lose nothing and duplicate nothing from now on."""
        self.drop = self.duplicate = 0.0
        self._update()

    def _update(self) -> None:
        """Work out what each message needs: chances to compare its numbers with, or its one latency."""
        self.drops_below = threshold(self.drop)
        self.duplicates_below = threshold(self.duplicate)
        self.overtakes_below = threshold(self.reorder)
        # If nothing is random, every message arrives after the same time, and nothing is drawn.
        same = isinstance(self.plan.latency, Constant) and not self.delays and self.reorder == 1.0
        self.constant = self.sample(0.0) if same and self.drop == self.duplicate == 0.0 else None

    def draw(self, now: int, kind: type) -> Words:
        """The four numbers of a message of this type that is sent now."""
        bucket = now // BUCKET
        if bucket != self.bucket:
            self.bucket = bucket
            self.sent.clear()
        count = self.sent[kind] = self.sent.get(kind, -1) + 1
        words = self.words.get(kind)
        if words is None:
            words = self.words[kind] = self.streams.words(f"{self.name}/{kind.__name__}/")
        return words(b"%d/%d" % (bucket, count))

    def delayed(self, u: float) -> int:
        """The latency (ns) with the delays that faults add."""
        taken = self.sample(u)
        for delay in self.delays:
            # A new quantile for each delay, without another draw: it comes from the digits of u that hardly matter for
            # the latency.
            u = u * 9973.0 % 1.0
            taken += delay.sample(u)
        return taken


class Network:
    """All links of a run. Faults can cut every link; they disturb links between nodes only."""

    def __init__(self, plan: NetworkPlan, nodes: Sequence[str], clients: Sequence[str], streams: Streams) -> None:
        pairs = [(a, b, plan.nodes, True) for a in nodes for b in nodes if a != b]
        for client in clients:
            pairs += [(client, node, plan.clients, False) for node in nodes]
            pairs += [(node, client, plan.clients, False) for node in nodes]
        self._links = [_Link(a, b, links, between, streams) for a, b, links, between in pairs]
        self._from: dict[str, dict[str, _Link]] = {name: {} for name in (*nodes, *clients)}
        for link in self._links:
            self._from[link.source][link.destination] = link
        self.whole = True
        """Whether no link is cut. Then `cut` need not be asked for each message."""
        self.instant = self._is_instant()
        """Whether every message arrives at once, exactly once. Then `fate` need not be asked for each message."""

    def fate(self, source: str, destination: str, now: int, kind: type) -> list[int] | str:
        """The times (ns) at which a message of this type, sent now, arrives; two if it is duplicated. Or why it is
        lost."""
        link = self._from[source].get(destination)
        if link is None:
            return f"there is no {destination}"
        if link.constant is not None:
            return CUT if link.cut else [now + link.constant]
        lost, doubled, overtakes, latency = link.draw(now, kind)
        if link.cut:
            return CUT
        if lost < link.drops_below:
            return LOST
        u = uniform(latency)
        arrivals = [now + (link.delayed(u) if link.delays else link.sample(u))]
        if doubled < link.duplicates_below:
            # The draw is below the chance of a duplicate. Divided by that chance it is uniform in [0, 1) again.
            arrivals.append(now + link.delayed(uniform(doubled) / link.duplicate))
        if overtakes >= link.overtakes_below:
            arrivals = [max(arrival, link.newest) for arrival in arrivals]
            link.newest = max(arrivals)
        return arrivals

    def cut(self, source: str, destination: str) -> bool:
        """Whether a message that arrives now is refused. Messages on their way are lost too when a partition begins."""
        return self._from[source][destination].cut

    def apply(self, active: Sequence[Fault]) -> None:
        """Bring all links into the state that exactly these faults ask for."""
        refusing = refused(active)
        self.whole = not refusing
        for link in self._links:
            link.cut = (link.source, link.destination) in refusing
            if link.between_nodes:
                link.apply(disturbance(active, link.source, link.destination))
        self.instant = self._is_instant()

    def heal(self) -> None:
        """From now on no faults, no losses and no duplicates, on any link. Only latency remains."""
        self.apply(())
        for link in self._links:
            link.heal()
        self.instant = self._is_instant()

    def _is_instant(self) -> bool:
        return self.whole and all(link.constant == 0 for link in self._links)
