"""A violation is found when it happens and not at the end of the test, and what is found stands."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterable

import pytest
from msgspec.structs import replace

import clew.checkers.evidence.stuck
import clew.checkers.online.key_watch
from clew.checkers import Budget, Online, Stuck, Verdict, check, verdict_on
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.forms import Form
from clew.checkers.models import Model, names
from clew.checkers.online.key_watch import KeyWatch
from clew.histories import Event, EventType, History
from tests.checkers.online import running
from tests.often import OFTEN

Step = tuple[int, EventType, str, object]


def told(steps: Iterable[Step], key: object = None) -> list[Event]:
    """The events of these (process, type, f, value), one a nanosecond."""
    return [Event(i, i, process, kind, f, key, value) for i, (process, kind, f, value) in enumerate(steps)]


def done(f: str, value: object, *, returned: object = None, process: int = 0) -> list[Step]:
    """The steps of an operation with nothing in between."""
    return [(process, "invoke", f, value), (process, "ok", f, value if returned is None else returned)]


def fed(events: Iterable[Event], online: Online) -> Verdict | None:
    """The first thing that was found."""
    return next((verdict for event in events if (verdict := online.feed(event))), None)


def lost(count: int) -> list[Step]:
    """Additions to a counter that may have happened at any time: two to the power of `count` states at once."""
    kinds: tuple[EventType, ...] = ("invoke", "info")
    return [(process, kind, "add", 1 << process) for process in range(count) for kind in kinds]


def test_a_stale_read_stops_the_run_at_its_completion() -> None:
    steps = [step for value in range(100) for step in done("write", value)]
    events = told([*steps, (1, "invoke", "read", None), (1, "ok", "read", 3)], key=7)
    online = Online("cas-register")
    assert fed(events[:-1], online) is None
    verdict = online.feed(events[-1])
    assert verdict is not None
    assert replace(verdict, seconds=0) == replace(check(History.of(events)), seconds=0)
    assert verdict.keys[0].stuck == len(events) - 1


@OFTEN
@pytest.mark.parametrize("how", running.WAYS)
def test_what_is_found_is_what_exhaustive_finds_at_each_beginning(how: str, times: int) -> None:
    answers = []
    with running.looking(how):
        for name in names():
            for number in range(2 * times):
                events = running.story(name, random.Random(f"{name}/{number}"))
                answers.append(
                    running.assert_found_when_it_happens(events, name, Online(name), at_once="always" in how)
                )
    assert answers.count("found") > 5 * times
    assert answers.count("valid") > 10 * times
    assert answers.count("missed") < 2 * times
    assert "undecided" not in answers


def test_no_event_needs_a_name() -> None:
    """An open write that took effect before the frontier is remembered as used, without its name."""
    steps: list[Step] = [
        (0, "invoke", "write", 1),
        *done("write", 2, process=1),
        *done("read", None, returned=1, process=1),
    ]
    steps += [(0, "info", "write", 1), *done("write", 3, process=1), *done("read", None, returned=3, process=1)]
    events = [replace(event, index=0) for event in told([*steps, *done("read", None, returned=1, process=1)])]
    online = Online("cas-register")
    assert all(online.watch(event) is None for event in events[:-1])
    stuck = online.watch(events[-1])
    assert stuck is not None
    assert stuck.row == len(events) - 1


def test_a_call_fed_after_a_completion_of_its_time_comes_too_late() -> None:
    """With the events at hand there is a violation, for `check` too, though an order explains what comes then."""
    events = told([(0, "invoke", "read", None), (0, "ok", "read", 1), *done("write", 1, process=1)])
    events[2] = replace(events[2], time=1)
    assert check(History.of(events)).verdict == "valid"
    assert check(History.of(events[:2])).verdict == "invalid"
    online = Online("cas-register")
    assert online.watch(events[0]) is None
    assert online.watch(events[1]) is not None


def test_a_call_of_the_time_of_a_return_is_concurrent_with_it() -> None:
    """Both writes are at 1 for a moment: the one that was called last may have been the first."""
    steps: list[Step] = [*done("write", 2), *done("write", 1, process=1), *done("read", None, returned=2, process=1)]
    events = told(steps)
    events[2] = replace(events[2], time=1)
    assert check(History.of(events)).verdict == "valid"
    online = Online("cas-register")
    assert all(online.watch(event) is None for event in events)


def test_a_violation_stands_where_the_budget_is_too_small_for_its_evidence() -> None:
    reads = [step for _ in range(5) for step in done("read", None, returned=4)]
    # An add that does not return keeps 5 in reach, so that only a search finds what is wrong.
    last = [(1, "invoke", "add", 2), (0, "invoke", "read", None), (0, "ok", "read", 5)]
    twisted = told([*done("add", 4), *reads, *last], key="b")
    events = told(done("add", 1), key="a") + [replace(event, time=event.time + 9) for event in twisted]
    events = [replace(event, index=i) for i, event in enumerate(events)]
    online = Online("counter")
    stuck = next(found for event in events if (found := online.watch(event)))
    history = History.of(events)
    assert check(history, "counter", budget=Budget(seconds=0)).verdict == "unknown"
    verdict = verdict_on(history, "counter", stuck, budget=Budget(seconds=0))
    assert verdict.verdict == "invalid"
    assert verdict.operations == len(history.operations)
    assert [(one.key, one.verdict, one.operations) for one in verdict.keys] == [
        ("a", "unknown", 1),
        ("b", "invalid", 8),
    ]
    wrong = verdict.keys[1]
    assert (wrong.stuck, wrong.prefix) == (len(events) - 1, None)
    assert verdict.counterexample == wrong.counterexample
    assert verdict.explanation is not None
    assert 'returned 5 on key "b": no order of the operations explains this' in verdict.explanation


def test_evidence_asks_for_no_more_than_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[float]()

    def undecided(history: History, model: object, *, budget: Budget, until: Deadline | None) -> Verdict:
        asked.append(budget.seconds)
        return whole(history, "counter", budget=Budget(seconds=0))

    whole = clew.checkers.evidence.stuck.check
    decide = clew.checkers.online.key_watch.competition.decide
    monkeypatch.setattr(clew.checkers.evidence.stuck, "check", undecided)

    def alone(
        problem: clew.checkers.encoding.Problem, form: Form | None, model: Model, budget: Budget, deadline: Deadline
    ) -> Decision:
        asked.append(budget.seconds)
        return decide(problem, form, model, budget, deadline)

    events = told([*done("add", 4), *done("read", None, returned=5)])
    online = Online("counter")
    stuck = next(found for event in events if (found := online.watch(event)))
    monkeypatch.setattr("clew.checkers.competition.decide", alone)
    assert verdict_on(History.of(events), "counter", stuck, budget=Budget(seconds=8)).verdict == "invalid"
    assert len(asked) == 2
    assert sum(asked) <= 8


def test_a_key_that_nobody_can_decide_does_not_hide_the_violation_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole history is too much for the budget; of the key itself there is all the evidence."""
    hard = told(done("add", 1), key="hard")
    wrong = told([*done("add", 4), *done("read", None, returned=3)], key="wrong")
    events = [replace(event, index=i, time=i) for i, event in enumerate([*hard, *wrong])]
    history = History.of(events)
    online = Online("counter")
    stuck = next(found for event in events if (found := online.watch(event)))
    whole = check(history, "counter", budget=Budget(seconds=0))
    monkeypatch.setattr(clew.checkers.evidence.stuck, "check", lambda *_, **__: whole)
    verdict = verdict_on(history, "counter", stuck)
    assert [one.verdict for one in verdict.keys] == ["unknown", "invalid"]
    assert verdict.keys[1] == check(history, "counter", keep_going=True).keys[1]


