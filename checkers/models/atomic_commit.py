"""A transaction that is committed at all its participants, or aborted at all of them."""

from __future__ import annotations

from typing import Any

from clew.checkers.models.model import INFO, Model, ModelOperation
from clew.histories.text import value_text

COMMITTED, ABORTED = "committed", "aborted"
_FREE = (ABORTED, COMMITTED)


class AtomicCommit(Model):
    """`submit n` -> "committed" or "aborted"; `read` -> the same, null before.

    n is how many participants refuse the transaction that the client asks for. The first submit begins it, and all
    others are told how it ended. If anybody refuses, it is aborted. If nobody does, it is committed or aborted:
    a participant that cannot be reached may have to be taken for one that refuses.

    A state is what can still be decided: nothing was submitted (), both are possible, or one of them.
    """

    name = "atomic-commit"
    initial = ()
    functions = ("submit", "read")

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`. Both stay possible until somebody is told: no earlier answer depends on it."""
        after = ((ABORTED,) if op.argument else _FREE) if op.f == "submit" and state == () else state
        if op.outcome == INFO:
            return after
        if op.result is None:
            return after if after == () else None
        return (op.result,) if op.result in after else None

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f == "submit" and (type(op.argument) is not int or op.argument < 0):
            return f"expected submit to have a whole number from 0 on, found {value_text(op.argument)}"
        if op.outcome == INFO or op.result in _FREE or (op.f == "read" and op.result is None):
            return None
        return f'expected {op.f} to return "{COMMITTED}" or "{ABORTED}", found {value_text(op.result)}'

    def observes(self, op: ModelOperation) -> bool:
        """Reads that were told nothing do. A read that is told an outcome decides between the two."""
        return op.f == "read" and op.result is None
