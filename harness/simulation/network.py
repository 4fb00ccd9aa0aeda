"""The simulated network: what becomes of a message, decided when it is sent.

Every directed link has a random stream of its own ("net/n1>n2") and draws four numbers for every message, whatever
faults are active: drop, duplicate, overtake, latency. So the fate of one message never depends on how many others were
lost, and removing a fault from a run leaves the links as they were.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.plan.schema import Links, NetworkPlan
from harness.streams import Streams
from nemesis.effect import disturbance, either, refused
from nemesis.fault import Fault
from nemesis.latency import Latency

LOST = "loss"
CUT = "partition"


class _Link:
    """One direction between two endpoints, as the active faults leave it."""

    __slots__ = (
        "between_nodes",
        "cut",
        "delays",
        "destination",
        "drop",
        "duplicate",
        "newest",
        "plan",
        "random",
        "reorder",
        "sample",
        "source",
    )

    def __init__(self, source: str, destination: str, plan: Links, between_nodes: bool, streams: Streams) -> None:
        self.source = source
        self.destination = destination
        self.plan = plan
        self.between_nodes = between_nodes
        self.random = streams.get(f"net/{source}>{destination}").random
        self.sample = plan.latency.sample
        self.newest = 0
        self.cut = False
        self.drop = plan.drop
        self.duplicate = plan.duplicate
        self.reorder = plan.reorder
        self.delays: tuple[Latency, ...] = ()

    def delayed(self, u: float) -> int:
        """The latency with what faults add to it."""
        taken = self.sample(u)
        for delay in self.delays:
            # A fresh quantile for each delay without a draw of its own: the digits of u that the latency barely uses.
            u = u * 9973.0 % 1.0
            taken += delay.sample(u)
        return taken


class Network:
    """All links of a run. Links between nodes suffer from partitions and disturbances, those to clients can be cut."""

    def __init__(self, plan: NetworkPlan, nodes: Sequence[str], clients: Sequence[str], streams: Streams) -> None:
        pairs = [(a, b, plan.nodes, True) for a in nodes for b in nodes if a != b]
        for client in clients:
            pairs += [(client, node, plan.clients, False) for node in nodes]
            pairs += [(node, client, plan.clients, False) for node in nodes]
        self._links = {(a, b): _Link(a, b, links, between, streams) for a, b, links, between in pairs}
        self.whole = True
        """Whether no link is cut: then there is no need to ask for each message."""

    def fate(self, source: str, destination: str, now: int) -> list[int] | str:
        """When a message sent now arrives (twice, if it is duplicated), or why it never does."""
        link = self._links.get((source, destination))
        if link is None:
            return f"there is no {destination}"
        random = link.random
        lost, doubled, overtakes, u = random(), random(), random(), random()
        if link.cut:
            return CUT
        if lost < link.drop:
            return LOST
        arrivals = [now + (link.delayed(u) if link.delays else link.sample(u))]
        if doubled < link.duplicate:
            # Given that it is below the chance of a duplicate, the draw divided by that chance is uniform again.
            arrivals.append(now + link.delayed(doubled / link.duplicate))
        if overtakes >= link.reorder:
            arrivals = [max(arrival, link.newest) for arrival in arrivals]
            link.newest = max(arrivals)
        return arrivals

    def cut(self, source: str, destination: str) -> bool:
        """Whether a message that arrives now is refused: what was on its way when a partition began is lost too."""
        return self._links[source, destination].cut

    def suffer(self, active: Sequence[Fault]) -> None:
        """Make the links what these faults, and no others, make of them."""
        refusing = refused(active)
        self.whole = not refusing
        for link in self._links.values():
            link.cut = (link.source, link.destination) in refusing
            if link.between_nodes:
                added = disturbance(active, link.source, link.destination)
                link.drop = either(link.plan.drop, added.drop)
                link.duplicate = either(link.plan.duplicate, added.duplicate)
                link.reorder = either(link.plan.reorder, added.reorder)
                link.delays = added.delays

    def heal(self) -> None:
        """No faults, no losses and no duplicates any more, between nodes or to clients: only latency remains."""
        self.suffer(())
        for link in self._links.values():
            link.drop = link.duplicate = 0.0
