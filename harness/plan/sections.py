"""From the tree of a plan to the plan of one seed: checked, drawn, and with defaults filled in.

Sections are read in the order of the fields of `Plan`. The first mistake is reported, and no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from clew.harness.plan.error import Place, PlanError, one_of
from clew.harness.plan.field import Field, Fields
from clew.harness.plan.nemesis import Cluster, read_nemesis
from clew.harness.plan.schema import (
    AS_THEY_COME,
    BudgetPlan,
    Check,
    Links,
    LiveNetworkName,
    LivePlan,
    NetworkPlan,
    Plan,
    Recovery,
    RuntimeName,
    Stop,
)
from clew.harness.plan.settings import override
from clew.harness.plan.streams import Streams
from clew.harness.plan.system import CLUSTER_FIELDS, read_system
from clew.harness.plan.tree import Value
from clew.harness.plan.values import (
    boolean,
    distinct,
    duration,
    latency,
    period,
    probability,
    size,
    text,
    whole_number,
    word,
)
from clew.harness.plan.workload import WORKLOAD_FIELDS, read_workload
from clew.harness.quantity import LONGEST
from clew.nemesis.schedule import Entry
from clew.systems import Protocol

SECTIONS = (
    "name",
    "system",
    "runtime",
    "live",
    "workload",
    "network",
    "nemesis",
    "recovery",
    "checks",
    "budget",
    "stop",
    "seed",
)
LINKS = ("latency", "drop", "duplicate", "reorder")
FIELDS = {
    "system": CLUSTER_FIELDS,
    "live": ("network", "ready", "pcap", "keep_data"),
    "workload": WORKLOAD_FIELDS,
    "network": (*LINKS, "clients"),
    "recovery": ("after", "within"),
    "budget": ("time", "memory"),
}
"""The fields of each section that is a mapping."""
CHECKS: tuple[Check, ...] = get_args(Check)
DEFAULT_CHECKS: tuple[Check, ...] = ("linearizable", "invariants", "liveness")
RUNTIMES: tuple[RuntimeName, ...] = get_args(RuntimeName)
LIVE_NETWORKS: tuple[LiveNetworkName, ...] = get_args(LiveNetworkName)
STOPS: tuple[Stop, ...] = get_args(Stop)


def read_plan(root: Value, folder: Path, seed: int | None, settings: Sequence[str]) -> Plan:
    """The plan for this seed, after the settings (`path=value`) have been applied. If the seed is None, the plan's own.

    The path of a system is relative to `folder`. Raises `PlanError` for the first mistake.
    """
    for setting in settings:
        root = override(root, setting)
    if seed is not None:
        root = _override_seed(root, seed)
    # The seed is read first, with streams that nothing draws from: whatever is drawn needs the seed.
    undrawn = _sections(Field("", root, Streams(0)))
    seed = undrawn.get("seed", _seed, 0)
    plan = Field("", root, Streams(seed)).fields(SECTIONS)

    name = plan.read("name", _name)
    system_plan, system = read_system(plan.read("system", lambda field: field.fields()), folder)
    protocol = isinstance(system, Protocol)
    default_runtime: RuntimeName = "simulation" if protocol else "live"
    runtime = plan.get("runtime", _runtime, default_runtime)
    live = _live(plan.section("live", FIELDS["live"]), runtime)
    workload = read_workload(plan.section("workload", FIELDS["workload"]), system.functions_of(system_plan.parameters))
    default_network = AS_THEY_COME if runtime == "live" else NetworkPlan()
    network = _network(plan.section("network", FIELDS["network"]), default_network)
    order = system.order(system_plan.parameters) if isinstance(system, Protocol) else None
    cluster = Cluster(system_plan.nodes, workload.clients, system.has_leader, order is not None)
    no_faults: tuple[Entry, ...] = ()
    nemesis = plan.get("nemesis", lambda field: read_nemesis(field, cluster), no_faults)
    checks = _checks(plan, protocol)
    return Plan(
        name=name,
        system=system_plan,
        runtime=runtime,
        workload=workload,
        network=network,
        nemesis=nemesis,
        recovery=_recovery(plan.section("recovery", FIELDS["recovery"])),
        checks=checks,
        budget=_budget(plan.section("budget", FIELDS["budget"])),
        seed=seed,
        stop=plan.get("stop", lambda field: _stop(field, checks), STOPS[0]),
        live=live,
    )


def _checks(plan: Fields, protocol: bool) -> tuple[Check, ...]:
    """The checks. Only a protocol has invariants: nobody knows what the messages of a program mean."""
    possible = CHECKS if protocol else tuple(check for check in CHECKS if check != "invariants")
    default = tuple(check for check in DEFAULT_CHECKS if check in possible)
    checks = plan.get("checks", lambda field: distinct(field, CHECKS, "check"), default)
    if not set(checks) <= set(possible):
        raise plan.given["checks"].error(f"a program has no invariants; expected {one_of(possible, '')}")
    return checks


def _stop(field: Field, checks: Sequence[Check]) -> Stop:
    stop = word(field, STOPS, "moment to stop")
    if stop == "first-violation" and "linearizable" not in checks:
        raise field.error("only the check linearizable finds the first violation, and it is not among the checks")
    return stop


def _sections(whole: Field) -> Fields:
    """The sections. For a field that is outside its section, the error says where it belongs."""
    for name, field in whole.fields().given.items():
        homes = [section for section, known in FIELDS.items() if name in known]
        if name not in SECTIONS and homes:
            raise PlanError(
                field.key_at, name, f"unknown field; did you mean {' or '.join(f'{home}.{name}' for home in homes)}?"
            )
    return whole.fields(SECTIONS)


def _override_seed(root: Value, seed: int) -> Value:
    """The tree with this seed. Raises `PlanError` if the number is no seed."""
    place = Place(f"--seed {seed}")
    if not 0 <= seed <= LONGEST:
        raise PlanError(place, "", f"expected a whole number from 0 to {LONGEST}")
    assert isinstance(root.data, dict)
    return Value({**root.data, "seed": Value(seed, place, place)}, root.at)


def _seed(field: Field) -> int:
    if isinstance(field.data, dict):
        raise field.error("a seed cannot be drawn, everything else is drawn from it; expected a whole number")
    return whole_number(field)


def _name(field: Field) -> str:
    # It need not be a file name: the store makes a safe one of it.
    return text(field, r"[^\x00-\x1f\x7f]{1,100}", "a name of 1 to 100 characters, on one line")


def _runtime(field: Field) -> RuntimeName:
    return word(field, RUNTIMES, "runtime")


def _live(fields: Fields, runtime: RuntimeName) -> LivePlan:
    default = LivePlan()
    if runtime != "live" and fields.given:
        raise PlanError(
            fields.mapping.key_at, "live", f"the runtime {runtime} has no such section; it is for runtime: live"
        )
    live = LivePlan(
        network=fields.get("network", lambda field: word(field, LIVE_NETWORKS, "network"), default.network),
        ready=fields.get("ready", period, default.ready),
        pcap=fields.get("pcap", boolean, default.pcap),
        keep_data=fields.get("keep_data", boolean, default.keep_data),
    )
    if live.pcap and live.network == "loopback":
        raise fields.conflict(("network", "pcap"), "clew sees no packets of the loopback; use network: tun with pcap")
    return live


def _network(fields: Fields, default: NetworkPlan) -> NetworkPlan:
    clients = fields.section("clients", LINKS)
    return NetworkPlan(_links(fields, default.nodes), _links(clients, default.clients))


def _links(fields: Fields, default: Links) -> Links:
    return Links(
        latency=fields.get("latency", latency, default.latency),
        drop=fields.get("drop", probability, default.drop),
        duplicate=fields.get("duplicate", probability, default.duplicate),
        reorder=fields.get("reorder", probability, default.reorder),
    )


def _recovery(fields: Fields) -> Recovery:
    default = Recovery()
    return Recovery(fields.get("after", duration, default.after), fields.get("within", period, default.within))


def _budget(fields: Fields) -> BudgetPlan:
    default = BudgetPlan()
    return BudgetPlan(
        time=fields.get("time", period, default.time),
        memory=fields.get("memory", lambda field: size(field, least=1 << 20), default.memory),
    )
