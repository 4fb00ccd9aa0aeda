"""When the operations of a register likely took effect: between call and return, and where it fits what was found."""

from __future__ import annotations

import random

import numpy as np
import pytest

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, encode
from clew.checkers.forms import RegisterForm, register_form
from clew.checkers.mending import likely
from clew.checkers.mending.likely import likely_moments
from clew.checkers.models import find_model
from clew.histories import Event, EventType, History
from tests.checkers import small
from tests.checkers.generators import Mix, register_history

MODEL = find_model("cas-register")


def form_of(history: History) -> RegisterForm:
    (problem,) = encode(history, MODEL)
    form = register_form(problem, MODEL)
    assert form is not None
    return form


def of_thirty_clients() -> RegisterForm:
    return form_of(register_history(Mix(300, 30, (3, 1, 3), 5, 0.05), random.Random(1)))


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


def test_each_operation_takes_effect_between_its_call_and_its_return() -> None:
    form = of_thirty_clients()
    problem, moments = form.problem, likely_moments(form, small.LATE)
    assert moments is not None
    assert (problem.call < moments).all()
    assert (moments < np.where(problem.ret == NEVER, len(problem.event_op), problem.ret)).all()


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
