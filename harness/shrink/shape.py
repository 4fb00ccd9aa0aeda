"""Simplify what happens: reads in the place of writes; fewer clients, nodes and keys; small values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import Any

import msgspec

from clew.harness.plan import Plan, PlannedOperation
from clew.harness.plan.schema import client_names, node_names
from clew.harness.plan.workload import READS
from clew.harness.shrink.explicit import Member, members_of, rebuilt
from clew.harness.shrink.reduce import Fails

SELECTIONS = 12
"""Selections of nodes that are tried for each number of nodes."""


def shape(plan: Plan, fails: Fails) -> Plan:
    """Make each operation a read if that is enough; then use fewer clients, nodes and keys, and small values."""
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
    """The plan on fewer nodes. Each of them gets the clients and the faults of several old ones."""
    places = {old: old % nodes for old in range(plan.system.nodes)}
    homes = {client: client for client in range(plan.workload.clients)}
    return _renamed(plan, places, nodes, homes, plan.workload.clients)


def _smaller(plan: Plan) -> Iterable[Plan]:
    """The plan with fewer nodes or clients, the smallest first.

    As a rule a client speaks to the node of its own number. So each client keeps that node, whatever its new number.
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


def _selections(count: int, nodes: int, first: Sequence[int]) -> Iterable[tuple[int, ...]]:
    """Some selections of the nodes that stay, in their new order. Nodes with clients come first."""
    front = list(dict.fromkeys(first))
    rest = [node for node in range(count) if node not in front]
    orders = permutations([*front, *rest], nodes)
    return (order for order, _ in zip(orders, range(SELECTIONS), strict=False))


def _homes(used: Sequence[int], places: dict[int, int], nodes: int, clients: int, count: int) -> dict[int, int] | None:
    """New numbers of the clients, so that each still has its node; None if there are too few numbers."""
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
            fault = member.fault.renamed(names)
            if fault is not None:
                members.append(msgspec.structs.replace(member, fault=fault))
    plan = msgspec.structs.replace(
        plan,
        system=msgspec.structs.replace(plan.system, nodes=nodes),
        workload=msgspec.structs.replace(plan.workload, clients=clients),
    )
    return rebuilt(plan, members)


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
    """The keys that are in use as 0, 1, 2 in the order in which they first appear."""
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
