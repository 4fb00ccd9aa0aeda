"""A violation is found when it happens, not at the end of the test."""

from __future__ import annotations

import random

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
    # The history of this key is long already, so that not every completion is looked at; but none is missed.
    verdict = verdict or online.finish()
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
