"""A resolved plan that is written and read back is the same plan, so the folder of a run holds what was run."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.harness.plan import PlannedOperation, dump, load, loads, resolve
from clew.harness.plan.nemesis import GAP_MIN
from clew.harness.plan.schema import (
    AS_THEY_COME,
    BudgetPlan,
    Links,
    LivePlan,
    NetworkPlan,
    Plan,
    Recovery,
    Workload,
    client_names,
    node_names,
)
from clew.nemesis import FAULTS, AtTimes, Constant, Entry, Every, Exponential, Fault, Normal, Randomly, Uniform
from clew.nemesis.leader import LEADER
from clew.nemesis.parameter import ExactlyOne, Words
from clew.nemesis.schedule import END

TIMES = st.integers(0, 2**63 - 1)
PERIODS = st.integers(1, 2**63 - 1)
GAPS = st.integers(GAP_MIN, 2**63 - 1)
CHANCES = st.floats(0, 1)
LATENCIES = st.one_of(
    st.builds(Constant, TIMES),
    st.builds(Exponential, TIMES),
    st.tuples(TIMES, TIMES).map(lambda ends: Uniform(min(ends), max(ends))),
    st.builds(Normal, TIMES, TIMES),
)
LINKS = st.builds(Links, LATENCIES, CHANCES, CHANCES, CHANCES)


def operations(clients: int, keys: int):
    values = st.integers(0, 2**63 - 1)
    times = {"at": TIMES, "client": st.integers(0, clients - 1), "key": st.integers(0, keys - 1)}
    one = st.one_of(
        st.builds(PlannedOperation, f=st.just("read"), value=st.none(), **times),
        st.builds(PlannedOperation, f=st.just("write"), value=values, **times),
        st.builds(PlannedOperation, f=st.just("cas"), value=st.tuples(st.none() | values, values), **times),
    )
    return st.lists(one, min_size=1, max_size=5).map(lambda made: tuple(sorted(made, key=lambda o: o.at)))


@st.composite
def workloads(draw) -> Workload:
    clients, keys = draw(st.integers(1, 20)), draw(st.integers(1, 5))
    common = {"kind": "cas-register", "clients": clients, "keys": keys, "timeout": draw(PERIODS)}
    duration = draw(st.none() | PERIODS)
    if draw(st.booleans()):
        mix = dict.fromkeys(("read", "write", "cas"), 1.0)
        fixed = {"mix": mix, "values": "unique", "rate": None, "think": Constant(0)}
        return Workload(operations=draw(operations(clients, keys)), duration=None, **common, **fixed)
    rate = draw(st.none() | st.floats(1e-6, 1e9))
    return Workload(
        operations=draw(st.integers(1, 10**9) if duration is None else st.none() | st.integers(1, 10**9)),
        duration=duration,
        mix={"read": draw(st.floats(0, 1e9)), "write": draw(st.floats(0.001, 1)), "cas": draw(st.floats(0, 1e9))},
        values=draw(st.just("unique") | st.integers(1, 100)),
        rate=rate,
        think=draw(LATENCIES) if rate is None else Constant(0),
        **common,
    )


def grudges(everybody: tuple[str, ...]):
    def of(receiver: str):
        others = [name for name in everybody if name != receiver]
        sources = st.lists(st.sampled_from(others), min_size=1, max_size=4, unique=True).map(tuple)
        return st.fixed_dictionaries({receiver: sources})

    return st.sampled_from(everybody).flatmap(of)


def parameters_of(kind: type[Fault], nodes: int, clients: int):
    """The parameters of an entry, as the kind of fault declares them."""
    some = st.lists(st.sampled_from(node_names(nodes)), min_size=1, unique=True).map(tuple)
    values = {
        "chance": CHANCES,
        "latency": LATENCIES,
        "target": some | st.sampled_from(["one", "majority", "all", *(["minority"] if nodes > 2 else [])]),
        "node": st.sampled_from(["one", *node_names(nodes)]),
        "grudge": grudges((*node_names(nodes), *client_names(clients))),
    }
    required, optional = {}, {}
    for parameter in kind.parameters:
        if isinstance(parameter.type, Words):
            words = [w for w in parameter.type.words if w != LEADER and parameter.type.nodes_needed(w) <= nodes]
            values_of = st.sampled_from(words) if words else st.nothing()
        else:
            values_of = values[parameter.type]
        always = parameter.required or parameter.default is not None
        (required if always else optional)[parameter.name] = values_of
    if isinstance(kind.rule, ExactlyOne):
        return st.one_of([st.fixed_dictionaries({name: optional[name]}) for name in kind.rule.names])
    return st.fixed_dictionaries(required, optional=optional)


@st.composite
def entries(draw, nodes: int, clients: int) -> Entry:
    # The members of the stub cannot change.
    fault = draw(st.sampled_from(sorted(name for name, kind in FAULTS.items() if not kind.needs_members)))
    parameters = draw(parameters_of(FAULTS[fault], nodes, clients))
    duration = draw(st.none() | PERIODS)
    if duration is None and draw(st.booleans()):
        return Entry(fault, parameters, AtTimes((draw(TIMES),)), end=END)
    if draw(st.booleans()):
        return Entry(fault, parameters, AtTimes(tuple(sorted(draw(st.lists(TIMES, min_size=1, max_size=3))))), duration)
    start = draw(st.integers(0, 2**62))
    end = draw(st.none() | st.integers(start + 1, 2**63 - 1))
    return Entry(fault, parameters, draw(st.builds(Every, GAPS) | st.builds(Randomly, GAPS)), duration, start, end)


@st.composite
def plans(draw, template: Plan) -> Plan:
    nodes = draw(st.integers(1, 7))
    parameters = msgspec.structs.replace(
        template.system.parameters,
        quorum=draw(st.none() | st.integers(1, nodes)),
        back_off=draw(TIMES),
        patience=draw(st.none() | TIMES),
        label=draw(st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["5", "1e3", "~", "no", ""])),
        ratio=draw(st.floats(-1e300, 1e300)),
        fast=draw(st.booleans()),
        mode=draw(st.sampled_from(["a", "b"])),
        sizes=tuple(draw(st.lists(st.integers(-5, 5), max_size=3))),
    )
    variant = draw(st.sampled_from([None, "forgets-promises"]))
    system = msgspec.structs.replace(template.system, nodes=nodes, variant=variant, parameters=parameters)
    workload = draw(workloads())
    live = draw(
        st.none() | st.builds(LivePlan, st.sampled_from(["auto", "tun"]), PERIODS, st.booleans(), st.booleans())
    )
    return Plan(
        name=draw(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z")),
        system=system,
        runtime="simulation" if live is None else "live",
        workload=workload,
        network=NetworkPlan(draw(LINKS), draw(LINKS)),
        nemesis=tuple(draw(st.lists(entries(nodes, workload.clients), max_size=3))),
        recovery=Recovery(draw(TIMES), draw(PERIODS)),
        checks=tuple(
            draw(st.lists(st.sampled_from(["linearizable", "invariants", "liveness"]), min_size=1, unique=True))
        ),
        budget=BudgetPlan(draw(PERIODS), draw(st.integers(1 << 20, 2**63 - 1))),
        seed=draw(TIMES),
        live=live or LivePlan(),
    )


@settings(max_examples=40)
@given(st.data())
def test_any_plan_comes_back_from_its_yaml(good, tmp_path_factory, data):
    plan = data.draw(plans(resolve(good)))
    text = dump(plan)
    text.encode("ascii")
    assert resolve(loads(text, "plan.yaml", tmp_path_factory.getbasetemp())) == plan
    assert dump(resolve(loads(text, "plan.yaml", tmp_path_factory.getbasetemp()))) == text


@settings(max_examples=15)
@given(st.integers(0, 2**63 - 1))
def test_what_a_seed_draws_comes_back_from_the_yaml_from_any_folder(good, tmp_path_factory, seed):
    plan = resolve(good, seed)
    assert resolve(loads(dump(plan), "plan.yaml", tmp_path_factory.getbasetemp())) == plan


def test_a_plan_comes_back_from_its_file(good, tmp_path):
    plan = resolve(good, 3)
    (tmp_path / "plan.yaml").write_text(dump(plan))
    assert resolve(load(str(tmp_path / "plan.yaml"))) == plan


def test_defaults_are_written_out(good):
    plan = resolve(loads("name: x\nsystem: {name: stub.py, nodes: 3}\nworkload: {kind: cas-register, operations: 9}\n",
                         "plan.yaml", good.folder))  # fmt: skip
    text = dump(plan)
    for default in ("runtime: simulation", "timeout: 1s", "values: unique", "back_off: 10ms", "within: 10s", "seed: 0"):
        assert default in text
    assert "nemesis: []" in text


def test_without_a_network_packets_of_a_live_run_go_as_they_come(good):
    assert resolve(good, None, ["network=", "runtime=live"]).network == AS_THEY_COME
    with_losses = resolve(good, None, ["network={drop: 0.5}", "runtime=live"]).network
    assert with_losses.nodes == msgspec.structs.replace(AS_THEY_COME.nodes, drop=0.5)
    assert resolve(good, None, ["runtime=live"]).network == resolve(good).network
