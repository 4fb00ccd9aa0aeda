"""The `nemesis` section: a list of faults, each with one way to say when.

- partition: {kind: majority, every: 2s, for: 1s}
- partition: {grudge: {n1: [n2, n3]}, at: 3s, for: 1s}
- crash: {target: minority, random: 5s, for: 1s, from: 2s, until: 30s}
- network: {drop: 0.5, delay: {exponential: 20ms}, target: one, at: [3s, 9s], for: 1s}

What can be said about a fault is declared by its kind (`clew.nemesis.parameter`). When it happens is said for all kinds
alike, here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, get_args

import msgspec

from clew.harness.plan.field import Field, Fields
from clew.harness.plan.schema import client_names, node_names
from clew.harness.plan.values import (
    distinct,
    drawn,
    duration,
    latency,
    period,
    probability,
    word,
    write_latency,
)
from clew.harness.quantity import format_duration
from clew.nemesis import target
from clew.nemesis.fault import Fault
from clew.nemesis.faults import FAULTS
from clew.nemesis.grudge import Grudge
from clew.nemesis.leader import LEADER
from clew.nemesis.parameter import AtLeastOne, ExactlyOne, Parameter, Words
from clew.nemesis.schedule import END, AtTimes, Entry, Every, Randomly, When
from clew.nemesis.target import Target, TargetKind

WHEN = ("every", "at", "random")
TIMES = (*WHEN, "for", "from", "until")
"""The keys that each kind of fault has besides its parameters."""
GAP_MIN = 100_000
"""The shortest period, or mean gap, of faults that come again and again, in ns. Ten thousand faults within a second of
cluster time take a second or two; a thousand times as many would never end."""


class Cluster(msgspec.Struct, frozen=True):
    """What a fault can be about."""

    nodes: int
    clients: int
    leads: bool
    """Whether the system has a leader, which a fault can hit."""
    members: bool
    """Whether the system can change its members."""


def read_nemesis(field: Field, cluster: Cluster) -> tuple[Entry, ...]:
    """The entries in their order."""
    return tuple(_entry(item, cluster) for item in field.items("a list of faults"))


def write_entry(entry: Entry) -> dict[str, Any]:
    """The entry as YAML data: what `read_nemesis` reads back, with every default written out."""
    data: dict[str, Any] = {}
    for parameter in FAULTS[entry.fault].parameters:
        value = entry.parameters.get(parameter.name, parameter.default)
        if value is not None:
            data[parameter.name] = _write(value, parameter)
    match entry.when:
        case Every(period):
            data["every"] = format_duration(period)
        case Randomly(mean):
            data["random"] = format_duration(mean)
        case AtTimes(times):
            data["at"] = [format_duration(time) for time in times]
    if entry.duration is not None:
        data["for"] = format_duration(entry.duration)
    if entry.start:
        data["from"] = format_duration(entry.start)
    if entry.end is not None:
        data["until"] = END if entry.end == END else format_duration(entry.end)
    return {entry.fault: data}


def _entry(field: Field, cluster: Cluster) -> Entry:
    kinds = field.fields(tuple(FAULTS))
    if len(kinds.given) != 1:
        message = f"expected one fault, {', '.join(FAULTS)}; found {' and '.join(kinds.given) or 'none'}"
        raise kinds.conflict(tuple(FAULTS), message)
    ((name, whole),) = kinds.given.items()
    kind = FAULTS[name]
    if kind.needs_members and not cluster.members:
        raise whole.error("the system cannot change its members, or not with these parameters")
    fields = whole.fields((*(parameter.name for parameter in kind.parameters), *TIMES))
    parameters = _parameters(fields, kind, cluster)
    when = _when(fields)
    start = fields.get("from", duration, 0)
    end = fields.get("until", _until, None)
    if isinstance(when, AtTimes):
        for other in ("from", "until"):
            if other in fields.given and not (other == "until" and end == END):
                raise fields.conflict(("at", other), f"`at` says when already; expected no `{other}`")
    if end == END and "for" in fields.given:
        raise fields.conflict(("until", "for"), "a fault that stays to the end lasts no fixed time; expected no `for`")
    if end is not None and end != END and end <= start:
        raise fields.conflict(("from", "until"), "it is over before it begins; expected `until` after `from`")
    return Entry(name, parameters, when, fields.get("for", period, None), start, end)


def _when(fields: Fields) -> When:
    given = [name for name in fields.given if name in WHEN]
    if len(given) != 1:
        message = f"expected one of every, at, random; found {' and '.join(given) or 'none'}"
        raise fields.conflict(WHEN, message)
    if given == ["every"]:
        return Every(fields.read("every", _gap))
    if given == ["random"]:
        return Randomly(fields.read("random", _gap))
    return AtTimes(tuple(sorted(fields.read("at", _moments))))


def _until(field: Field) -> int | Literal["end"]:
    return END if field.data == END else duration(field)


def _gap(field: Field) -> int:
    return period(field, GAP_MIN)


def _moments(field: Field) -> list[int]:
    if not isinstance(field.data, tuple):
        return [duration(field)]
    if not field.data:
        raise field.expected("one time at least")
    return [duration(item) for item in field.items("a list of times")]


def _parameters(fields: Fields, kind: type[Fault], cluster: Cluster) -> dict[str, Any]:
    """What the plan says about the fault: read, drawn, and with defaults filled in."""
    rule = kind.rule
    given = [] if rule is None else [name for name in rule.names if name in fields.given]
    if isinstance(rule, ExactlyOne) and len(given) != 1:
        choices = [_mention(parameter, cluster) for parameter in kind.parameters if parameter.name in rule.names]
        found = "both" if given else "none"
        raise fields.conflict(rule.names, f"expected either {' or '.join(choices)}; found {found}")
    values: dict[str, Any] = {}
    for parameter in kind.parameters:
        if parameter.required or parameter.name in fields.given:
            values[parameter.name] = fields.read(parameter.name, partial(_read, parameter=parameter, cluster=cluster))
        elif parameter.default is not None:
            values[parameter.name] = parameter.default
    if isinstance(rule, AtLeastOne) and not given:
        raise fields.mapping.error(f"expected {rule.what}: {', '.join(rule.names)}")
    return values


def _mention(parameter: Parameter, cluster: Cluster) -> str:
    if isinstance(parameter.type, Words):
        return f"a {parameter.name} ({', '.join(_possible(parameter.type.words, cluster))})"
    return f"a {parameter.name}"


def _possible(words: Sequence[str], cluster: Cluster) -> tuple[str, ...]:
    return tuple(word for word in words if cluster.leads or word != LEADER)


def _read(field: Field, parameter: Parameter, cluster: Cluster) -> Any:
    match parameter.type:
        case "chance":
            return probability(field)
        case "latency":
            return latency(field)
        case "target":
            return _target(field, cluster)
        case "node":
            return drawn(field, lambda field: _node(field, node_names(cluster.nodes)))
        case "grudge":
            return _grudge(field, (*node_names(cluster.nodes), *client_names(cluster.clients)))
        case Words() as words:
            return _word(field, words, cluster)


def _write(value: Any, parameter: Parameter) -> Any:
    match parameter.type:
        case "latency":
            return write_latency(value)
        case "target":
            return list(value) if isinstance(value, tuple) else value
        case "grudge":
            return {receiver: list(sources) for receiver, sources in value.items()}
        case _:
            return value


def _word(field: Field, type: Words, cluster: Cluster) -> str:
    def read(field: Field) -> str:
        found = word(field, _possible(type.words, cluster), type.noun)
        needed = type.nodes_needed(found)
        if cluster.nodes < needed:
            raise field.error(f"{found} needs {needed} nodes at least; system.nodes is {cluster.nodes}")
        return found

    return drawn(field, read)


def _grudge(field: Field, known: Sequence[str]) -> Grudge:
    grudge: Grudge = {}
    for receiver, sources in field.fields(known).given.items():
        grudge[receiver] = distinct(sources, known, "node or client")
        if receiver in grudge[receiver]:
            raise sources.error(f"{receiver} cannot refuse to hear itself")
    if not grudge:
        raise field.expected("one node at least, and those that it refuses to hear, such as {n1: [n2, n3]}")
    return grudge


def _node(field: Field, nodes: Sequence[str]) -> str:
    if isinstance(field.data, tuple):
        raise field.error("members change one at a time, odd to even and even to odd; expected one node, or `one`")
    return word(field, ("one", *nodes), "node")


def _target(field: Field, cluster: Cluster) -> Target:
    known: tuple[TargetKind, ...] = get_args(TargetKind)
    kinds = tuple(kind for kind in known if cluster.leads or kind != LEADER)
    nodes = node_names(cluster.nodes)

    def read(field: Field) -> Target:
        if isinstance(field.data, tuple):
            return distinct(field, nodes, "node")
        if isinstance(field.data, str) and field.data in nodes:
            raise field.expected(f"a list, [{field.data}], or one of {', '.join(kinds)}")
        kind = word(field, kinds, "target")
        needed = target.nodes_needed(kind)
        if cluster.nodes < needed:
            raise field.error(f"{kind} needs {needed} nodes at least; system.nodes is {cluster.nodes}")
        return kind

    return drawn(field, read)