def test_a_long_run_is_looked_at_through_a_small_window() -> None:
    online, steps = Online("counter"), list[Step]()
    for number in range(500):
        steps += done("add-and-get", 1, returned=number + 1, process=number % 3)
    events = told(steps)
    events[-1] = replace(events[-1], value=499)
    assert fed(events[:-1], online) is None
    assert all(len(key._window or ()) < 10 for key in online._keys.values())
    assert online.watch(events[-1]) is not None


def test_what_fails_or_says_nothing_is_forgotten_too() -> None:
    """Nothing that matters happens before the first write, and behind one that hangs."""
    nothing: list[Step] = [(0, "invoke", "write", 1), (0, "fail", "write", 1)] * 50
    events = told([*nothing, (1, "invoke", "write", 2), *nothing])
    online = Online("cas-register")
    for event in events:
        assert online.watch(event) is None
        assert all(len(key._window or ()) < 5 for key in online._keys.values())


def test_many_configurations_are_looked_at_as_often_as_is_paid_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at five hundred configurations costs as much as many events, so not every event gets one."""
    looks = list[int]()
    sweep = KeyWatch._sweep
    monkeypatch.setattr(KeyWatch, "_sweep", lambda key, window: looks.append(len(key._all)) or sweep(key, window))
    events = told([*lost(9), *(step for _ in range(100) for step in done("add", 1 << 11, process=11))])
    online = Online("counter")
    assert all(online.watch(event) is None for event in events)
    assert 3 < len(looks) < 50


def test_a_look_behind_an_operation_that_hangs_is_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = list[int]()
    sweep = KeyWatch._sweep
    monkeypatch.setattr(KeyWatch, "_sweep", lambda key, window: looks.append(len(window)) or sweep(key, window))
    steps = [step for value in range(400) for step in done("write", value % 3, process=1)]
    events = told([(0, "invoke", "read", None), *steps])
    online = Online("cas-register")
    assert all(online.watch(event) is None for event in events)
    assert sum(looks) < 150 * len(events)
    assert len(looks) > 40


def test_where_too_much_is_open_the_whole_history_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"_MOST_VISITS": 100, "_ASKS_AN_EVENT": 1 << 60}.items():
        monkeypatch.setattr(clew.checkers.online.key_watch, name, value)
    steps = lost(10)
    for value in (0, 5, 4):
        steps += [(10, "invoke", "read", None), (10, "ok", "read", value)]
    events = told(steps)
    online = Online("counter")
    assert fed(events[:-1], online) is None
    (key,) = online._keys.values()
    assert key._window is None, "the sweep has given up, and nothing is kept for it"
    verdict = online.feed(events[-1])
    assert verdict is not None
    assert verdict.keys[0].stuck == len(events) - 1


def test_what_stays_undecided_is_looked_at_again_when_it_is_twice_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[int]()

    def undecided(problem: clew.checkers.encoding.Problem, *_: object, **__: object) -> Decision:
        asked.append(2 * len(problem))
        return Decision("unknown", why="time") if len(problem) < 100 else decide(problem, *_, **__)

    decide = clew.checkers.online.key_watch.competition.decide
    monkeypatch.setattr(clew.checkers.online.key_watch, "_MOST_VISITS", -1)
    monkeypatch.setattr("clew.checkers.online.key_watch.competition.decide", undecided)
    reads = [step for _ in range(200) for step in done("read", None, returned=5)]
    events = told([*done("write", 4), *reads])
    online = Online("cas-register")
    found = next(count for count, event in enumerate(events, start=1) if online.watch(event))
    assert asked == [2, 4, 8, 16, 32, 64, 128, 256]
    assert found == 256


def test_a_violation_that_may_not_be_the_first_is_not_called_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def decide(problem: Problem, *_: object, **__: object) -> Decision:
        late = Decision("invalid", stuck=3, stuck_is_first=False)
        return late if len(problem) == 2 else Decision("valid")

    monkeypatch.setattr(clew.checkers.online.key_watch, "_MOST_VISITS", -1)
    monkeypatch.setattr("clew.checkers.online.key_watch.competition.decide", decide)
    *events, last = told([*done("write", 4), *done("read", None, returned=5)])
    online = Online("cas-register")
    assert [online.watch(event) for event in events] == [None] * 3
    assert online.watch(last) == Stuck(3, is_first=False)


def test_what_check_accepts_is_accepted_although_the_past_is_forgotten() -> None:
    """A process of unknown outcome that says so twice; a call written before the return of the same time."""
    twice: list[Step] = [(0, "invoke", "read", None), (0, "info", "read", None), *done("write", 1, process=1)]
    twice += [*done("write", 2, process=1), (0, "info", "read", None), *done("write", 3, process=1)]
    assert check(History.of(told(twice))).verdict == "valid"
    online = Online("cas-register")
    assert all(online.watch(event) is None for event in told(twice))
    early = told([(0, "invoke", "write", 1), (1, "invoke", "write", 2), (0, "invoke", "read", None)])
    early += told([(1, "ok", "write", 2), (0, "ok", "write", 1), (0, "ok", "read", 1)])
    events = [
        replace(event, index=i, time=time)
        for i, (event, time) in enumerate(zip(early, (0, 1, 5, 5, 5, 6), strict=True))
    ]
    assert check(History.of(events)).verdict == "valid"
    online = Online("cas-register")
    assert all(online.watch(event) is None for event in events)


def test_a_long_test_costs_some_bytes_an_event() -> None:
    """Of each event only its row is kept; a process that is gone leaves nothing behind."""
    online, written = Online("cas-register"), done("write", 1, process=9999)
    kinds: tuple[EventType, ...] = ("invoke", "info")
    steps: list[Step] = [(process, kind, "read", None) for process in range(8000) for kind in kinds]
    events = told([*steps[:8000], *written, *steps[8000:], *written])
    assert fed(events[:8002], online) is None
    tracemalloc.start()
    assert fed(events[8002:], online) is None
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 40 * 8000
