"""The diagram: what it keeps if there is little room, and how it names clients and faults."""

from __future__ import annotations

import pytest

from clew.histories import Event, History
from clew.histories.diagram import Interval, Point, diagram

CHAIN: list[Event] = []
"""Five clients count up one after the other, each while all others wait; the sixth reads what was long replaced."""
for client in range(5):
    CHAIN.append(Event(client, client, client, "invoke", "cas", None, [client, client + 1]))
for client in range(5):
    CHAIN.append(Event(5 + client, 10 + client, client, "ok", "cas", None, [client, client + 1]))
CHAIN += [Event(10, 20, 5, "invoke", "read"), Event(11, 21, 5, "ok", "read", None, 3)]


def drawn(events: list[Event], width: int, faults: tuple[Interval, ...] = (), **options: object) -> list[str]:
    past = History.of(events)
    found = diagram(past, range(len(past.operations)), width=width, faults=faults, **options)  # type: ignore[arg-type]
    return ["".join(span.text for span in line) for line in found]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("fault", [False, True])
def test_no_client_of_the_counterexample_is_left_out(width: int, fault: bool) -> None:
    faults = (Interval(5, 21, "partition of everybody from everybody", False),) if fault else ()
    lines = drawn(CHAIN, width, faults, counterexample=frozenset(range(6)), stuck=11)
    text = "\n".join(lines)
    for client in range(6):
        assert f"client {client}" in text
    assert text.count("┏") == 6
    assert [line.rstrip(" ▒").split()[-1] for line in lines if "✗" in line] == ["3"]
    assert max(map(len, lines)) <= width


def test_other_clients_make_room_and_the_last_line_says_so() -> None:
    lines = drawn(CHAIN, 40, counterexample=frozenset({5}), stuck=11)
    assert "client 5" in lines[0]
    assert lines[-1] == "5 more clients do not fit in 40 columns"


def test_a_hundred_clients_stand_in_one_column() -> None:
    events = [Event(n, n, n, "invoke", "write", None, n) for n in range(100)]
    events += [Event(100 + n, 100 + n, n, "ok", "write", None, n) for n in range(100)]
    lines = drawn(events, 80, counterexample=frozenset(range(100)))
    assert len(lines) == 200
    assert lines[99].split() == ["99", "ns", "client", "99", "┏", "write", "99"]


@pytest.mark.parametrize("width", [3, 10, 17, 18, 19, 25, 33, 34, 35, 36])
@pytest.mark.parametrize("fault", [False, True])
def test_the_narrowest_terminals_get_what_fits(width: int, fault: bool) -> None:
    faults = (Interval(5, 21, "partition of everybody from everybody", False),) if fault else ()
    lines = drawn(CHAIN, width, faults, counterexample=frozenset(range(6)), stuck=11)
    assert max(map(len, lines)) <= width
    assert any("✗" in line for line in lines)


def test_an_unended_fault_has_no_end() -> None:
    ended, lasting = (drawn(CHAIN, 120, (Interval(5, 12, "kill", ended),)) for ended in (True, False))
    assert any("end of kill" in line for line in ended)
    assert not any("end of kill" in line for line in lasting)
    assert "▒" in lasting[-2]


def test_a_failed_operation_saw_a_state_and_took_no_effect() -> None:
    events = [
        Event(0, 0, 0, "invoke", "cas", None, [1, 2]),
        Event(1, 2, 0, "fail", "cas", None, [1, 2], "mismatch"),
        Event(2, 3, 0, "invoke", "write", None, 4),
        Event(3, 5, 0, "ok", "write", None, 4),
    ]
    words = " ".join(drawn(events, 80, points={0: Point(1, "3"), 1: Point(4, "4")}))
    assert "◇ saw 3" in words
    assert "◆ = 4" in words


def test_a_column_names_its_client_and_the_processes_that_are_in_it() -> None:
    events = [
        Event(0, 0, 0, "invoke", "f"),
        Event(1, 0, 1, "invoke", "f"),
        Event(2, 1, 0, "info", "f"),
        Event(3, 2, 2, "invoke", "g"),
        Event(4, 3, 2, "ok", "g"),
        Event(5, 4, 1, "ok", "f"),
    ]
    past = History.of(events)
    (head, *_) = ("".join(span.text for span in line) for line in diagram(past, [1, 2], width=80))
    assert "client 0 (process 2)" in head
    head, below, *_ = ("".join(span.text for span in line) for line in diagram(past, [0, 1, 2], width=52))
    assert head.split() == ["client", "0", "client", "1"]
    assert below.strip() == "processes 0, 2"
