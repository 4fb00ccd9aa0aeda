"""A violation is found when it happens, not at the end of the test."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

import checkers.online
from checkers import Online, check
from histories import Event, History
from tests.checkers import small


def test_a_stale_read_stops_the_run_at_its_completion() -> None:
    online = Online("cas-register")
    events = []
    for value in range(200):
        events += [Event(0, value, 0, "invoke", "write", 7, value), Event(0, value, 0, "ok", "write", 7, value)]
    events += [Event(0, 300, 1, "invoke", "read", 7), Event(0, 301, 1, "ok", "read", 7, 3)]
    events = [Event(i, e.time, e.process, e.type, e.f, e.key, e.value) for i, e in enumerate(events)]
    assert all(online.feed(event) is None for event in events[:-1])
    verdict = online.feed(events[-1])
    assert verdict is not None
    assert verdict.verdict == "invalid"
    assert verdict.partitions[0].stuck == len(events) - 1


def test_a_run_is_stopped_at_the_first_completion_that_makes_its_beginning_impossible() -> None:
    rng = random.Random(8)
    stops = 0
    for _ in range(300):
        events = list(small.register_history(rng, 8).events())
        online = Online("cas-register")
        stop = next((count for count, event in enumerate(events, start=1) if online.feed(event)), None)
        # A failure says what did not happen, and can be the last straw, but is no completion of an observation.
        assert stop is not None or check(History.of(events)).verdict == (
            "valid" if online.finish() is None else "invalid"
        )
        if stop is not None:
            assert check(History.of(events[:stop])).verdict == "invalid"
            assert check(History.of(events[: stop - 1])).verdict == "valid" or events[stop - 2].type == "fail"
            stops += 1
    assert stops > 30


def completed(history: History) -> list[Event]:
    """Its events, and a completion of unknown outcome for what has none, soon after its call."""
    events = list(history.events())
    done = {event.process for event in events if event.type != "invoke"}
    lost = [replace(e, type="info", time=e.time + 2) for e in events if e.process not in done]
    return [replace(e, index=i) for i, e in enumerate(sorted([*events, *lost], key=lambda event: event.time))]


def test_what_is_forgotten_is_neither_missed_nor_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of histories longer than the window, the stop is that of a check of every beginning, and asked for only there."""
    asked: list[bool] = []
    evidence = Online._evidence
    monkeypatch.setattr(Online, "_evidence", lambda online: asked.append(True) or evidence(online))
    rng = random.Random(9)
    stops = forgotten = 0
    for _ in range(120):
        events = completed(small.register_history(rng, 30))
        reads = [event for event in events if (event.type, event.f) == ("ok", "read")]
        if reads and rng.random() < 0.7:
            wrong = rng.choice(reads)
            events[wrong.index] = replace(wrong, value=rng.randrange(3))
        online = Online("cas-register")
        stop = next((count for count, event in enumerate(events, start=1) if online.feed(event)), None)
        ends = [count for count in range(1, len(events) + 1) if events[count - 1].type != "invoke"]
        first = next((count for count in ends if check(History.of(events[:count])).verdict == "invalid"), None)
        assert stop == first
        stops += stop is not None
        forgotten += any(2 * len(key._window) < len(key._past) for key in online._keys.values())
    assert 30 < stops < 90
    assert len(asked) == stops
    assert forgotten > 30


def test_a_long_run_is_looked_at_through_a_small_window() -> None:
    online, events = Online("counter"), []
    for number in range(700):
        process = number % 3
        add = Event(2 * number, 10 * number, process, "invoke", "add-and-get", None, 1)
        events += [add, replace(add, index=2 * number + 1, time=10 * number + 5, type="ok", value=number + 1)]
    events[-1] = replace(events[-1], value=699)
    for event in events[:-1]:
        assert online.feed(event) is None
    assert all(len(key._window) < 10 for key in online._keys.values())
    verdict = online.feed(events[-1])
    assert verdict is not None
    assert verdict.partitions[0].stuck == len(events) - 1


def test_where_too_much_is_open_the_whole_history_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of ten lost additions may have happened at any time: a thousand configurations, more than there is room."""
    monkeypatch.setattr(checkers.online, "_BYTES", 1 << 18)
    online = Online("counter")
    story = [(process, kind, "add", 1 << process) for process in range(10) for kind in ("invoke", "info")]
    story += [(10, "invoke", "read", None), (10, "ok", "read", 0), (10, "invoke", "read", None), (10, "ok", "read", 5)]
    story += [(10, "invoke", "read", None), (10, "ok", "read", 4)]
    events = [Event(i, i, process, kind, f, None, value) for i, (process, kind, f, value) in enumerate(story)]
    assert all(online.feed(event) is None for event in events[:-1])
    assert not any(key._streams for key in online._keys.values())
    assert online.feed(events[-1]) is not None


def test_what_check_accepts_is_no_mistake_where_the_past_is_forgotten() -> None:
    """A process of unknown outcome that says so twice; a call written before the return of the same time."""
    twice = [(0, "invoke", "read", None), (0, "info", "read", None), (1, "invoke", "write", 1), (1, "ok", "write", 1)]
    twice += [(1, "invoke", "write", 2), (1, "ok", "write", 2), (0, "info", "read", None)]
    twice += [(1, "invoke", "write", 3), (1, "ok", "write", 3)]
    events = [Event(i, i, process, kind, f, None, value) for i, (process, kind, f, value) in enumerate(twice)]
    assert check(History.of(events)).verdict == "valid"
    online = Online("cas-register")
    assert all(online.feed(event) is None for event in events)
    early = [(0, 0, "invoke", "write", 1), (1, 1, "invoke", "write", 2), (5, 0, "invoke", "read", None)]
    early += [(5, 1, "ok", "write", 2), (5, 0, "ok", "write", 1), (6, 0, "ok", "read", 1)]
    events = [Event(i, time, process, kind, f, None, value) for i, (time, process, kind, f, value) in enumerate(early)]
    assert check(History.of(events)).verdict == "valid"
    online = Online("cas-register")
    assert all(online.feed(event) is None for event in events)
