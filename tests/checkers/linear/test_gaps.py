"""A sweep of counters by gaps: its answers are those of the exhaustive checker, and it decides what others do not."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from clew.checkers import Budget, counters, exhaustive, linear
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem, encode
from clew.checkers.linear import gap_sweep, going_back, moments
from clew.checkers.models import ModelOperation, find_model
from clew.checkers.sums import sums_of
from clew.checkers.verdict import Answer
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.objects import object_history
from tests.checkers.test_budget import Looked, Visits
from tests.checkers.test_engines import assert_explains
from tests.often import OFTEN

MODEL = find_model("counter")
MIXED = [
    *(ModelOperation("add", n, n, "ok") for n in (1, 1, 2, -1, -2, 3, 0)),
    *(ModelOperation(f, n, None, "info") for f in ("add", "add-and-get") for n in (1, -2)),
    *(ModelOperation("read", None, n, "ok") for n in range(-1, 5)),
    *(ModelOperation("add-and-get", n, after, "ok") for n in (1, -1, 0) for after in range(4)),
]
"""Adds of several numbers, so that different gaps lead to one sum."""
LOST = [
    *(ModelOperation("add", n, None, "info") for n in (1, 1, 1, 2)),
    *(ModelOperation("add", n, n, "ok") for n in (1, 1, 2)),
    *(ModelOperation("read", None, n, "ok") for n in range(6)),
]
"""Mostly adds of unknown outcome."""


def moments_in(problem: Problem) -> moments.Moments:
    sums = sums_of(problem, MODEL)
    assert sums is not None
    found = moments.moments_of(problem, sums, Budget(), small.LATE)
    assert found is not None
    return found


def swept(problem: Problem, width: int = 1 << 20, priced: bool = True) -> Answer:
    """The answer of a sweep by gaps. What it says is compared with the exhaustive checker."""
    stuck = None if exhaustive.linearize(problem, MODEL) is not None else exhaustive.stuck(problem, MODEL)
    known = moments_in(problem)
    found = linear.decide_going_back(problem, MODEL, Budget(), Deadline(600), width, moments=known, priced=priced)
    assert found.answer == ("valid" if stuck is None else "invalid"), problem
    assert_explains(problem, MODEL, found.order, _explained(problem, found.order) if stuck else len(problem.event_op))
    return found.answer


def _explained(problem: Problem, order: list[int]) -> int:
    """The first return of an operation that an order leaves out."""
    return int(np.delete(problem.ret, order).min())


def test_all_histories_of_two_operations_get_the_answer_of_the_exhaustive_checker() -> None:
    answers = Counter(swept(problem) for problem in small.every(MODEL, ALPHABETS["counter"], 2))
    assert min(answers["valid"], answers["invalid"]) > 50


@pytest.mark.long
def test_histories_of_three_operations_get_the_answer_of_the_exhaustive_checker() -> None:
    for problem in small.every(MODEL, ALPHABETS["counter"], 3, step=5):
        swept(problem)


@OFTEN
@pytest.mark.parametrize("width", [1, 1 << 20])
@pytest.mark.parametrize("alphabet", [ALPHABETS["counter"], MIXED], ids=["few", "mixed"])
def test_random_histories_get_the_answer_of_the_exhaustive_checker(
    alphabet: list[ModelOperation], width: int, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Sweeps of one configuration are lost often. They go back until nothing is dropped any more."""
    monkeypatch.setattr(going_back, "_GAPS_EVERY", 1)
    monkeypatch.setattr(going_back, "_GAPS_AFTER", 2)
    monkeypatch.setattr(going_back, "_MOST_LEVELS", 20)
    monkeypatch.setattr(gap_sweep, "WORK_PER_VISIT", 20)
    rng, answers = random.Random(width), Counter[str]()
    for _ in range(50 * times):
        make = rng.choice((small.lived, small.lived, small.scattered))
        answers[swept(make(MODEL, alphabet, rng.randrange(4, 10), rng), width, rng.random() < 0.5)] += 1
    assert min(answers["valid"], answers["invalid"]) > 5 * times


LIMITS: dict[str, dict[str, int]] = {
    "width": {},
    "score": {"KEYS": 100},
    "sets": {"_SETS": 1, "_MORE_SETS": 1},
    "alike": {"_FEW": -1, "_ALIKE": 1, "_BEFORE": 20},
    "before": {"_FEW": -1, "_ALIKE": 20, "_BEFORE": 0},
    "most": {"_MOST": 0},
    "numbers": {"_MANY": 0},
}
"""What a sweep leaves out, one limit at a time. Of these the numbers matter if gaps are priced, and others if not."""


