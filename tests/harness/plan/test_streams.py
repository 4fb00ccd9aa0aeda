"""Random streams by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from clew.harness.plan.streams import Streams, threshold, uniform


def test_a_second_call_for_a_stream_goes_on_where_it_was():
    streams = Streams(1)
    assert streams.get("a") is streams.get("a")


def test_a_stream_depends_on_seed_and_name_alone():
    alone = Streams(1).get("net/n1>n2").random()
    crowded = Streams(1)
    crowded.get("net/n2>n1").random()
    assert crowded.get("net/n1>n2").random() == alone
    assert len({alone, Streams(2).get("net/n1>n2").random(), crowded.get("net/n1>n3").random()}) == 3


def test_a_stream_is_the_same_in_another_process_and_forever():
    program = "from clew.harness.plan.streams import Streams; print(Streams(7).get('workload/3').random())"
    for hash_seed in ("0", "1"):
        run = subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == "0.5652374502936827"


def test_words_depend_on_the_whole_name_wherever_prefix_and_suffix_meet():
    words = Streams(7).words("net/n1>n2/Prepare/")
    others = [words(b"50/1"), words(b"51/0"), Streams(8).words("net/n1>n2/Prepare/")(b"50/0")]
    four = words(b"50/0")
    assert four == Streams(7).words("net/n1>n2/")(b"Prepare/50/0") == Streams(7).words("net/n1>n2/Prepare/50/0")(b"")
    assert four not in others
    assert [uniform(word) for word in four] == [
        0.06644646165187795,
        0.5969385066812075,
        0.5883531336067458,
        0.3424445170956547,
    ]


@pytest.mark.parametrize("chance", [0.0, 2.0**-60, 0.01, 0.2, 1 / 3, 0.5, 1 - 2.0**-53, 1.0])
def test_a_threshold_says_the_same_as_the_chance(chance: float):
    at = threshold(chance)
    for word in {0, at - (1 << 11), at - 1, at, at + 1, 2**64 - 1}:
        if 0 <= word < 2**64:
            assert (word < at) == (uniform(word) < chance)
