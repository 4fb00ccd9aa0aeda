"""A write-once object: the first proposal is decided, for ever."""

from __future__ import annotations

from typing import Any

from clew.checkers.models.model import INFO, Model, ModelOperation
from clew.histories.frozen import freeze


class Consensus(Model):
    """`propose v` -> the value that is decided, v or an earlier one; `read` -> the decided value, null before."""

    name = "consensus"
    initial = (None,)
    functions = ("propose", "read")

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`. States are one-tuples, because None says that nothing is decided."""
        after = (freeze(op.argument),) if op.f == "propose" and state == self.initial else state
        return after if op.outcome == INFO or freeze(op.result) == after[0] else None

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f == "propose" and op.argument is None:
            return "expected propose to have a value that is not null"
        return None

    def observes(self, op: ModelOperation) -> bool:
        """Reads do, and proposals that returned another value than their own."""
        return op.f == "read" or (op.outcome != INFO and freeze(op.result) != freeze(op.argument))
