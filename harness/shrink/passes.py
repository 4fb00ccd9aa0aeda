"""What can be left out of a plan or made simpler: each pass turns a plan into dials, and dials into a plan.

    cut         what happens after it was too late
    quick       the recovery
    members     operations and faults, in chunks, then one by one
    merged      one fault for two
    world       the network: no losses, no duplicates, one latency for all messages
    shape       reads for writes; clients and nodes renumbered so that those in use come first, the others gone; keys;
                values
    times       gaps between what happens, and how long faults last: shorter and rounder

Members come before the rest, for they cost the most; the world comes before shape and times, for where nothing is drawn
any more, moving a plan in time or renaming its nodes leaves its run as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import permutations
from typing import Any

import msgspec

from harness.plan import Plan, PlannedOperation
from harness.plan.schema import MILLISECOND, Links, client_names, node_names
from harness.plan.work import READS
from harness.shrink.explicit import with_members
from harness.shrink.reduce import Dials, reduce, search
from nemesis.fault import Crash, Fault, FaultEvent, Network, Partition
from nemesis.latency import Constant, Exponential, Normal, Uniform
from nemesis.schedule import Disturb, schedule

Fails = Callable[[Plan], Plan | None]
"""The plan, perhaps with another seed, if it fails; None if it does not."""

CHUNKS = 16
"""Chunks at the coarsest resolution."""
DIALS_MOST = 48
"""Members that Hypothesis gets to turn down: its own cost grows with the square of their number."""
WORLDS = 40
"""Attempts at finding the same failure in the plainest of networks, each with other random pauses of the nodes."""
STARTS = 2
"""So many of those that succeed are shrunk; the smallest outcome counts."""
SEARCHED_MOST = 10
"""Members of a plan that is small enough to be searched at other times."""
ATTEMPTS = 80
"""Examples that Hypothesis draws of such times."""
GAP_MOST = 12
"""The longest gap and fault there, in halves of the mean latency: three round trips."""
UNITS = (100 * MILLISECOND, 10 * MILLISECOND, MILLISECOND)
"""Round times, the roundest first."""

MOMENT = 100 * MILLISECOND
"""What a healed cluster gets before the final reads, if that is enough."""

Member = PlannedOperation | FaultEvent


def members_of(plan: Plan) -> list[Member]:
    """The operations and faults of an explicit plan, by time."""
    assert isinstance(plan.workload.operations, tuple)
    faults = schedule(plan.nemesis, plan.nodes, lambda name: _nothing_drawn())
    return sorted([*faults, *plan.workload.operations], key=lambda member: member.at)


def _nothing_drawn() -> Any:
    from random import Random

    return Random(0)


def rebuilt(plan: Plan, members: Iterable[Member]) -> Plan:
    """The plan with these members and no others."""
    members = list(members)
    operations = [member for member in members if isinstance(member, PlannedOperation)]
    return with_members(plan, operations, [member for member in members if isinstance(member, FaultEvent)])


def cut(plan: Plan, late: int | None, fails: Fails) -> Plan:
    """Without what began when it was too late, at `late` or a timeout later: what was open then may end otherwise."""
    if late is not None:
        for moment in (late, late + plan.workload.timeout):
            before = [member for member in members_of(plan) if member.at <= moment]
            shorter = fails(rebuilt(plan, before)) if len(before) < len(members_of(plan)) else None
            if shorter is not None:
                return shorter
    return plan


def quick(plan: Plan, fails: Fails) -> Plan:
    """Let the healed cluster alone for a moment only, before the final reads: most of a small run is that silence."""
    if plan.recovery.after <= MOMENT:
        return plan
    return fails(msgspec.structs.replace(plan, recovery=msgspec.structs.replace(plan.recovery, after=MOMENT))) or plan


def merged(plan: Plan, fails: Fails) -> Plan:
    """Fewer faults that last longer: one for two, or the neighbours of one in its place."""
    failing: Plan | None = plan
    while failing is not None:
        plan = failing
        failing = next((found for fewer in _with_longer(plan) if (found := fails(fewer)) is not None), None)
    return plan


def _with_longer(plan: Plan) -> Iterator[Plan]:
    whole = members_of(plan)
    faults = [member for member in whole if isinstance(member, FaultEvent)]
    for kept, left in permutations(faults, 2):
        others = [member for member in whole if member is not kept and member is not left]
        for fault in _either(kept.fault, left.fault):
            until = None if kept.until is None or left.until is None else max(kept.until, left.until)
            yield rebuilt(plan, [*others, FaultEvent(0, min(kept.at, left.at), until, fault)])
    for left in faults:
        before = [fault.until for fault in faults if fault.until is not None and fault.until <= left.at]
        after = [fault.at for fault in faults if left.until is not None and fault.at >= left.until]
        grown: list[Member] = []
        for member in whole:
            if isinstance(member, FaultEvent) and before and member.until == max(before):
                member = msgspec.structs.replace(member, until=left.until)
            elif isinstance(member, FaultEvent) and after and member.at == min(after):
                member = msgspec.structs.replace(member, at=left.at)
            if member is not left:
                grown.append(member)
        if before or after:
            yield rebuilt(plan, grown)


def _either(one: Fault, other: Fault) -> list[Fault]:
    """What may stand for both: the one, or all that two partitions cut."""
    if not isinstance(one, Partition) or not isinstance(other, Partition):
        return [one]
    receivers = sorted({*one.grudge, *other.grudge})
    both = {name: tuple(sorted({*one.grudge.get(name, ()), *other.grudge.get(name, ())})) for name in receivers}
    return [one, Partition(both)]


def members(plan: Plan, fails: Fails) -> Plan:
    """Leave out what the failure does not need: chunks first, then halves of chunks, single members, at last several.

    Some of the chunks at random may do, and much is gone at once. Then they are left out one after the other, the
    latest first, for that takes a call of `fails` for each. What is left is for Hypothesis, which also finds what can
    only go together.
    """
    size = 1
    while size * CHUNKS < len(members_of(plan)):
        size *= 2
    plan = _some(plan, size, fails) if size > 1 else plan
    while size:
        for start in reversed(range(0, len(members_of(plan)), size)):
            whole = members_of(plan)
            plan = fails(rebuilt(plan, [*whole[:start], *whole[start + size :]])) or plan
        size //= 2
    whole = members_of(plan)
    if len(whole) > DIALS_MOST:
        return plan

    def build(dials: Dials) -> Plan:
        return rebuilt(plan, [member for member, kept in zip(whole, dials, strict=True) if kept])

    return _reduced(build, [1] * len(whole), fails)


def _some(plan: Plan, size: int, fails: Fails) -> Plan:
    """A few chunks of the plan that fail by themselves, if chance finds any."""
    whole = members_of(plan)
    chunks = [whole[i : i + size] for i in range(0, len(whole), size)]

    def build(dials: Dials) -> Plan:
        return rebuilt(plan, [member for chunk, kept in zip(chunks, dials, strict=True) if kept for member in chunk])

    found = search([1] * len(chunks), lambda dials: fails(build(dials)) is not None, ATTEMPTS)
    return plan if found is None else fails(build(found)) or plan


def _reduced(build: Callable[[Dials], Plan], start: Sequence[int], fails: Fails) -> Plan:
    plan = fails(build(reduce(start, lambda dials: fails(build(dials)) is not None)))
    assert plan is not None, "what reduce gives has failed"
    return plan


def without(plan: Plan, fails: Fails) -> Plan:
    """Leave out one more member by having the others happen at other times: faults first, they say more."""
    if len(members_of(plan)) > SEARCHED_MOST:
        return plan
    whole = members_of(plan)
    for leaver in sorted(whole, key=lambda member: isinstance(member, PlannedOperation)):
        rest = rebuilt(plan, [member for member in whole if member is not leaver])
        unit = max(MILLISECOND, mean_latency(plan) // 2)
        gaps, lasts = _gaps(rest, unit)

        def build(dials: Dials, rest: Plan = rest, lasts: list[int | None] = lasts, unit: int = unit) -> Plan:
            count = len(dials) - sum(last is not None for last in lasts)
            return _retimed(rest, dials[:count], _with_nones(lasts, dials[count:]), unit)

        highest = [GAP_MOST] * len(gaps) + [GAP_MOST for last in lasts if last is not None]
        found = search(highest, lambda dials, build=build: fails(build(dials)) is not None, ATTEMPTS)  # type: ignore[misc]
        if found is not None:
            smaller = fails(build(found))
            assert smaller is not None
            return smaller
    return plan


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

    return _reduced(build, [1] * len(names), fails)


def plain(plan: Plan) -> Plan:
    """Nothing is lost, doubled or overtaken, and every message takes equally long."""
    links = Links(Constant(_round_down(mean_latency(plan))), 0.0, 0.0, plan.network.nodes.reorder)
    network = msgspec.structs.replace(plan.network, nodes=links, clients=Links(Constant(0)))
    return msgspec.structs.replace(plan, network=network)


def is_plain(plan: Plan) -> bool:
    """Whether nothing of the network is drawn, in faults neither."""
    worse = [entry.what for entry in plan.nemesis if isinstance(entry.what, Disturb)]
    return all(
        isinstance(links.latency, Constant) and links.drop == links.duplicate == 0
        for links in (plan.network.nodes, plan.network.clients)
    ) and all(
        isinstance(what.delay, Constant | None) and what.drop in (0, 1) and what.duplicate in (0, 1) for what in worse
    )


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


def shape(plan: Plan, fails: Fails) -> Plan:
    """Reads for whatever need not be more; fewer clients, nodes and keys, those in use renumbered; and small values."""
    for place, member in enumerate(members_of(plan)):
        if isinstance(member, PlannedOperation) and member.value is not None:
            asked = msgspec.structs.replace(member, f=READS[plan.workload.kind], value=None)
            whole = members_of(plan)
            plan = fails(rebuilt(plan, [*whole[:place], asked, *whole[place + 1 :]])) or plan
    for candidate in (_renumbered_values(plan), _renumbered_keys(plan)):
        plan = fails(candidate) or plan
    for nodes in range(1, plan.system.nodes):
        folded = fails(_folded(plan, nodes))
        if folded is not None:
            plan = folded
            break
    for candidate in _smaller(plan):
        failing = fails(candidate)
        if failing is not None:
            return failing
    return plan


def _folded(plan: Plan, nodes: int) -> Plan:
    """The plan on fewer nodes, each of which gets the clients and the faults of several."""
    places = {old: old % nodes for old in range(plan.system.nodes)}
    homes = {client: client for client in range(plan.workload.clients)}
    return _renamed(plan, places, nodes, homes, plan.workload.clients)


def _smaller(plan: Plan) -> Iterable[Plan]:
    """The plan with fewer nodes or clients, the smallest first.

    A client speaks to the node of its own number, as a rule, or at least one can tell them apart by it: so clients keep
    the node that their number names, wherever that node goes.
    """
    operations = [member for member in members_of(plan) if isinstance(member, PlannedOperation)]
    used = sorted({operation.client for operation in operations})
    count = plan.system.nodes
    for nodes in range(1, count + 1):
        for clients in range(max(1, len(used)), plan.workload.clients + 1):
            if (nodes, clients) == (count, plan.workload.clients):
                return
            for kept in _selections(count, nodes, [client % count for client in used]):
                places = {old: new for new, old in enumerate(kept)}
                homes = _homes(used, places, nodes, clients, count)
                if homes is not None:
                    yield _renamed(plan, places, nodes, homes, clients)


SELECTIONS = 12


def _selections(count: int, nodes: int, first: Sequence[int]) -> Iterable[tuple[int, ...]]:
    """Which of the nodes stay, in which order: those with clients in front, then as they are; some of many orders."""
    front = list(dict.fromkeys(first))
    rest = [node for node in range(count) if node not in front]
    orders = permutations([*front, *rest], nodes)
    return (order for order, _ in zip(orders, range(SELECTIONS), strict=False))


def _homes(used: Sequence[int], places: dict[int, int], nodes: int, clients: int, count: int) -> dict[int, int] | None:
    """New numbers of the clients so that each still names its node; None if there are not enough."""
    homes: dict[int, int] = {}
    for client in used:
        place = places.get(client % count)
        free = [new for new in range(clients) if new not in homes.values() and new % nodes == place]
        if not free:
            return None
        homes[client] = free[0]
    return homes


def _renamed(plan: Plan, places: dict[int, int], nodes: int, homes: dict[int, int], clients: int) -> Plan:
    old_nodes, old_clients = plan.nodes, plan.clients
    names = {old_nodes[old]: node_names(nodes)[new] for old, new in places.items()}
    names |= {old_clients[old]: client_names(clients)[new] for old, new in homes.items()}
    members: list[Member] = []
    for member in members_of(plan):
        if isinstance(member, PlannedOperation):
            members.append(msgspec.structs.replace(member, client=homes[member.client]))
        else:
            fault = _among(member.fault, names)
            if fault is not None:
                members.append(msgspec.structs.replace(member, fault=fault))
    plan = msgspec.structs.replace(
        plan,
        system=msgspec.structs.replace(plan.system, nodes=nodes),
        workload=msgspec.structs.replace(plan.workload, clients=clients),
    )
    return rebuilt(plan, members)


def _among(fault: Fault, names: dict[str, str]) -> Fault | None:
    """The fault as far as it concerns endpoints that are left, under their new names; None if nothing of it is left."""
    match fault:
        case Partition(grudge):
            left: dict[str, set[str]] = {}
            for receiver, sources in grudge.items():
                if receiver in names:
                    stays = {names[source] for source in sources if source in names} - {names[receiver]}
                    left.setdefault(names[receiver], set()).update(stays)
            refused = {receiver: tuple(sorted(left[receiver])) for receiver in sorted(left) if left[receiver]}
            return Partition(refused) if refused else None
        case Crash(nodes):
            stays = {names[node] for node in nodes if node in names}
            return Crash(tuple(sorted(stays))) if stays else None
        case Network(_, _, _, _, hit):
            if hit is None:
                return fault
            stays = {names[node] for node in hit if node in names}
            return msgspec.structs.replace(fault, nodes=tuple(sorted(stays))) if stays else None


def _renumbered_values(plan: Plan) -> Plan:
    """Written values as 1, 2, 3 in the order in which they first appear."""
    numbers: dict[Any, int] = {}

    def small(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(small(part) for part in value)
        return numbers.setdefault(value, len(numbers) + 1) if type(value) is int else value

    return rebuilt(
        plan,
        [
            msgspec.structs.replace(member, value=small(member.value))
            if isinstance(member, PlannedOperation)
            else member
            for member in members_of(plan)
        ],
    )


def _renumbered_keys(plan: Plan) -> Plan:
    """Only the keys in use."""
    operations = [member for member in members_of(plan) if isinstance(member, PlannedOperation)]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(operation.key for operation in operations))}
    moved = rebuilt(
        plan,
        [
            msgspec.structs.replace(member, key=numbers[member.key]) if isinstance(member, PlannedOperation) else member
            for member in members_of(plan)
        ],
    )
    workload = msgspec.structs.replace(moved.workload, keys=max(1, len(numbers)))
    return msgspec.structs.replace(moved, workload=workload)


def times(plan: Plan, fails: Fails) -> Plan:
    """Shorter gaps between what happens and shorter faults, in the roundest unit that will do."""
    for unit in UNITS:
        rounded = fails(_retimed(plan, *_gaps(plan, unit), unit))
        if rounded is not None:
            return _shorter(rounded, unit, fails)
    return plan


def _shorter(plan: Plan, unit: int, fails: Fails) -> Plan:
    gaps, lasts = _gaps(plan, unit)

    def build(dials: Dials) -> Plan:
        return _retimed(plan, list(dials[: len(gaps)]), _with_nones(lasts, dials[len(gaps) :]), unit)

    return _reduced(build, [*gaps, *(last for last in lasts if last is not None)], fails)


def _with_nones(lasts: Sequence[int | None], dials: Sequence[int]) -> list[int | None]:
    coming = iter(dials)
    return [None if last is None else next(coming) for last in lasts]


def _gaps(plan: Plan, unit: int) -> tuple[list[int], list[int | None]]:
    """In whole units: the time from each member to the next, and how long each fault lasts."""
    members = members_of(plan)
    marks = [round(member.at / unit) for member in members]
    gaps = [mark - before for before, mark in zip([0, *marks], marks, strict=False)]
    lasts = [
        None if member.until is None else max(1, round((member.until - member.at) / unit))
        for member in members
        if isinstance(member, FaultEvent)
    ]
    return gaps, lasts


def _retimed(plan: Plan, gaps: Sequence[int], lasts: Sequence[int | None], unit: int) -> Plan:
    now = 0
    durations = iter(lasts)
    moved: list[Member] = []
    for member, gap in zip(members_of(plan), gaps, strict=True):
        now += gap * unit
        if isinstance(member, FaultEvent):
            last = next(durations)
            until = None if last is None else now + max(last, 1) * unit
            moved.append(msgspec.structs.replace(member, at=now, until=until))
        else:
            moved.append(msgspec.structs.replace(member, at=now))
    return rebuilt(plan, moved)
