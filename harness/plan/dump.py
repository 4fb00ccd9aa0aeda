"""Writing a resolved plan as YAML: the `plan.yaml` of a run folder. It loads back as the same plan; replay reads it."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from clew.harness.plan.nemesis import write_entry
from clew.harness.plan.schema import Links, LivePlan, Plan, PlannedOperation, SystemPlan, Workload
from clew.harness.plan.system import DESCRIBED, is_duration, parameter_types
from clew.harness.plan.tree import scalar
from clew.harness.plan.values import write_latency
from clew.harness.quantity import format_duration, format_size
from clew.systems import find_system


def dump(plan: Plan) -> str:
    """The plan as YAML, with every number drawn and every default written out.

    It does not depend on the machine, except for the absolute path of a system that is a Python file.
    """
    data = {
        "name": plan.name,
        "system": _system(plan.system),
        "runtime": plan.runtime,
        **({"live": _live(plan.live)} if plan.runtime == "live" else {}),
        "workload": _workload(plan.workload),
        "network": {**_links(plan.network.nodes), "clients": _links(plan.network.clients)},
        "nemesis": [write_entry(entry) for entry in plan.nemesis],
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
    """PyYAML's dumper without anchors. It quotes text that `tree.scalar` would not read back as text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if scalar(text) == text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _system(system: SystemPlan) -> dict[str, Any]:
    types = parameter_types(find_system(system.name))
    parameters: dict[str, Any] = msgspec.to_builtins(system.parameters)
    if system.name in DESCRIBED:
        return {"nodes": system.nodes, **{name: _list(value) for name, value in parameters.items() if value != {}}}
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


def _list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _workload(workload: Workload) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": workload.kind, "clients": workload.clients, "keys": workload.keys}
    if not isinstance(workload.operations, tuple):
        if workload.operations is not None:
            data["operations"] = workload.operations
        if workload.kind != "mutex":
            data["mix"] = workload.mix
        data["values"] = workload.values
        if workload.rate is not None:
            data["rate"] = workload.rate
        else:
            data["think"] = write_latency(workload.think)
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


def _live(live: LivePlan) -> dict[str, Any]:
    return {
        "network": live.network,
        "ready": format_duration(live.ready),
        "pcap": live.pcap,
        "keep_data": live.keep_data,
    }


def _links(links: Links) -> dict[str, Any]:
    return {
        "latency": write_latency(links.latency),
        "drop": links.drop,
        "duplicate": links.duplicate,
        "reorder": links.reorder,
    }
