"""Counts, rates and quantiles, against counting by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clew.histories import Event, History
from clew.histories.codecs import read, write
from clew.histories.statistics import quantiles, statistics

MS = 1_000_000


def ten() -> History:
    """Ten operations of 1 to 10 ms, one after another, the last of unknown outcome."""
    events = []
    time = 0
    for n in range(1, 11):
        events.append(Event(len(events), time, 0, "invoke", "read"))
        time += n * MS
        events.append(Event(len(events), time, 0, "ok" if n < 10 else "info", "read"))
    return History.of(events)


def test_quantiles_are_latencies_that_occurred() -> None:
    assert quantiles(np.array([1.0, 2.0, 3.0, 4.0])) == (3.0, 4.0, 4.0, 4.0)
    assert quantiles(np.array([])) is None


def test_everything_is_counted_and_unknown_outcomes_have_no_latency() -> None:
    found = statistics(ten()).all
    assert (found.operations, found.ok, found.fail, found.info) == (10, 9, 0, 1)
    assert found.unknown == pytest.approx(0.1)
    assert found.rate == pytest.approx(10 / 0.055)
    assert found.latency == (5.0, 9.0, 9.0, 9.0)


def test_windows_of_one_kind_count_together_and_the_rest_is_no_fault() -> None:
    windows = [("crash", 0, 1 * MS), ("crash", 3 * MS, 6 * MS), ("partition", 0, 2 * MS)]
    found = statistics(ten(), windows)
    counts = {name: part.operations for name, part in found.by_kind.items()}
    # They begin at 0, 1, 3, 6, ... ms.
    assert counts == {"crash": 2, "partition": 2, "no fault": 7}
    assert found.by_kind["no fault"].rate == pytest.approx(7 / (0.055 - 0.005))
    each = [(part.name, part.numbers.operations, part.numbers.rate) for part in found.by_window]
    assert each == [("crash", 1, 1000.0), ("crash", 1, pytest.approx(1 / 0.003)), ("partition", 2, 1000.0)]


def test_an_interval_limits_windows_and_rates() -> None:
    # Operations begin at 0, 1, 3, 6, 10, 15, ... ms; those from 3 to 10 ms are looked at.
    windows = [("crash", 0, 1 * MS), ("crash", 2 * MS, 7 * MS), ("partition", 9 * MS, 40 * MS)]
    found = statistics(ten(), windows, np.array([2, 3, 4]), (3 * MS, 10 * MS))
    assert found.all.rate == pytest.approx(3 / 0.007)
    assert found.by_kind["crash"].rate == pytest.approx(2 / 0.004)
    assert found.by_kind["partition"].rate == pytest.approx(1 / 0.001)
    assert found.by_kind["no fault"].operations == 0
    assert [(part.name, part.start) for part in found.by_window] == [("crash", 2 * MS), ("partition", 9 * MS)]


def test_without_times_there_are_no_rates_and_no_latencies(tmp_path: Path) -> None:
    (tmp_path / "h.txt").write_text("0\t:invoke\t:read\tnil\n0\t:ok\t:read\tnil\n")
    past = read(tmp_path / "h.txt")
    assert not past.clock
    found = statistics(past, [("kill", 0, 2)])
    for part in (found.all, found.by_f["read"], found.by_kind["kill"], found.by_window[0].numbers):
        assert (part.ok, part.rate, part.latency) == (1, None, None)
    with (tmp_path / "h.jsonl").open("wb") as stream:
        write(past, stream)
    assert not read(tmp_path / "h.jsonl").clock, "it is still without one in another format"
