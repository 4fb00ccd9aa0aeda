"""Which nodes a target hits."""

from __future__ import annotations

from random import Random

import pytest

from clew.nemesis.target import choose

FIVE = ("n1", "n2", "n3", "n4", "n5")


@pytest.mark.parametrize(
    ("size", "target", "hit"),
    [
        (5, "one", 1), (5, "minority", 2), (5, "majority", 3), (5, "all", 5),
        (4, "minority", 1), (4, "majority", 3), (1, "all", 1), (1, "majority", 1), (3, "minority", 1),
    ],
)  # fmt: skip
def test_a_target_hits_as_many_as_it_says_and_over_time_all_of_them(size, target, hit):
    draws = [choose(target, FIVE[:size], Random(seed)) for seed in range(100)]
    assert all(len(nodes) == hit and list(nodes) == sorted(set(nodes)) for nodes in draws)
    assert {node for nodes in draws for node in nodes} == set(FIVE[:size])


def test_named_nodes_are_hit_as_named():
    assert choose(("n4", "n2"), FIVE, Random(1)) == ("n4", "n2")


def test_two_nodes_have_no_minority():
    with pytest.raises(ValueError, match="no minority"):
        choose("minority", FIVE[:2], Random(1))
