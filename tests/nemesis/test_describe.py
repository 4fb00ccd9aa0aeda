"""Faults in words, and as values in a history."""

from __future__ import annotations

import json

import msgspec
import pytest

from clew.nemesis import Constant, Exponential, FaultEvent, Normal, Uniform
from clew.nemesis.crash import Crash
from clew.nemesis.fault import name, to_value
from clew.nemesis.faults import from_value
from clew.nemesis.network import BadNetwork
from clew.nemesis.partition import Partition
from clew.nemesis.pause import Pause

FAULTS = [
    (Partition({"n1": ("n3",), "n2": ("n3",), "n3": ("n1", "n2")}), "partition n1 n2 | n3"),
    (Partition({"n1": ("n3", "n2"), "n2": ("n3",)}), "partition n1 deaf to n3 n2, n2 deaf to n3"),
    (Partition({"n1": ("c0",)}), "partition n1 deaf to c0"),
    (Crash(("n1", "n3")), "crash n1 n3"),
    (Pause(("n2",)), "pause n2"),
    (BadNetwork(drop=0.5), "network: drop 0.5"),
    (BadNetwork(duplicate=0.1, reorder=1.0, delay=Constant(20_000_000), nodes=("n2",)),
     "network of n2: duplicate 0.1, reorder 1, delay 20ms"),
    (BadNetwork(delay=Exponential(1_500_000_000)), "network: delay exponential 1.5s"),
    (BadNetwork(delay=Uniform(1_000, 9_000)), "network: delay uniform 1us to 9us"),
    (BadNetwork(delay=Normal(4_837_261, 10)), "network: delay normal 4.837ms ± 10ns"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_a_fault_describes_itself_and_begins_with_its_name(fault, words):
    assert fault.describe() == words
    assert words.startswith(name(fault))


@pytest.mark.parametrize("fault", [fault for fault, _ in FAULTS])
@pytest.mark.parametrize("until", [None, 17])
def test_a_fault_comes_back_from_the_json_of_the_history(fault, until):
    event = FaultEvent(3, 5, until, fault)
    assert from_value(json.loads(json.dumps(to_value(event)))) == event


def test_a_value_that_is_no_fault_is_refused():
    with pytest.raises(msgspec.ValidationError):
        from_value({"number": 1, "at": 0, "until": None, "fault": {"type": "flood"}})
