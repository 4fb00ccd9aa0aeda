"""A lock."""

from __future__ import annotations

from typing import Any

from clew.checkers.models.model import Model, ModelOperation
from clew.histories.frozen import freeze

_FREE = ("free",)


class Mutex(Model):
    """`acquire` and `release`. The owner is the value of the operation, or its process if there is no value.

    Only the owner can release the lock. While it is held it cannot be acquired, not even by the owner.
    """

    name = "mutex"
    initial = _FREE
    functions = ("acquire", "release")
    by_process = True

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        owner = ("process", op.process) if op.argument is None else ("owner", freeze(op.argument))
        if op.f == "acquire":
            return owner if state == _FREE else None
        return _FREE if state == owner else None
