"""A resolved plan as YAML that loads back as the same plan: the `plan.yaml` of a run folder, and what replay reads."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from clew.harness.plan.cluster import is_duration, parameter_types
from clew.harness.plan.quantity import format_duration, format_size
from clew.harness.plan.schema import Links, Plan, PlannedOperation, SystemPlan, Workload
from clew.harness.plan.tree import scalar
from clew.nemesis.latency import Constant, Exponential, Latency, Normal, Uniform
from clew.nemesis.schedule import At, Cut, Disturb, Entry, Every, Kill, Randomly, What, When
from clew.nemesis.target import Target
from clew.systems import find_system


def dump(plan: Plan) -> str:
    """The plan as YAML with every number drawn, every default written out, and nothing that depends on the machine
    but the absolute path of a system that is a file of the user's."""
    data = {
        "name": plan.name,
        "system": _system(plan.system),
        "runtime": plan.runtime,
        "workload": _workload(plan.workload),
        "network": {**_links(plan.network.nodes), "clients": _links(plan.network.clients)},
        "nemesis": [_entry(entry) for entry in plan.nemesis],
        "recovery": {
            "after": format_duration(plan.recovery.after),
            "within": format_duration(plan.recovery.within),
        },
        "checks": list(plan.checks),
        "budget": {"time": format_duration(plan.budget.time), "memory": format_size(plan.budget.memory)},
        "stop": plan.stop,
        "seed": plan.seed,
    }
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=120)


class _Dumper(yaml.SafeDumper):
    """PyYAML's, without anchors, and with quotes around text that `tree.scalar` would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if scalar(text) == text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _system(system: SystemPlan) -> dict[str, Any]:
    types = parameter_types(find_system(system.name))
    parameters: dict[str, Any] = msgspec.to_builtins(system.parameters)
    return {
        "name": system.name,
        "nodes": system.nodes,
        "variant": system.variant or "none",
        **{
            name: format_duration(value) if is_duration(types[name]) else value
            for name, value in parameters.items()
            if value is not None
        },
    }


def _workload(workload: Workload) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": workload.kind, "clients": workload.clients, "keys": workload.keys}
    if not isinstance(workload.operations, tuple):
        if workload.operations is not None:
            data["operations"] = workload.operations
        data |= {"mix": workload.mix, "values": workload.values}
        if workload.rate is not None:
            data["rate"] = workload.rate
        else:
            data["think"] = _latency(workload.think)
    data["timeout"] = format_duration(workload.timeout)
    if workload.duration is not None:
        data["duration"] = format_duration(workload.duration)
    if isinstance(workload.operations, tuple):
        data["operations"] = [_operation(operation) for operation in workload.operations]
    return data


def _operation(operation: PlannedOperation) -> dict[str, Any]:
    data = {
        "at": format_duration(operation.at),
        "client": operation.client,
        "f": operation.f,
        "key": operation.key,
    }
    if operation.value is not None:
        data["value"] = list(operation.value) if isinstance(operation.value, tuple) else operation.value
    return data


def _links(links: Links) -> dict[str, Any]:
    return {
        "latency": _latency(links.latency),
        "drop": links.drop,
        "duplicate": links.duplicate,
        "reorder": links.reorder,
    }


def _latency(latency: Latency) -> Any:
    match latency:
        case Constant(delay):
            return format_duration(delay)
        case Exponential(mean):
            return {"exponential": format_duration(mean)}
        case Uniform(least, most):
            return {"uniform": [format_duration(least), format_duration(most)]}
        case Normal(mean, deviation):
            return {"normal": [format_duration(mean), format_duration(deviation)]}


def _entry(entry: Entry) -> dict[str, Any]:
    kind, data = _what(entry.what)
    data |= _when(entry.when)
    if entry.duration is not None:
        data["for"] = format_duration(entry.duration)
    if entry.start:
        data["from"] = format_duration(entry.start)
    if entry.end is not None:
        data["until"] = format_duration(entry.end)
    return {kind: data}


def _what(what: What) -> tuple[str, dict[str, Any]]:
    match what:
        case Cut(grudge):
            if isinstance(grudge, str):
                return "partition", {"kind": grudge}
            return "partition", {"grudge": {receiver: list(sources) for receiver, sources in grudge.items()}}
        case Kill(target):
            return "crash", {"target": _target(target)}
        case Disturb():
            data: dict[str, Any] = {"drop": what.drop, "duplicate": what.duplicate, "reorder": what.reorder}
            if what.delay is not None:
                data["delay"] = _latency(what.delay)
            if what.target is not None:
                data["target"] = _target(what.target)
            return "network", data


def _when(when: When) -> dict[str, Any]:
    match when:
        case Every(period):
            return {"every": format_duration(period)}
        case Randomly(mean):
            return {"random": format_duration(mean)}
        case At(times):
            return {"at": [format_duration(time) for time in times]}


def _target(target: Target) -> Any:
    return list(target) if isinstance(target, tuple) else target
