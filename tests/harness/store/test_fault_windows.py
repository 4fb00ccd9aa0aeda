"""Faults as windows of time: clew's own, which carry themselves, and those of other tools, which are pairs of names."""

from __future__ import annotations

from typing import Any

from clew.harness.store.fault_windows import fault_windows, nemesis_event_text
from clew.histories import NEMESIS, Event, History
from clew.nemesis import FaultEvent
from clew.nemesis.crash import Crash
from clew.nemesis.fault import to_value
from clew.nemesis.network import BadNetwork
from clew.nemesis.partition import Partition

CUT = Partition({"n1": ("n2",), "n2": ("n1",)})


def history(*events: tuple[int, str, Any]) -> History:
    """Events of the nemesis, and an operation that ends at 100."""
    told = [Event(0, 0, 0, "invoke", "read")]
    told += [Event(n, time, NEMESIS, "info", f, None, value) for n, (time, f, value) in enumerate(events, start=1)]
    told.append(Event(len(told), 100, 0, "ok", "read"))
    return History.of(told)


def found(*events: tuple[int, str, Any]) -> list[tuple[int, int, str, str]]:
    return [(window.start, window.end, window.kind, window.words) for window in fault_windows(history(*events))]


def test_a_fault_lasts_from_its_start_to_its_stop_however_others_overlap() -> None:
    cut, crash = (to_value(FaultEvent(n, 0, None, fault)) for n, fault in enumerate((CUT, Crash(("n3",)))))
    assert found(
        (10, "start-partition", cut), (20, "start-crash", crash), (30, "stop-partition", cut), (40, "stop-crash", crash)
    ) == [(10, 30, "partition", "partition n1 | n2"), (20, 40, "crash", "crash n3")]


def test_two_of_one_kind_are_told_apart_by_their_number() -> None:
    one, two = (to_value(FaultEvent(n, 0, None, CUT)) for n in (4, 5))
    spans = found(
        (10, "start-partition", one),
        (20, "start-partition", two),
        (30, "stop-partition", two),
        (50, "stop-partition", one),
    )
    assert [(start, end) for start, end, _, _ in spans] == [(10, 50), (20, 30)]


def test_what_nothing_ends_lasts_until_the_last_event() -> None:
    fault = to_value(FaultEvent(0, 0, None, BadNetwork(drop=0.5)))
    assert found((10, "start-network", fault)) == [(10, 100, "network", "network: drop 0.5")]
    assert found((10, "kill", ["n1"])) == [(10, 100, "kill", 'kill ["n1"]')]
    assert [
        window.ended for window in fault_windows(history((10, "kill", None), (20, "pause", None), (30, "resume", None)))
    ] == [
        False,
        True,
    ]


def test_a_stop_without_a_start_is_no_window() -> None:
    assert found((10, "stop-partition", to_value(FaultEvent(0, 0, None, CUT)))) == []
    assert found((10, "stop", None)) == []
    assert found((10, "note", "hello")) == []


def test_names_of_other_tools_are_paired_by_what_ends_what() -> None:
    # Jepsen writes each action twice: as it begins, and as it is done.
    assert found((10, "start", None), (12, "start", "cut"), (30, "stop", None), (32, "stop", "healed")) == [
        (10, 30, "start", "start")
    ]
    assert [
        w[:3] for w in found((10, "kill", None), (20, "pause", None), (30, "resume", None), (40, "restart", None))
    ] == [(10, 40, "kill"), (20, 30, "pause")]


def test_an_event_in_words_is_its_fault_or_its_value() -> None:
    told = (
        history((10, "start-crash", to_value(FaultEvent(0, 0, None, Crash(("n1", "n2")))))),
        history((10, "kill", "n1")),
    )
    assert [nemesis_event_text(one.event(1)) for one in told] == ["crash n1 n2", '"n1"']


def test_what_a_terminal_would_obey_is_written_out() -> None:
    ((_, _, kind, words),) = found((10, "start-\x1b[2J", "\x1b[1m"))
    assert "\x1b" not in kind + words
