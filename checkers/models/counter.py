"""A counter: a number that is added to."""

from __future__ import annotations

from typing import Any

from clew.checkers.models.model import INFO, Model, ModelOperation
from clew.histories.text import value_text


class Counter(Model):
    """`add n`, `read` -> number, `add-and-get n` -> the number afterwards. It starts at 0; n may be negative."""

    name = "counter"
    initial = 0
    functions = ("add", "read", "add-and-get")

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        after = state if op.f == "read" else state + op.argument
        if op.f != "add" and op.outcome != INFO and op.result != after:
            return None
        return after

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f != "read" and type(op.argument) is not int:
            return f"expected {op.f} to have a whole number, found {value_text(op.argument)}"
        if op.f != "add" and op.outcome != INFO and type(op.result) is not int:
            return f"expected {op.f} to return a whole number, found {value_text(op.result)}"
        return None

    def observes(self, op: ModelOperation) -> bool:
        """Reads do, and adding nothing."""
        return op.f == "read" or op.argument == 0

    def addition(self, op: ModelOperation) -> tuple[int, int | None]:
        """See `Model.addition`. A read adds nothing."""
        told = op.f != "add" and op.outcome != INFO
        return 0 if op.f == "read" else op.argument, op.result if told else None
