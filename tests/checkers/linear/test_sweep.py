"""The sweep of all configurations, with next to no room: it settles, forgets and makes room all the time."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from clew.checkers import Budget, linear, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.linear import tables
from clew.checkers.models import find_model
from clew.histories import Event, History
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_explains
from tests.often import OFTEN


@OFTEN
@pytest.mark.parametrize("name", ["cas-register", "counter", "set", "multi-register"])
def test_a_sweep_that_settles_and_forgets_all_the_time_answers_as_the_search_does(
    name: str, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(linear.sweep, "_LOG_FIRST", 8)
    monkeypatch.setattr(linear.sweep, "_FEWEST_STATES", 2)
    did: Counter[str] = Counter()
    for part in ("_shorten_log", "_forget"):
        whole = getattr(linear.Sweep, part)

        def counted(sweep: linear.Sweep, part: str = part, whole: object = whole) -> None:
            did[part] += 1
            whole(sweep)  # type: ignore[operator]

        monkeypatch.setattr(linear.Sweep, part, counted)
    rng, model, answers = random.Random(12), find_model(name), Counter[str]()
    for _ in range(40 * times):
        problem = small.lived(model, ALPHABETS[name], rng.randrange(12, 50), rng)
        expected = wgl.decide(problem, model, Budget(), Deadline(60))
        found = linear.decide(problem, model, Budget(bytes=1 << 24), Deadline(600))
        if found.why == "memory":
            continue
        assert (found.answer, found.stuck) == (expected.answer, expected.stuck)
        until = len(problem.event_op) if found.stuck is None else found.stuck
        assert_explains(problem, model, found.order, until)
        answers[found.answer] += 1
    assert min(answers["valid"], answers["invalid"]) > 0, answers
    assert did["_shorten_log"] > 30 * times
    assert did["_forget"] > 6 * times or name == "cas-register"


@pytest.mark.parametrize("lost", [1, 2, 3, 4])
def test_what_was_lost_and_has_been_seen_is_closed_in_a_sequential_run(lost: int) -> None:
    story = [(process, kind, "write", process + 10) for process in range(lost) for kind in ("invoke", "info")]
    for value in [*range(10, 10 + lost), *range(100)]:
        f, written = ("read", None) if len(story) < 4 * lost else ("write", value)
        story += [(99, "invoke", f, written), (99, "ok", f, value)]
    events = [Event(i, i, process, kind, f, None, value) for i, (process, kind, f, value) in enumerate(story)]
    problem = encode(History.of(events), find_model("cas-register"))[0]
    sweep = linear.Sweep(problem, find_model("cas-register"), Budget(), Deadline(60))
    assert sweep.to(len(problem.event_op)) == "there"
    assert sweep.open() == []


def test_the_place_of_a_lost_write_that_was_closed_serves_one_that_returns() -> None:
    """The write of 1 has the place of the lost one. Whether it came before that of 2 is seen by the last read."""
    story = [(0, "invoke", "write", 9), (0, "info", "write", 9), (1, "invoke", "read", None), (1, "ok", "read", 9)]
    story += [(1, kind, "write", 3) for _ in range(tables.CLOSE_EVERY) for kind in ("invoke", "ok")]
    story += [(1, "invoke", "write", 1), (2, "invoke", "write", 2), (2, "ok", "write", 2), (1, "ok", "write", 1)]
    story += [(1, "invoke", "read", None), (1, "ok", "read", 2)]
    events = [Event(i, i, process, kind, f, None, value) for i, (process, kind, f, value) in enumerate(story)]  # type: ignore[arg-type]
    problem = encode(History.of(events), find_model("cas-register"))[0]
    decision = linear.decide(problem, find_model("cas-register"), Budget(), Deadline(60))
    assert decision.answer == "valid"
    assert_explains(problem, find_model("cas-register"), decision.order, len(problem.event_op))
