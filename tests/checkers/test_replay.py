"""An order is followed step by step, as long as the model allows it and there is time."""

from __future__ import annotations

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.models import find_model
from clew.checkers.replay import state_after
from tests.checkers.objects import object_history
from tests.checkers.test_budget import Looked


def test_an_order_is_followed_to_its_end_if_there_is_time() -> None:
    history, model = object_history("append-list", 200, 1, True, 0.0, 0), find_model("append-list")
    (problem,) = encode(history, model)
    order = list(range(len(problem)))
    appended = [event.value for event in history.events() if (event.type, event.f) == ("invoke", "append")]
    assert state_after(order, problem, model, Deadline(60)) == tuple(appended)
    late = Looked(2)
    assert state_after(order, problem, model, late) is None
    assert late.looks == 2


def test_nothing_is_behind_a_step_that_the_model_does_not_allow() -> None:
    history, model = object_history("append-list", 200, 1, True, 0.0, 0), find_model("append-list")
    (problem,) = encode(history, model)
    reads = [op for op in range(len(problem)) if problem.classes[problem.cls[op]].result]
    assert state_after([*reads[-1:], *range(5)], problem, model, Deadline(60)) is None
