"""The `nemesis` section: a list of faults, each with one way of saying when.

- partition: {kind: majority, every: 2s, for: 1s}
- partition: {grudge: {n1: [n2, n3]}, at: 3s, for: 1s}
- crash: {target: minority, random: 5s, for: 1s, from: 2s, until: 30s}
- network: {drop: 0.5, delay: {exponential: 20ms}, target: one, at: [3s, 9s], for: 1s}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from clew.harness.plan.field import Field, Fields
from clew.harness.plan.schema import client_names, node_names
from clew.harness.plan.values import distinct, drawn, duration, latency, period, probability, word
from clew.nemesis import partition, target
from clew.nemesis.fault import Grudge
from clew.nemesis.schedule import At, Cut, Disturb, Entry, Every, Kill, Randomly, What, When
from clew.nemesis.target import Target, TargetKind

WHEN = ("every", "at", "random")
TIMES = (*WHEN, "for", "from", "until")
FIELDS = {
    "partition": ("kind", "grudge", *TIMES),
    "crash": ("target", *TIMES),
    "network": ("drop", "duplicate", "reorder", "delay", "target", *TIMES),
}


def read_nemesis(field: Field, nodes: int, clients: int, leads: bool) -> tuple[Entry, ...]:
    """The entries, in their order; the leader can only be hit in a system where one `leads`."""
    return tuple(_entry(item, nodes, clients, leads) for item in field.items("a list of faults"))


def _entry(field: Field, nodes: int, clients: int, leads: bool) -> Entry:
    kinds = field.fields(tuple(FIELDS))
    if len(kinds.found) != 1:
        message = f"expected one fault, {', '.join(FIELDS)}; found {' and '.join(kinds.found) or 'none'}"
        raise kinds.together(tuple(FIELDS), message)
    ((kind, whole),) = kinds.found.items()
    fields = whole.fields(FIELDS[kind])
    if kind == "partition":
        what: What = _cut(fields, nodes, clients, leads)
    elif kind == "crash":
        what = Kill(fields.read("target", lambda field: _target(field, nodes, leads)))
    else:
        what = _disturb(fields, nodes, leads)
    when = _when(fields)
    start = fields.get("from", duration, 0)
    end = fields.get("until", duration, None)
    if isinstance(when, At):
        for name in ("from", "until"):
            if name in fields.found:
                raise fields.together(("at", name), f"`at` says when already; expected no `{name}`")
    if end is not None and end <= start:
        raise fields.together(("from", "until"), "it is over before it begins; expected `until` after `from`")
    return Entry(what, when, fields.get("for", period, None), start, end)


def _when(fields: Fields) -> When:
    given = [name for name in fields.found if name in WHEN]
    if len(given) != 1:
        message = f"expected one of every, at, random; found {' and '.join(given) or 'none'}"
        raise fields.together(WHEN, message)
    if given == ["every"]:
        return Every(fields.read("every", period))
    if given == ["random"]:
        return Randomly(fields.read("random", period))
    return At(tuple(sorted(fields.read("at", _moments))))


def _moments(field: Field) -> list[int]:
    if not isinstance(field.data, tuple):
        return [duration(field)]
    if not field.data:
        raise field.expected("one time at least")
    return [duration(item) for item in field.items("a list of times")]


def _cut(fields: Fields, nodes: int, clients: int, leads: bool) -> Cut:
    kinds: tuple[partition.PartitionKind, ...] = (*partition.KINDS, "leader") if leads else partition.KINDS
    either = f"expected either a kind ({', '.join(kinds)}) or a grudge"
    if "grudge" in fields.found:
        if "kind" in fields.found:
            raise fields.together(("kind", "grudge"), f"{either}; found both")
        return Cut(fields.read("grudge", lambda field: _grudge(field, (*node_names(nodes), *client_names(clients)))))

    def read(field: Field) -> partition.PartitionKind:
        kind = word(field, kinds, "kind of partition")
        if nodes < partition.nodes_needed(kind):
            raise field.error(f"{kind} needs {partition.nodes_needed(kind)} nodes at least; system.nodes is {nodes}")
        return kind

    if "kind" not in fields.found:
        raise fields.together(("kind", "grudge"), f"{either}; found none")
    return Cut(fields.read("kind", lambda field: drawn(field, read)))


def _grudge(field: Field, known: Sequence[str]) -> Grudge:
    grudge: Grudge = {}
    for receiver, sources in field.fields(known).found.items():
        grudge[receiver] = distinct(sources, known, "node or client")
        if receiver in grudge[receiver]:
            raise sources.error(f"{receiver} cannot refuse to hear itself")
    if not grudge:
        raise field.expected("one node at least, and those that it refuses to hear, such as {n1: [n2, n3]}")
    return grudge


def _disturb(fields: Fields, nodes: int, leads: bool) -> Disturb:
    disturb = Disturb(
        drop=fields.get("drop", probability, 0.0),
        duplicate=fields.get("duplicate", probability, 0.0),
        reorder=fields.get("reorder", probability, 0.0),
        delay=fields.get("delay", latency, None),
        target=fields.get("target", lambda field: _target(field, nodes, leads), None),
    )
    if not any(name in fields.found for name in ("drop", "duplicate", "reorder", "delay")):
        raise fields.whole.error("expected a change of the network: drop, duplicate, reorder, delay")
    return disturb


def _target(field: Field, nodes: int, leads: bool) -> Target:
    def read(field: Field) -> Target:
        if isinstance(field.data, tuple):
            return distinct(field, node_names(nodes), "node")
        if isinstance(field.data, str) and field.data in node_names(nodes):
            raise field.expected(f"a list, [{field.data}], or one of {', '.join(kinds)}")
        kind = word(field, kinds, "target")
        if nodes < target.nodes_needed(kind):
            raise field.error(f"there is no {kind} of {nodes}; expected {target.nodes_needed(kind)} nodes at least")
        return kind

    known: tuple[TargetKind, ...] = get_args(TargetKind)
    kinds = tuple(kind for kind in known if leads or kind != "leader")
    return drawn(field, read)
