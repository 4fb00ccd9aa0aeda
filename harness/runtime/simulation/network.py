"""The simulated network: what becomes of a message, decided when it is sent.

Every message draws four numbers of its own: drop, duplicate, overtake, latency. They belong to the link, the type of
the message, the moment in which it is sent, and which of them it is ("net/n1>n2/Prepare/50/0"), whatever faults are
active. So the fate of one message never depends on what was sent or lost before: removing a fault or an operation from
a run leaves the weather of all other moments as it was, and what happens a little earlier meets the same. That is what
makes such a run shrinkable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clew.harness.plan.schema import MILLISECOND, Links, NetworkPlan
from clew.harness.plan.streams import Streams, Uniforms
from clew.nemesis.disturbance import Disturbance, either
from clew.nemesis.effect import disturbance, refused
from clew.nemesis.fault import Fault
from clew.nemesis.latency import Constant

MOMENT = 10 * MILLISECOND
"""Long enough for a message to stay in its moment when what leads to it is shifted a little, and short enough to have
few others of its type in it, whose number changes which of them it is."""

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
        "moment",
        "name",
        "newest",
        "plan",
        "reorder",
        "sample",
        "sent",
        "source",
        "still",
        "streams",
        "uniforms",
    )

    def __init__(self, source: str, destination: str, plan: Links, between_nodes: bool, streams: Streams) -> None:
        self.source = source
        self.destination = destination
        self.plan = plan
        self.between_nodes = between_nodes
        self.streams = streams
        self.name = f"net/{source}>{destination}"
        self.moment = -1
        self.sent: dict[type, int] = {}
        self.uniforms: dict[type, Callable[[bytes], Uniforms]] = {}
        self.sample = plan.latency.sample
        self.newest = 0
        self.cut = False
        self.apply(Disturbance())

    def apply(self, added: Disturbance) -> None:
        """Be as bad as the plan says, and as faults make it."""
        self.drop = either(self.plan.drop, added.drop)
        self.duplicate = either(self.plan.duplicate, added.duplicate)
        self.reorder = either(self.plan.reorder, added.reorder)
        self.delays = added.delays
        self._settle()

    def heal(self) -> None:
        """Lose and double nothing."""
        self.drop = self.duplicate = 0.0
        self._settle()

    def _settle(self) -> None:
        """See whether there is anything to draw: if not, each message arrives, and takes as long as any other."""
        same = isinstance(self.plan.latency, Constant) and not self.delays and self.reorder == 1.0
        self.still = same and self.drop == self.duplicate == 0.0

    def draw(self, now: int, kind: type) -> Uniforms:
        """The numbers of a message of this type that is sent now."""
        moment = now // MOMENT
        if moment != self.moment:
            self.moment = moment
            self.sent.clear()
        count = self.sent[kind] = self.sent.get(kind, -1) + 1
        four = self.uniforms.get(kind)
        if four is None:
            four = self.uniforms[kind] = self.streams.uniforms(f"{self.name}/{kind.__name__}/")
        return four(b"%d/%d" % (moment, count))

    def delayed(self, u: float) -> int:
        """The latency with what faults add to it."""
        taken = self.sample(u)
        for delay in self.delays:
            # A fresh quantile for each delay without a draw of its own: the digits of u that the latency barely uses.
            u = u * 9973.0 % 1.0
            taken += delay.sample(u)
        return taken


class SimulatedNetwork:
    """All links of a run. Links between nodes apply from partitions and disturbances, those to clients can be cut."""

    def __init__(self, plan: NetworkPlan, nodes: Sequence[str], clients: Sequence[str], streams: Streams) -> None:
        pairs = [(a, b, plan.nodes, True) for a in nodes for b in nodes if a != b]
        for client in clients:
            pairs += [(client, node, plan.clients, False) for node in nodes]
            pairs += [(node, client, plan.clients, False) for node in nodes]
        self._links = {(a, b): _Link(a, b, links, between, streams) for a, b, links, between in pairs}
        self.whole = True
        """Whether no link is cut: then there is no need to ask for each message."""

    def fate(self, source: str, destination: str, now: int, kind: type) -> list[int] | str:
        """When a message of this type, sent now, arrives (twice, if it is duplicated), or why it never does."""
        link = self._links.get((source, destination))
        if link is None:
            return f"there is no {destination}"
        if link.still:
            return CUT if link.cut else [now + link.sample(0.0)]
        lost, doubled, overtakes, u = link.draw(now, kind)
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

    def apply(self, active: Sequence[Fault]) -> None:
        """Make the links what these faults, and no others, make of them."""
        refusing = refused(active)
        self.whole = not refusing
        for link in self._links.values():
            link.cut = (link.source, link.destination) in refusing
            if link.between_nodes:
                link.apply(disturbance(active, link.source, link.destination))

    def heal(self) -> None:
        """No faults, no losses and no duplicates any more, between nodes or to clients: only latency remains."""
        self.apply(())
        for link in self._links.values():
            link.heal()
