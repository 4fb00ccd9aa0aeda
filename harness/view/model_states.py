"""The states that a run goes through, in the order of the operations that the checker found, as a person reads them."""

from __future__ import annotations

from typing import Any

from clew.harness.store.record import Record
from clew.histories.text import state_text


class ModelStates:
    """The states that a run goes through, as its model writes them. The history is encoded once, for all keys."""

    def __init__(self, run: Record) -> None:
        from clew.checkers.encoding import encode
        from clew.checkers.models import find_model

        self._model: Any = None
        self._step: dict[int, Any] = {}
        if run.model is None or not run.keys:
            return
        try:
            model = find_model(run.model)
            problems = encode(run.history, model)
        except ValueError:
            return
        self._model = model
        for problem in problems:
            for number, cls in zip(problem.number.tolist(), problem.cls.tolist(), strict=True):
                self._step[number] = problem.classes[cls]

    def along(self, order: list[int]) -> list[str]:
        """The state after each operation of an order; empty texts if the model is not known."""
        if self._model is None:
            return [""] * len(order)
        state: Any = self._model.initial
        told = []
        for number in order:
            if state is not None and number in self._step:
                state = self._model.step(state, self._step[number])
            told.append("" if state is None else plain(state))
        return told


def plain(state: object) -> str:
    """A state of a model in a few characters."""
    return "nil" if state is None or state == (None,) else state_text(state, 40)