@pytest.mark.parametrize("limit", LIMITS)
def test_what_was_left_out_proves_nothing(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that is lost may have left out what leads to the end. Without that it is as sure as any other."""
    for name, most in LIMITS[limit].items():
        monkeypatch.setattr(gap_sweep, name, most)
    rng, answers = random.Random(limit), Counter[tuple[str, str]]()
    alphabet = LOST if limit in ("sets", "alike", "before", "numbers") else MIXED
    for _ in range(150):
        problem = small.lived(MODEL, alphabet, rng.randrange(5, 9), rng)
        width = 1 if limit == "width" else 1_000
        sweep = gap_sweep.GapSweep(problem, moments_in(problem), Budget(), small.LATE, width, rng.random() < 0.5)
        right = "there" if exhaustive.linearize(problem, MODEL) is not None else "dead"
        answer = sweep.to(sweep.end)
        assert answer == right or (answer == "dead" and sweep.dropped), problem
        if answer == "there":
            assert_explains(problem, MODEL, sweep.order(), len(problem.event_op))
        answers[right, answer] += 1
    assert min(answers["there", "there"], answers["there", "dead"], answers["dead", "dead"]) > 1, answers


@OFTEN
def test_beginnings_of_histories_get_the_answer_of_the_exhaustive_checker(times: int) -> None:
    """There a result may be told by an operation that did not return yet: if it took effect, it told that."""
    rng, answers = random.Random(5), Counter[str]()
    for _ in range(120 * times):
        whole = small.lived(MODEL, MIXED, rng.randrange(5, 10), rng)
        beginning = whole.before(rng.randrange(4, len(whole.event_op)))
        answers[swept(beginning, priced=rng.random() < 0.5)] += 1
    assert min(answers["valid"], answers["invalid"]) > 5 * times


@pytest.mark.parametrize(("lost", "wide", "answer"), [(1, False, "there"), (2, False, "dead"), (2, True, "there")])
def test_many_adds_of_unknown_outcome_are_found_by_what_they_add(
    lost: int, wide: bool, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The add of 3 returned before those of unknown outcome began, so it stands before them in the gap.

    Two of these in one gap are looked for in a wide sweep.
    """
    monkeypatch.setattr(gap_sweep, "_MANY", 0)
    alphabet = [ModelOperation("add", 3, 3, "ok")]
    alphabet += [ModelOperation("add", 100 * n, None, "info") for n in range(1, 5)]
    alphabet.append(ModelOperation("read", None, 203 if lost == 1 else 503, "ok"))
    start, end = np.array([1, 3, 4, 5, 6, 0]), np.array([2, *[NEVER] * 4, 7])
    problem = small.problem(range(6), start, end, alphabet, np.array([False] * 5 + [True]))
    sweep = gap_sweep.GapSweep(problem, moments_in(problem), Budget(), small.LATE, 2)
    if wide:
        sweep.widen(1_000)
    assert sweep.to(sweep.end) == answer
    assert sweep.dropped
    if answer == "there":
        assert_explains(problem, MODEL, sweep.order(), len(problem.event_op))


def test_ten_clients_with_unique_values_and_many_unknown_outcomes_are_decided() -> None:
    (problem,) = encode(object_history("counter", 2_000, 10, True, 0.04, 0), MODEL)
    found = linear.decide_going_back(problem, MODEL, Budget(), small.LATE, 50, 20_000_000, moments_in(problem))
    assert found.answer == "valid"
    assert_explains(problem, MODEL, found.order, len(problem.event_op))


def test_adds_of_unknown_outcome_do_not_use_up_the_scores() -> None:
    """Hundreds of them are open, each as likely used as not, and each costs something. That is taken off all scores."""
    lost, reads = 300, 150
    alphabet = [ModelOperation("add", 1, None, "info"), *(ModelOperation("read", None, n, "ok") for n in range(reads))]
    called = np.arange(lost + reads - 1) * 2
    end = np.where(np.arange(len(called)) < lost, NEVER, called + 1)
    classes = [0] * lost + list(range(2, reads + 1))
    observer = np.array([False] + [True] * reads)
    problem = small.problem(classes, called, end, alphabet, observer)
    sweep = gap_sweep.GapSweep(problem, moments_in(problem), Budget(), small.LATE, 2, False)
    assert sweep.to(sweep.end) == "there"
    assert_explains(problem, MODEL, sweep.order(), len(problem.event_op))


def test_a_window_that_is_too_small_becomes_larger() -> None:
    """One operation is open all the time, so the window reaches from it to all the others."""
    alphabet = [
        ModelOperation("add", 1_000, 1_000, "ok"),
        *(ModelOperation("add-and-get", 1, n + 1, "ok") for n in range(300)),
    ]
    start = np.array([0, *range(1, 601, 2)])
    problem = small.problem(range(301), start, np.array([700, *range(2, 602, 2)]), alphabet, np.zeros(301, np.bool_))
    found = linear.decide_going_back(problem, MODEL, Budget(), small.LATE, 10, moments=moments_in(problem))
    assert found.answer == "valid"
    assert_explains(problem, MODEL, found.order, len(problem.event_op))


def test_every_visit_to_the_kernel_is_short_and_none_begins_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = encode(object_history("counter", 1_000, 30, False, 0.02, 0), MODEL)
    visits = Visits(Looked(20))
    monkeypatch.setattr(gap_sweep, "WORK_PER_VISIT", 1_000_000)
    visits.watch(monkeypatch, gap_sweep, "expand", 0, "work")
    known = moments_in(problem)
    found = linear.decide_going_back(problem, MODEL, Budget(), visits.deadline, 10_000, moments=known)
    assert (found.answer, found.why) == ("unknown", "time")
    assert max(visits.steps) <= 2_000_000
    assert visits.late == 0


def test_thirty_clients_with_unique_values_are_decided_by_gaps_and_not_without() -> None:
    (problem,) = encode(object_history("counter", 250, 30, True, 0.0, 1), MODEL)
    steps = 10_000_000
    by_gaps = linear.decide_going_back(problem, MODEL, Budget(), small.LATE, 50, steps, moments_in(problem))
    assert by_gaps.answer == "valid"
    assert_explains(problem, MODEL, by_gaps.order, len(problem.event_op))
    assert linear.decide_going_back(problem, MODEL, Budget(), small.LATE, 50, steps).answer == "unknown"


def test_thirty_clients_with_small_values_are_decided_because_operations_have_moments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If each moment between call and return is as good as any other, a sweep of as many steps is lost."""
    (problem,) = encode(object_history("counter", 300, 30, False, 0.02, 1), MODEL)
    steps = 20_000_000
    found = linear.decide_going_back(problem, MODEL, Budget(), small.LATE, 50, steps, moments_in(problem), priced=False)
    assert found.answer == "valid"
    assert_explains(problem, MODEL, found.order, len(problem.event_op))
    monkeypatch.setattr(moments, "_ROUNDS", 0)
    lost = linear.decide_going_back(problem, MODEL, Budget(), small.LATE, 50, steps, moments_in(problem), priced=False)
    assert lost.answer == "unknown"


def test_a_sweep_that_went_back_goes_on_as_it_did_the_first_time() -> None:
    """Before it went back its window had moved, and all configurations had agreed on more of the order."""
    (problem,) = encode(object_history("counter", 300, 5, False, 0.02, 1), MODEL)
    known = moments_in(problem)
    straight, back = (gap_sweep.GapSweep(problem, known, Budget(), small.LATE, 20) for _ in range(2))
    assert straight.to(straight.end) == "there"
    assert back.to(back.end // 3) == "there"
    mark, base = back.mark(), int(back._at["base"])
    assert back.to(back.end - 5) == "there"
    assert back._at["base"] > base
    back.go_back(mark)
    assert back.position == mark.position
    assert back.to(back.end) == "there"
    assert back.order() == straight.order()


def test_to_try_not_all_sets_proves_nothing() -> None:
    """The read is explained by all thirty adds, which is more than a gap may have of so many."""
    alphabet = [*(ModelOperation("add", 1 << n, 1 << n, "ok") for n in range(30))]
    alphabet.append(ModelOperation("read", None, (1 << 30) - 1, "ok"))
    count, observer = len(alphabet), np.array([False] * 30 + [True])
    start, end = np.arange(count), 2 * count - np.arange(count)
    problem = small.problem(range(count), start, end, alphabet, observer)
    found = linear.decide_going_back(problem, MODEL, Budget(), small.LATE, 1 << 20, moments=moments_in(problem))
    assert (found.answer, found.why) == ("unknown", "time")


def test_more_adds_than_a_gap_is_chosen_from_prove_nothing() -> None:
    alphabet = [ModelOperation("add", 1, 1, "ok"), ModelOperation("read", None, 60, "ok")]
    start = 2 * np.arange(61)
    problem = small.problem([0] * 60 + [1], start, start + 1, alphabet, np.array([False, True]))
    found = linear.decide_going_back(problem, MODEL, Budget(), small.LATE, 10, moments=moments_in(problem))
    assert (found.answer, found.why) == ("unknown", "time")


def test_a_sum_that_does_not_fit_into_64_bits_has_no_form() -> None:
    for large in (1 << 62, -(1 << 80)):
        alphabet = [ModelOperation("add-and-get", 1, large, "ok"), ModelOperation("add", large, large, "ok")]
        problem = small.one_of_all(MODEL, alphabet, 3, random.Random(1))
        assert sums_of(problem, MODEL) is None
        assert counters.decide(problem, MODEL, Budget(), small.LATE, 1_000, 1).answer != "unknown"


Call = tuple[str, int, int, int]


@pytest.mark.parametrize(
    "calls",
    [
        # Of the two adds of 1 the first read can have found either. The second one shows that it was the one that ends.
        [("add", 1, 0, 10), ("add", 1, 1, 40), ("read", 1, 2, 5), ("read", 1, 12, 15)],
        # The read found an add that began after an add of 0 had ended. So that comes before it too.
        [("add", 0, 0, 5), ("read", 2, 1, 20), ("add", 2, 6, 10)],
        # The read found 1 of unknown outcome before the add of 5, and an add of 1 that is open too begins after that.
        [("add", 5, 0, 10), ("add", 1, 1, NEVER), ("read", 1, 2, 30), ("add", 1, 12, 40), ("read", 7, 50, 60)],
        # The adds of 1 are not alike: the second one began after that of -5 had ended. Both reads found that one only.
        [("add", -5, 0, 10), ("add", 1, 1, 60), ("add", 1, 12, 20), ("read", -4, 14, 18), ("read", -4, 25, 35)],
    ],
    ids=["earliest deadline first", "adding nothing", "unknown outcome", "one began later"],
)
def test_a_gap_leaves_out_only_what_another_one_stands_for(calls: list[Call]) -> None:
    ops = [
        ModelOperation(f, None if f == "read" else n, None if ends == NEVER else n, "info" if ends == NEVER else "ok")
        for f, n, _, ends in calls
    ]
    begin, end = (np.array([call[which] for call in calls]) for which in (2, 3))
    observer = np.array([op.f == "read" for op in ops])
    assert swept(small.problem(range(len(ops)), begin, end, ops, observer)) == "valid"


@pytest.mark.parametrize(
    ("others", "answer"),
    [
        ([("read", 1, 1, 2), ("add", -1, 3, 4), ("read", 1, 5, 6)], "invalid"),
        ([("add", 5, 1, 5), ("read", 6, 10, 12)], "valid"),
    ],
    ids=["twice", "before what was called later"],
)
def test_an_operation_that_is_open_at_the_end_of_a_beginning_takes_effect_once_and_in_its_place(
    others: list[Call], answer: Answer
) -> None:
    """It is the first one. If it took effect, it made 0 to 1."""
    ops = [ModelOperation("add-and-get", 1, 1, "ok")]
    ops += [ModelOperation(f, None if f == "read" else n, n, "ok") for f, n, _, _ in others]
    begin, end = (np.array([first, *(call[which] for call in others)]) for which, first in ((2, 0), (3, NEVER)))
    observer = np.array([op.f == "read" for op in ops])
    assert swept(small.problem(range(len(ops)), begin, end, ops, observer)) == answer


def test_a_gap_has_no_add_of_unknown_outcome_while_an_open_one_of_its_number_is_left() -> None:
    """The two reads are explained by two of the four adds, and only one choice of these is tried: those that return."""
    one = ModelOperation("add", 1, 1, "ok")
    lost = ModelOperation("add", 1, None, "info")
    alphabet = [lost, one, lost, one, *(ModelOperation("read", None, n, "ok") for n in (1, 2))]
    start, end = np.array([0, 1, 2, 3, 4, 14]), np.array([NEVER, 10, NEVER, 20, 12, 16])
    problem = small.problem(range(6), start, end, alphabet, np.array([False] * 4 + [True] * 2))
    sweep = gap_sweep.GapSweep(problem, moments_in(problem), Budget(), small.LATE, 1)
    assert sweep.to(sweep.end) == "there"
    assert not sweep.dropped
    assert set(sweep.order()) == {1, 3, 4, 5}
