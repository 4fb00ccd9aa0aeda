"""Make the network plain: no losses, no duplicates, one latency for all messages; and the recovery short.

A plain network draws no random numbers. So moving a plan in time, or renaming its nodes, leaves its run as it was.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from clew.harness.plan import Plan
from clew.harness.plan.schema import MILLISECOND, Links
from clew.harness.shrink.explicit import members_of
from clew.harness.shrink.reduce import Dials, Fails, smallest_failing_plan
from clew.nemesis.fault import FaultEvent
from clew.nemesis.latency import Constant, Exponential, Normal, Uniform

WORLDS = 40
"""Seeds with which the failure is looked for in a plain network: the nodes may draw random numbers too."""
STARTS = 2
"""How many of the seeds that fail are shrunk. The smallest outcome counts."""
MOMENT = 100 * MILLISECOND
"""The time between healing and the final reads, if that is enough."""


def quick(plan: Plan, fails: Fails) -> Plan:
    """Begin the final reads soon after healing. The wait between them is most of a small run."""
    if plan.recovery.after <= MOMENT:
        return plan
    return fails(msgspec.structs.replace(plan, recovery=msgspec.structs.replace(plan.recovery, after=MOMENT))) or plan


def worlds(plan: Plan, fails: Fails, run_of: Callable[[Plan], object]) -> list[Plan]:
    """The plan in a plain network, with the first few seeds with which it fails in the same way.

    `run_of` tells runs apart. If the nodes draw nothing, the runs of all seeds are one run, and one of them is enough.
    """
    calm = plain(plan)
    found: list[Plan] = []
    for seed in range(WORLDS):
        failing = fails(msgspec.structs.replace(calm, seed=seed))
        if failing is not None:
            if found and run_of(failing) == run_of(found[-1]):
                break
            found.append(failing)
            if len(found) == STARTS:
                break
    return found


def world(plan: Plan, fails: Fails) -> Plan:
    """Make the network plain, as a whole if the plan still fails, and otherwise one setting after the other."""
    calm = fails(plain(plan))
    if calm is not None:
        return calm
    links, still = plan.network.nodes, plain(plan).network.nodes
    names = [name for name in Links.__struct_fields__ if getattr(links, name) != getattr(still, name)]

    def build(dials: Dials) -> Plan:
        changes = {name: getattr(still, name) for name, kept in zip(names, dials, strict=True) if not kept}
        network = msgspec.structs.replace(plan.network, nodes=msgspec.structs.replace(links, **changes))
        return msgspec.structs.replace(plan, network=network)

    return smallest_failing_plan(build, [1] * len(names), fails)


def plain(plan: Plan) -> Plan:
    """The plan in a plain network: nothing is lost, duplicated or reordered, and every message takes equally long."""
    links = Links(Constant(_round_down(mean_latency(plan))), 0.0, 0.0, plan.network.nodes.reorder)
    network = msgspec.structs.replace(plan.network, nodes=links, clients=Links(Constant(0)))
    return msgspec.structs.replace(plan, network=network)


def is_plain(plan: Plan) -> bool:
    """Whether neither the network nor any fault draws random numbers."""
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
