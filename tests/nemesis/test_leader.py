"""A fault that names the leader hits the node that leads when it begins, and no other."""

from __future__ import annotations

from random import Random

from clew.nemesis import Constant, FaultEvent
from clew.nemesis.crash import Crash
from clew.nemesis.fault import Fault
from clew.nemesis.grudge import split
from clew.nemesis.leader import LEADER, with_leader
from clew.nemesis.network import BadNetwork
from clew.nemesis.partition import Partition
from clew.nemesis.pause import Pause
from clew.nemesis.target import choose

NODES = ("n1", "n2", "n3")


def hit(fault: Fault, leader: str) -> Fault:
    return with_leader(FaultEvent(0, 10, 20, fault), leader).fault


def test_a_crash_of_the_leader_is_a_crash_of_that_node() -> None:
    assert hit(Crash(choose("leader", NODES, Random(0))), "n2") == Crash(("n2",))


def test_a_pause_of_the_leader_is_a_pause_of_that_node() -> None:
    assert hit(Pause.draw(NODES, Random(0), target="leader"), "n3") == Pause(("n3",))


def test_a_partition_of_the_leader_leaves_it_alone_and_the_others_together() -> None:
    cut = hit(Partition(split("leader", NODES, Random(0))), "n2")
    assert cut == Partition({"n1": ("n2",), "n2": ("n1", "n3"), "n3": ("n2",)})


def test_a_bad_network_around_the_leader_is_around_that_node() -> None:
    fault = hit(BadNetwork(drop=0.5, delay=Constant(7), nodes=(LEADER,)), "n3")
    assert fault == BadNetwork(drop=0.5, delay=Constant(7), nodes=("n3",))


def test_other_faults_stay_as_they_are() -> None:
    for fault in (Crash(("n1",)), BadNetwork(drop=0.5), Partition({"n1": ("n2",)})):
        assert hit(fault, "n2") == fault
