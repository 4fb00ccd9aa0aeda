"""When the operations of a register likely took effect: between call and return, and where it fits what was found."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, encode
from clew.checkers.forms import DIFFERS, READS, WRITES, RegisterForm, register_form
from clew.checkers.mending import likely
from clew.checkers.mending.likely import likely_moments
from clew.checkers.models import find_model
from clew.histories import Event, EventType, History
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.generators import Mix, register_history

MODEL = find_model("cas-register")


def form_of(history: History) -> RegisterForm:
    (problem,) = encode(history, MODEL)
    form = register_form(problem, MODEL)
    assert form is not None
    return form


def of_thirty_clients(operations: int = 300) -> RegisterForm:
    return form_of(register_history(Mix(operations, 30, (3, 1, 3), 5, 0.05), random.Random(1)))


def test_results_tell_which_write_was_first() -> None:
    """By the middles of their intervals the write of 3 was."""
    reads_of_7, reads_of_3 = ([("invoke", 2, "read", None), ("ok", 2, "read", value)] * 2 for value in (7, 3))
    steps: list[tuple[EventType, int, str, int | None]]
    steps = [("invoke", 0, "write", 3), ("invoke", 1, "write", 7), *reads_of_7]
    steps += [("ok", 0, "write", 3), *reads_of_3, ("ok", 1, "write", 7)]
    form = form_of(
        History.of(Event(at, at, process, kind, f, None, value) for at, (kind, process, f, value) in enumerate(steps))
    )
    moments = likely_moments(form, small.LATE)
    assert moments is not None
    write_3, write_7 = moments[:2]
    assert write_7 < write_3


def ends(form: RegisterForm) -> NDArray[np.int64]:
    """For each operation the event at which it is no longer open."""
    return np.where(form.problem.ret == NEVER, len(form.problem.event_op), form.problem.ret)


def by_matrices(form: RegisterForm, weight: likely.Floats) -> tuple[likely.Floats, likely.Floats]:
    """How often each operation takes effect for each unit of its weight, and the sum of the moments at which it does.

    Between two events there are a few steps. In each of them nothing takes effect, or one of the open operations.
    """
    call, end, count = form.problem.call, ends(form), len(form.problem)
    effects = np.zeros((count, form.values, form.values))  # from what the register holds, to what it holds then
    for effect, kind, needs, sets in zip(effects, form.kind, form.needs, form.sets, strict=True):
        if kind == DIFFERS:
            effect[:] = np.eye(form.values)
            effect[needs, needs] = 0
        elif kind == WRITES:
            effect[:, sets] = 1
        else:
            effect[needs, needs if kind == READS else sets] = 1
    effects /= likely._STEPS
    moments = np.arange(len(form.problem.event_op)).repeat(likely._STEPS)
    opens = (call[:, None] <= moments) & (moments < end[:, None])
    steps = np.eye(form.values) + np.einsum("o,om,ovw->mvw", weight, opens, effects)
    before, later = [np.eye(form.values)[form.initial]], [np.ones(form.values)]
    for step in steps:
        before.append(before[-1] @ step)
    for step in steps[::-1]:
        later.append(step @ later[-1])
    everything = before[-1].sum()
    each = np.einsum("mv,ovw,mw->om", before[:-1], effects, later[-2::-1]) * opens / everything
    return each.sum(1), each @ moments


def test_a_small_history_has_the_moments_that_all_its_chains_have_on_average(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, looks = random.Random(1), list[likely.Chain]()
    look = likely._look_both_ways

    def watched(t: likely.Chain, initial: int, deadline: Deadline) -> bool:
        done = look(t, initial, deadline)
        looks.append(t._replace(weight=t.weight.copy(), often_behind=t.often_behind.copy()))
        return done

    monkeypatch.setattr(likely, "_look_both_ways", watched)
    for _ in range(20):
        looks.clear()
        form = register_form(small.lived(MODEL, ALPHABETS[MODEL.name], rng.randrange(4, 16), rng), MODEL)
        assert form is not None
        problem, end, unknown = form.problem, ends(form), form.problem.ret == NEVER
        moments = likely_moments(form, small.LATE)
        assert moments is not None
        assert looks[0].weight[~unknown] == pytest.approx(1 / (end - problem.call)[~unknown])
        for t, following in itertools.pairwise(looks):
            often, _ = by_matrices(form, t.weight)
            assert t.often_behind == pytest.approx(often)
            corrected = t.weight * np.maximum(t.weight * often, likely._LEAST) ** -likely._SHARE
            corrected = np.minimum(corrected, likely._GREATEST)
            corrected[unknown] = np.minimum(corrected, looks[0].weight)[unknown]
            assert following.weight == pytest.approx(corrected)
        often, when = by_matrices(form, looks[-1].weight)
        seen = often > likely._LEAST
        expected = when[seen] / often[seen] + 0.5
        assert moments[seen] == pytest.approx(np.clip(expected, problem.call[seen] + 0.25, end[seen] - 0.25))


@pytest.mark.parametrize("operations", [300, 3_000])
def test_each_operation_takes_effect_between_its_call_and_its_return(operations: int) -> None:
    form = of_thirty_clients(operations)
    problem, moments = form.problem, likely_moments(form, small.LATE)
    assert moments is not None
    assert (problem.call < moments).all()
    assert (moments < ends(form)).all()


def test_at_the_end_each_operation_takes_effect_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    form, often = of_thirty_clients(), list[likely.Floats]()
    look = likely._look_both_ways

    def watched(t: likely.Chain, initial: int, deadline: Deadline) -> bool:
        done = look(t, initial, deadline)
        often.append(t.weight * t.often_behind)
        return done

    monkeypatch.setattr(likely, "_look_both_ways", watched)
    likely_moments(form, small.LATE)
    known = form.problem.ret != NEVER
    assert np.abs(np.log(often[0][known])).mean() > 1
    assert np.abs(np.log(often[-1][known])).mean() < 0.3
    assert often[-1][~known].max() < 1.1


def test_pieces_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    form = of_thirty_clients()
    whole = likely_moments(form, small.LATE)
    monkeypatch.setattr(likely, "_WORK_PER_VISIT", 300)
    pieces = likely_moments(form, small.LATE)
    assert whole is not None
    assert pieces is not None
    assert np.array_equal(whole, pieces)


def test_it_looks_at_its_deadline_between_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    class Soon(Deadline):
        def passed(self) -> bool:
            nonlocal looks
            looks += 1
            return looks == 5

    monkeypatch.setattr(likely, "_WORK_PER_VISIT", 3_000)
    assert likely_moments(of_thirty_clients(), Soon()) is None
    assert looks == 5


def test_too_many_values_have_no_likely_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likely, "_MOST", 100)
    assert likely_moments(of_thirty_clients(), small.LATE) is None
