"""The world around what happens, made plain: no losses, no duplicates, one latency for all messages, a short recovery.

Where nothing is drawn any more, moving a plan in time or renaming its nodes leaves its run as it was.
"""

from __future__ import annotations

import msgspec

from clew.harness.plan import Plan
from clew.harness.plan.schema import MILLISECOND, Links
from clew.harness.shrink.explicit import members_of
from clew.harness.shrink.reduce import Dials, Fails, reduced
from clew.nemesis.fault import FaultEvent
from clew.nemesis.latency import Constant, Exponential, Normal, Uniform

WORLDS = 40
"""Attempts at finding the same failure in the plainest of networks, each with other random pauses of the nodes."""
STARTS = 2
"""So many of those that succeed are shrunk; the smallest outcome counts."""
MOMENT = 100 * MILLISECOND
"""What a healed cluster gets before the final reads, if that is enough."""


def quick(plan: Plan, fails: Fails) -> Plan:
    """Let the healed cluster alone for a moment only, before the final reads: most of a small run is that silence."""
    if plan.recovery.after <= MOMENT:
        return plan
    return fails(msgspec.structs.replace(plan, recovery=msgspec.structs.replace(plan.recovery, after=MOMENT))) or plan


def worlds(plan: Plan, fails: Fails) -> list[Plan]:
    """The plan in the plainest network in which it fails the same way, with the first few seeds with which it does."""
    calm = plain(plan)
    found: list[Plan] = []
    for seed in range(WORLDS):
        failing = fails(msgspec.structs.replace(calm, seed=seed))
        if failing is not None and failing not in found:
            found.append(failing)
            if len(found) == STARTS:
                break
    return found


def world(plan: Plan, fails: Fails) -> Plan:
    """Simplify the network as far as the failure allows: at once if possible, otherwise a knob at a time."""
    calm = fails(plain(plan))
    if calm is not None:
        return calm
    links, still = plan.network.nodes, plain(plan).network.nodes
    names = [name for name in Links.__struct_fields__ if getattr(links, name) != getattr(still, name)]

    def build(dials: Dials) -> Plan:
        changes = {name: getattr(still, name) for name, kept in zip(names, dials, strict=True) if not kept}
        network = msgspec.structs.replace(plan.network, nodes=msgspec.structs.replace(links, **changes))
        return msgspec.structs.replace(plan, network=network)

    return reduced(build, [1] * len(names), fails)


def plain(plan: Plan) -> Plan:
    """Nothing is lost, doubled or overtaken, and every message takes equally long."""
    links = Links(Constant(_round_down(mean_latency(plan))), 0.0, 0.0, plan.network.nodes.reorder)
    network = msgspec.structs.replace(plan.network, nodes=links, clients=Links(Constant(0)))
    return msgspec.structs.replace(plan, network=network)


def is_plain(plan: Plan) -> bool:
    """Whether nothing of the network is drawn, in faults neither."""
    links = (plan.network.nodes, plan.network.clients)
    if not all(isinstance(link.latency, Constant) and link.drop == link.duplicate == 0 for link in links):
        return False
    return not any(isinstance(member, FaultEvent) and member.fault.is_random() for member in members_of(plan))


def mean_latency(plan: Plan) -> int:
    """How long a message between nodes takes on average, in ns."""
    latency = plan.network.nodes.latency
    match latency:
        case Constant(delay):
            return delay
        case Exponential(mean) | Normal(mean, _):
            return mean
        case Uniform(least, most):
            return (least + most) // 2


def _round_down(ns: int) -> int:
    """To one digit: 25 ms to 20 ms."""
    size = int(10 ** max(0, len(str(ns)) - 1))
    return ns // size * size
