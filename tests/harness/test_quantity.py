"""Durations and sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.harness.quantity import LONGEST, format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "ns"),
    [("5ms", 5_000_000), ("1.5us", 1500), ("0s", 0), ("2h", 7_200_000_000_000), ("1 m", 60_000_000_000), ("7ns", 7)],
)
def test_durations_have_units(text, ns):
    assert parse_duration(text) == ns


@pytest.mark.parametrize("text", ["5", "ms", "-5ms", "5 parsecs", "0.5ns", "1e3s", "", "9999999999h", "5ms5us", "５ms"])
def test_what_is_not_so_many_nanoseconds_is_no_duration(text):
    assert parse_duration(text) is None


def test_sizes_have_units():
    assert (parse_size("1GiB"), parse_size("1.5KiB"), parse_size("1GB"), parse_size("5")) == (1 << 30, 1536, None, None)


@given(st.integers(0, LONGEST))
def test_what_is_written_reads_back_exactly(amount):
    assert parse_duration(format_duration(amount)) == amount
    assert parse_size(format_size(amount)) == amount


@pytest.mark.parametrize(("ns", "text"), [(0, "0s"), (1_500_000_000, "1500ms"), (60_000_000_000, "1m"), (7, "7ns")])
def test_durations_are_written_in_the_largest_unit_that_is_exact(ns, text):
    assert format_duration(ns) == text
