"""Times in few digits, and in enough of them to tell what came first."""

from __future__ import annotations

import random

import pytest

from clew.histories.event import Event
from clew.histories.history import History
from clew.histories.rounding import Moments, exact, rounding


@pytest.mark.parametrize(
    ("ns", "last", "text"),
    [
        (11_610_154_000, 18_700_000_000, "11.610 s"), (3_200_000_000, 2_000_000_000_000, "3.200 s"),
        (121_597_000, 400_000_000, "121.6 ms"), (1, 400_000_000, "0.0 ms"), (38_123, 58_000, "38.12 us"),
        (17, 100, "17 ns"), (999_999_999, 18_000_000_000, "1.000 s"), (0, 0, "0 ns"), (-1_500, 58_000, "-1.50 us"),
        (1_700_000_000_123_456_789, 1_700_000_009_000_000_000, "1700000000.123 s"),
    ],
)  # fmt: skip
def test_a_time_is_rounded_to_what_matters_in_its_run(ns: int, last: int, text: str) -> None:
    assert rounding(last).text(ns) == text


def test_a_beginning_and_an_end_that_differ_look_different() -> None:
    found = rounding(18_000_000_000, [(11_610_154_000, 0)], [(11_610_153_000, 1)])
    assert [found.text(11_610_154_000), found.text(11_610_153_000)] == ["11.610154 s", "11.610153 s"]


def test_two_beginnings_may_look_equal() -> None:
    found = rounding(121_597_000, [(0, 0), (1, 1)], [(121_597_000, 0)])
    assert [found.text(time) for time in (0, 1, 121_597_000)] == ["0.00 ms", "0.00 ms", "121.60 ms"]


def test_an_end_and_the_next_beginning_of_one_client_may_look_equal() -> None:
    begun, over = [(4_033_462, 0), (1_000, 0)], [(4_033_461, 0), (9_000_000, 0)]
    assert rounding(2_000_000_000, begun, over).text(4_033_462) == "0.0040 s"
    assert rounding(2_000_000_000, [(4_033_462, 1)], over).text(4_033_462) == "4.033462 ms"
    assert rounding(2_000_000_000, [(4_033_462, 0)], [(4_033_463, 0)]).text(4_033_462) == "4.033462 ms"


def test_times_that_are_short_for_their_run_have_a_unit_of_their_own() -> None:
    found = rounding(2_000_000_000, [(1, 0)], [(0, 1), (20, 2)])
    assert [found.text(time) for time in (0, 1, 20)] == ["0 ns", "1 ns", "20 ns"]
    assert rounding(2_000_000_000, [(1_900_000_001, 0)], [(1_900_000_000, 1)]).text(1_900_000_000) == "1.900000000 s"


def test_zeros_that_say_nothing_are_left_out() -> None:
    assert rounding(9_000_000_000, [(100_000_000, 0)], [(2_000_000_000, 0)]).text(2_000_000_000) == "2.0 s"
    assert rounding(9_000_000_000, [(1_000_000_000, 0)], [(2_000_000_000, 0)]).text(2_000_000_000) == "2 s"


def test_rounded_times_keep_the_order_of_beginnings_and_ends() -> None:
    rng = random.Random(5)
    for _ in range(500):
        last = 10 ** rng.randrange(1, 13)
        times = [rng.randrange(last) if rng.random() < 0.5 else rng.randrange(min(last, 50)) for _ in range(8)]
        begun, over = times[:4], times[4:]
        found = rounding(last, [(time, 0) for time in begun], [(time, 1) for time in over])
        for start in begun:
            for end in over:
                assert (start < end, start > end) == (
                    found.of(start) < found.of(end), found.of(start) > found.of(end)
                ), (last, start, end)  # fmt: skip


def test_exact_times_have_every_digit_that_is_not_zero() -> None:
    assert exact(18_000_000_000, [11_610_154_321]).text(11_610_154_321) == "11.610154321 s"
    assert exact(18_000_000_000, [11_610_000_000]).text(11_610_000_000) == "11.61 s"


def test_moments_of_a_history_without_times_are_events() -> None:
    events = [Event(0, 0, 0, "invoke", "read", None, None), Event(1, 7_500_000, 0, "ok", "read", None, 1)]
    timed = History.of(events)
    assert [Moments(timed, [0]).of(row) for row in (0, 1)] == ["0.0 ms", "7.5 ms"]
