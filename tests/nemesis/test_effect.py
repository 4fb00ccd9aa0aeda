"""What overlapping faults add up to."""

from __future__ import annotations

import pytest

from clew.nemesis import Constant, Disturbance, Exponential, disturbance, down, paused, refused
from clew.nemesis.crash import Crash
from clew.nemesis.disturbance import either
from clew.nemesis.network import BadNetwork
from clew.nemesis.partition import Partition
from clew.nemesis.pause import Pause


def test_nothing_is_wrong_without_faults():
    assert refused([]) == down([]) == paused([]) == frozenset()
    assert disturbance([], "n1", "n2") == Disturbance()


def test_a_grudge_refuses_what_comes_from_its_sources_and_nothing_else():
    assert refused([Partition({"n1": ("n2", "c0")})]) == {("n2", "n1"), ("c0", "n1")}


def test_partitions_and_crashes_add_up_and_one_that_heals_leaves_the_other():
    first, second = Partition({"n1": ("n2",)}), Partition({"n1": ("n2", "n3")})
    assert refused([first, second]) == {("n2", "n1"), ("n3", "n1")}
    assert refused([second]) == refused([first, second])
    assert down([Crash(("n1", "n2")), first, Crash(("n2",))]) == {"n1", "n2"}


def test_nodes_that_stand_still_are_not_down() -> None:
    active = [Pause(("n1", "n2")), Crash(("n3",)), Pause(("n2",))]
    assert paused(active) == {"n1", "n2"}
    assert down(active) == {"n3"}


def test_losses_are_independent_and_delays_add_up():
    active = [BadNetwork(drop=0.5, delay=Constant(3)), BadNetwork(drop=0.5, duplicate=0.1, delay=Exponential(5))]
    assert disturbance(active, "n1", "n2") == Disturbance(0.75, 0.1, 0.0, (Constant(3), Exponential(5)))


@pytest.mark.parametrize(("link", "drop"), [(("n1", "n2"), 0.5), (("n2", "n1"), 0.5), (("n2", "n3"), 0.0)])
def test_a_network_fault_of_some_nodes_hits_the_links_that_have_one_of_them_at_either_end(link, drop):
    assert disturbance([BadNetwork(drop=0.5, nodes=("n1",))], *link).drop == drop


@pytest.mark.parametrize("chance", [0.0, 0.1, 0.3, 1.0])
def test_a_chance_combined_with_zero_does_not_change(chance):
    assert either(0.0, chance) == either(chance, 0.0) == chance
