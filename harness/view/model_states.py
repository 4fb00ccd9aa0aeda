"""The states that a model goes through, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clew.harness.store.record import Record
from clew.histories.text import state_text

if TYPE_CHECKING:
    from clew.checkers.encoding import Problem

LONGEST = 40
"""Characters of a state that are shown."""


class ModelStates:
    """The states of a run's model. The history is encoded once, for all keys."""

    def __init__(self, run: Record) -> None:
        from clew.checkers.encoding import encode
        from clew.checkers.models import find_model

        self.model: Any = None
        """The model; None if it is not known, or if no key was judged."""
        self.problems: list[Problem] = []
        """The problems of all keys."""
        self._step: dict[int, Any] = {}
        if run.model is None or not run.keys:
            return
        try:
            model = find_model(run.model)
            problems = encode(run.history, model)
        except ValueError:
            return
        self.model, self.problems = model, problems
        for problem in problems:
            for number, cls in zip(problem.number.tolist(), problem.cls.tolist(), strict=True):
                self._step[number] = problem.classes[cls]

    def after_each(self, order: list[int]) -> list[str]:
        """The state after each operation of a linearization; empty texts if the model is not known."""
        if self.model is None:
            return [""] * len(order)
        state: Any = self.model.initial
        texts = []
        for number in order:
            if state is not None and number in self._step:
                state = self.model.step(state, self._step[number])
            texts.append("" if state is None else _text(state, self.model.initial))
        return texts


def _text(state: object, initial: object) -> str:
    return "nil" if state is None or state == (None,) else state_text(state, initial, LONGEST)
