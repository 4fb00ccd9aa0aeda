"""When operations of a counter likely took effect: what they told each other narrows it down."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from clew.checkers import counters, linear
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem, encode
from clew.checkers.linear import moments
from clew.checkers.models import ModelOperation
from clew.checkers.sums import sums_of
from clew.checkers.verdict import Budget
from tests.checkers import small
from tests.checkers.linear.test_gaps import MODEL, swept
from tests.checkers.objects import object_history
from tests.checkers.test_budget import Looked


def chances_of(problem: Problem, most: int = 1 << 22) -> moments.Chances:
    sums = sums_of(problem, MODEL)
    assert sums is not None
    found = moments.chances(problem, sums, sums.told & (problem.ret != NEVER), most, small.LATE)
    assert found is not None
    return found


def likely(t: moments.Chances, op: int, begin: int, end: int) -> float:
    """The chance that an operation took effect at a moment from `begin` to before `end`."""
    own = t.chance[t.first[op] : t.first[op] + t.span[op]]
    at = np.arange(t.span[op]) + t.begin[op]
    return float(own[(at >= begin) & (at < end)].sum())


def one_beside(op: ModelOperation, others: list[ModelOperation]) -> Problem:
    """An operation that is open while others are done, one after the other. These are called at 1, 3, 5, ..."""
    count = len(others)
    start = np.array([0, *range(1, 2 * count, 2)])
    end = np.array([NEVER if op.outcome == "info" else 2 * count + 1, *range(2, 2 * count + 1, 2)])
    return small.problem(range(count + 1), start, end, [op, *others], np.zeros(count + 1, np.bool_))


def test_a_result_was_likely_told_where_the_sum_is_near_it() -> None:
    t = chances_of(one_beside(ModelOperation("read", None, 7, "ok"), [ModelOperation("add", 1, 1, "ok")] * 20))
    assert likely(t, 0, 2 * 7 - 4, 2 * 7 + 6) > 0.9
    assert likely(t, 0, 0, 42) == pytest.approx(1)


def reads(*told: int) -> list[ModelOperation]:
    return [ModelOperation("read", None, n, "ok") for n in told]


@pytest.mark.parametrize("outcome", ["ok", "info"])
def test_an_add_likely_took_effect_where_results_grow_by_it(outcome: str) -> None:
    op = ModelOperation("add", 5, 5 if outcome == "ok" else None, outcome)
    t = chances_of(one_beside(op, reads(0, 0, 0, 0, 0, 5, 5, 5, 5, 5)))
    assert likely(t, 0, 10, 13) > 0.7


def test_an_add_of_unknown_outcome_likely_did_nothing_if_results_do_not_grow_by_it() -> None:
    t = chances_of(one_beside(ModelOperation("add", 5, None, "info"), reads(*[0] * 10)))
    assert likely(t, 0, 0, 20) < 0.1
    assert likely(t, 0, 0, len(t.mean)) < 0.9


@pytest.mark.parametrize("most", [1 << 22, 500])
def test_expected_sums_are_those_of_the_chances(most: int) -> None:
    """They are changed piece by piece. With few chances moments are longer, and all else is the same."""
    (problem,) = encode(object_history("counter", 60, 10, False, 0.1, 1), MODEL)
    t = chances_of(problem, most)
    assert len(t.chance) < 2 * most
    mean, variance, weight = np.zeros((3, len(t.mean)))
    for op in range(len(problem)):
        own = t.chance[t.first[op] : t.first[op] + t.span[op]]
        total = own.sum()
        assert 0 <= total <= 1 + 1e-9 if problem.ret[op] == NEVER else total == pytest.approx(1)
        there = np.zeros(len(mean) + 1)
        there[t.begin[op] : t.begin[op] + t.span[op]] = own
        there = there.cumsum()[: len(mean)] - there[: len(mean)] / 2
        there[t.last[op] + 1 :] = 0 if problem.ret[op] == NEVER else 1
        mean += t.delta[op] * there
        variance += t.delta[op] ** 2 * there * (1 - there)
        if t.told[op]:
            weight[t.begin[op] : t.begin[op] + t.span[op]] += own
    assert np.allclose(t.mean, mean)
    assert np.allclose(t.variance, variance)
    assert np.allclose(t.weight, weight)


def test_what_it_costs_to_be_used_grows_less_and_what_it_costs_not_to_be_used_grows() -> None:
    (problem,) = encode(object_history("counter", 60, 10, False, 0.1, 1), MODEL)
    t = chances_of(problem)
    costs = moments.prices(t, small.LATE)
    assert costs is not None
    by, behind = costs
    for op in range(len(problem)):
        own = slice(t.first[op], t.first[op] + t.span[op])
        assert all(one >= other for one, other in pairwise(by[own]))
        assert all(one <= other for one, other in pairwise(behind[own]))
        if problem.ret[op] != NEVER:
            assert (by[own][-1], behind[own][-1]) == (0, 96)


def test_with_long_moments_answers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "_MOST_CHANCES", 5)
    problem = one_beside(ModelOperation("add", 5, 5, "ok"), reads(0, 0, 5, 5))
    assert swept(problem, 1, priced=False) == "valid"
    assert swept(one_beside(ModelOperation("add", 5, 5, "ok"), reads(0, 5, 0, 5)), 1, priced=False) == "invalid"


@pytest.mark.parametrize("visits", [2, 20, 66, 70])
def test_no_piece_of_the_moments_begins_after_the_deadline(visits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six visits count what is expected, and sixty give new chances. The rest is prices."""
    (problem,) = encode(object_history("counter", 60, 10, False, 0.1, 1), MODEL)
    sums = sums_of(problem, MODEL)
    assert sums is not None
    monkeypatch.setattr(moments, "_OPERATIONS_PER_VISIT", 10)
    deadline, looks = Looked(visits + 1), list[int]()

    def watch(name: str) -> None:
        work = getattr(moments, name)

        def watched(t: moments.Chances, operations: Sequence[int]) -> None:
            assert len(operations) <= 10
            looks.append(deadline.looks)
            work(t, operations)

        monkeypatch.setattr(moments, name, watched)

    watch("count_some")
    watch("weigh_some")
    assert moments.moments_of(problem, sums, Budget(), deadline) is None
    assert looks == list(range(1, min(visits, 66) + 1))
    assert deadline.looks == visits + 1


def test_with_little_memory_moments_are_longer() -> None:
    (problem,) = encode(object_history("counter", 60, 10, False, 0.1, 1), MODEL)
    sums = sums_of(problem, MODEL)
    assert sums is not None
    long, short = (moments.moments_of(problem, sums, Budget(bytes=size), small.LATE) for size in (1 << 14, 1 << 30))
    assert long is not None
    assert short is not None
    assert len(long.by) < 2 * (1 << 14) / 64 < len(short.by) / 2


def test_both_sweeps_of_a_turn_have_the_same_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = encode(object_history("counter", 60, 10, False, 0.1, 1), MODEL)
    swept = list[object]()

    def decide(*given: Any, priced: bool) -> Decision:
        swept.append(given[-1])
        return Decision("unknown", why="time")

    monkeypatch.setattr(linear, "decide_going_back", decide)
    counters.decide(problem, MODEL, Budget(), small.LATE, 1_000, 1)
    assert [type(one) for one in swept] == [moments.Moments] * 2
    assert swept[0] is swept[1]
