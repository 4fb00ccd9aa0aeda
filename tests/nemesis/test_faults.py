"""What every kind of fault keeps, whatever it does.

A new kind is tested here without a change, if its parameters have types of `EXAMPLES` and it does what `EFFECTS` has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from clew.nemesis import FAULTS, Constant, Fault, FaultEvent
from clew.nemesis.disturbance import Disturbance
from clew.nemesis.effect import disturbance, down, excluded, hits, paused, refused
from clew.nemesis.fault import name, to_value
from clew.nemesis.faults import from_value
from clew.nemesis.leader import LEADER, with_leader
from clew.nemesis.node_fault import NodeFault
from clew.nemesis.parameter import ExactlyOne, Parameter, Words

NODES = ("n1", "n2", "n3", "n4", "n5")
LINKS = [(source, destination) for source in (*NODES, "c0") for destination in (*NODES, "c0") if source != destination]
EFFECTS = (refused, down, paused, excluded)
"""What faults can do besides `disturbance`, which is about one link: functions of the active faults."""
EXAMPLES: dict[str, list[Any]] = {
    "chance": [0.5],
    "latency": [Constant(7)],
    "target": [("n2", "n4"), "one", "minority", "majority", "all", "leader"],
    "node": ["n2", "one"],
    "grudge": [{"n2": ("c0", "n4"), "n4": ("n2",)}],
}


def examples_of(parameter: Parameter) -> list[Any]:
    return list(parameter.type.words) if isinstance(parameter.type, Words) else EXAMPLES[parameter.type]


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each kind with parameters of an entry: each value of each parameter once, beside what the kind requires."""
    for kind_name, kind in FAULTS.items():
        first = {parameter.name: examples_of(parameter)[0] for parameter in kind.parameters}
        for parameter in kind.parameters:
            for value in examples_of(parameter):
                others = {} if isinstance(kind.rule, ExactlyOne) else first
                yield kind_name, {**others, parameter.name: value}


@pytest.fixture(params=list(examples()), ids=str)
def fault(request: pytest.FixtureRequest) -> Fault:
    kind, parameters = request.param
    return with_leader(FaultEvent(0, 1, 2, FAULTS[kind].draw(NODES, Random(3), **parameters)), "n2").fault


def test_its_name_is_that_of_its_kind_and_begins_its_words(fault: Fault) -> None:
    assert FAULTS[name(fault)] is type(fault)
    assert fault.describe().startswith(name(fault))
    assert "\n" not in fault.describe()


def test_it_comes_back_from_the_history(fault: Fault) -> None:
    event = FaultEvent(3, 5, None, fault)
    assert from_value(json.loads(json.dumps(to_value(event)))) == event


def test_it_is_what_an_entry_with_its_own_parameters_draws(fault: Fault) -> None:
    assert type(fault).draw(NODES, Random(99), **fault.parameters_of_entry()) == fault


def test_no_leader_is_left_when_it_has_begun(fault: Fault) -> None:
    assert LEADER not in json.dumps(to_value(FaultEvent(0, 1, 2, fault)))
    assert fault.with_leader("n1") == fault


def links_hit(fault: Fault) -> list[tuple[str, str]]:
    return [link for link in LINKS if (fault.reaches_clients or "c0" not in link) and hits(fault, *link)]


def is_disturbed(fault: Fault, source: str, destination: str) -> bool:
    return "c0" not in (source, destination) and disturbance([fault], source, destination) != Disturbance()


def test_it_does_something_and_hits_a_link(fault: Fault) -> None:
    assert links_hit(fault)
    assert any(effect([fault]) for effect in EFFECTS) or any(is_disturbed(fault, *link) for link in LINKS)


def test_it_hits_exactly_the_links_on_which_it_does_something(fault: Fault) -> None:
    stopped = down([fault]) | paused([fault]) | excluded([fault])
    for source, destination in LINKS:
        if fault.reaches_clients or "c0" not in (source, destination):
            does = (source, destination) in refused([fault]) or destination in stopped
            does = does or is_disturbed(fault, source, destination)
            assert hits(fault, source, destination) == does, (source, destination)


def test_other_names_change_nothing_else_and_without_nodes_it_hits_none(fault: Fault) -> None:
    names = (*NODES, "c0")
    assert fault.renamed(dict(zip(names, names, strict=True))) == fault
    others = (*reversed(NODES), "c1")
    moved = fault.renamed(dict(zip(names, others, strict=True)))
    assert moved is not None
    assert moved.renamed(dict(zip(others, names, strict=True))) == fault
    assert fault.renamed({}) in (None, fault), "one that names no nodes hits all that are left"


def test_alone_it_is_of_its_kind_and_hits_one_node(fault: Fault) -> None:
    lone = fault.alone("n3")
    if lone is not None:
        assert type(lone) is type(fault)
        assert links_hit(lone)
        assert all("n3" in link for link in links_hit(lone))
        assert not isinstance(lone, NodeFault) or lone.nodes == ("n3",)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_joined_fault_does_what_both_do(fault: Fault, kind: str) -> None:
    parameters = next(parameters for other, parameters in examples() if other == kind)
    other = FAULTS[kind].draw(NODES, Random(1), **parameters)
    joined = fault.joined(other)
    if joined is not None:
        for effect in EFFECTS:
            assert effect([joined]) == effect([fault, other])
        for source, destination in LINKS:
            if "c0" not in (source, destination):
                both = disturbance([fault, other], source, destination)
                assert disturbance([joined], source, destination) == both


def test_what_it_says_of_nodes_is_about_nodes_of_the_cluster(fault: Fault) -> None:
    assert {state.node for state in fault.states(NODES)} <= set(NODES)
