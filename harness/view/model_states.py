"""The states that a model goes through, as text."""

from __future__ import annotations

from typing import Any

from clew.harness.store.record import Record
from clew.histories.text import state_text

LONGEST = 40
"""Characters of a state that are shown."""


class ModelStates:
    """The states of a run's model. The history is encoded once, for all keys."""

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

    def after_each(self, order: list[int]) -> list[str]:
        """The state after each operation of a linearization; empty texts if the model is not known."""
        if self._model is None:
            return [""] * len(order)
        state: Any = self._model.initial
        texts = []
        for number in order:
            if state is not None and number in self._step:
                state = self._model.step(state, self._step[number])
            texts.append("" if state is None else _text(state))
        return texts


def _text(state: object) -> str:
    return "nil" if state is None or state == (None,) else state_text(state, LONGEST)
