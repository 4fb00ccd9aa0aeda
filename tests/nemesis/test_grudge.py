"""Every kind of partition cuts clusters of every size, in many draws, as its name says."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from clew.nemesis.grudge import KINDS, Grudge, nodes_needed, split

SIZES = range(1, 10)
DRAWS = range(60)


def cluster(size: int) -> list[str]:
    return [f"n{i}" for i in range(1, size + 1)]


def hears(grudge: Grudge, nodes: list[str]) -> dict[str, set[str]]:
    return {node: set(nodes) - set(grudge.get(node, ())) for node in nodes}


def draws(kind: str):
    for size in SIZES:
        if size >= nodes_needed(kind):
            for seed in DRAWS:
                nodes = cluster(size)
                yield nodes, hears(split(kind, nodes, Random(seed)), nodes)


def sides(heard: dict[str, set[str]]) -> list[set[str]]:
    """The components, if who hears whom is an equivalence."""
    distinct = [set(side) for side in {frozenset(side) for side in heard.values()}]
    assert sum(map(len, distinct)) == len(heard), "the sides overlap"
    return sorted(distinct, key=len)


@pytest.mark.parametrize("kind", KINDS)
def test_every_node_hears_itself_and_somebody_is_cut_off(kind):
    for nodes, heard in draws(kind):
        assert all(node in heard[node] for node in nodes)
        assert any(len(heard[node]) < len(nodes) for node in nodes)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "one-way"])
def test_all_kinds_but_one_way_cut_both_ways(kind):
    for nodes, heard in draws(kind):
        assert all((a in heard[b]) == (b in heard[a]) for a, b in combinations(nodes, 2))


def test_halves_are_two_sides_of_equal_size_or_one_more():
    for nodes, heard in draws("halves"):
        assert [len(side) for side in sides(heard)] == [len(nodes) // 2, (len(nodes) + 1) // 2]


def test_a_majority_partition_leaves_a_majority_together_and_cuts_off_minorities_of_every_size():
    sizes: dict[int, set[int]] = {}
    for nodes, heard in draws("majority"):
        minority, majority = sides(heard)
        assert len(majority) > len(nodes) / 2
        sizes.setdefault(len(nodes), set()).add(len(minority))
    assert sizes[5] == {1, 2}
    assert sizes[7] == {1, 2, 3}


def test_one_is_alone():
    for nodes, heard in draws("one"):
        assert sum(len(side) == 1 for side in heard.values()) == (2 if len(nodes) == 2 else 1)


def test_in_a_majority_ring_each_sees_a_majority_and_no_two_the_same():
    for nodes, heard in draws("majority-ring"):
        assert all(len(side) > len(nodes) / 2 for side in heard.values())
        assert len({frozenset(side) for side in heard.values()}) == len(nodes)


def test_a_bridge_is_the_only_node_that_sees_both_halves():
    for nodes, heard in draws("bridge"):
        (bridge,) = [node for node in nodes if len(heard[node]) == len(nodes)]
        halves = sides({node: side - {bridge} for node, side in heard.items() if node != bridge})
        assert [len(half) for half in halves] == [(len(nodes) - 1) // 2, len(nodes) // 2]


def test_one_way_mutes_some_who_still_hear_everybody():
    for nodes, heard in draws("one-way"):
        muted = {node for node in nodes if len(heard[node]) == len(nodes)}
        assert 0 < len(muted) < len(nodes)
        assert all(heard[node] == set(nodes) - muted for node in nodes if node not in muted)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cluster_that_is_too_small_is_refused(kind):
    with pytest.raises(ValueError, match=f"{kind} needs"):
        split(kind, cluster(nodes_needed(kind) - 1), Random(1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_partition_is_a_function_of_its_random_numbers_and_written_in_the_order_of_the_nodes(kind):
    nodes = cluster(9)
    grudge = split(kind, nodes, Random(5))
    assert split(kind, nodes, Random(5)) == grudge
    assert list(grudge) == [node for node in nodes if node in grudge]
    assert all(list(sources) == [node for node in nodes if node in sources] for sources in grudge.values())
    assert all(sources for sources in grudge.values())
