"""Registers: one value that is read, written, and compared and set."""

from __future__ import annotations

from typing import Any

from checkers.models.model import DIFFER, INFO, MISMATCH, READ, SWAP, WRITE, Access, Model, Operation
from histories.history import freeze


class Register(Model):
    """`write v` and `read` -> v. A register that was never written holds None."""

    name = "register"
    initial = (None,)

    def step(self, state: Any, op: Operation) -> Any:
        """See `Model.step`. States are one-tuples, because None is a value of a register and not a state."""
        if op.f == "write":
            return (freeze(op.argument),)
        return state if op.outcome == INFO or freeze(op.result) == state[0] else None

    def problem(self, op: Operation) -> str | None:
        """See `Model.problem`."""
        if op.f not in ("read", "write"):
            return f"a {self.name} knows read and write, found {op.f!r}"
        return None

    def observes(self, op: Operation) -> bool:
        """Reads do."""
        return op.f == "read"

    def register_access(self, op: Operation) -> Access | None:
        """See `Model.register_access`."""
        return (WRITE, op.argument, None) if op.f == "write" else (READ, op.result, None)


class CasRegister(Register):
    """A register with `cas [old, new]`: it sets `new` if the register holds `old`.

    A compare-and-set that failed says nothing, unless it failed with `error: mismatch`: then the register held
    something other than `old` at some moment between invocation and completion.
    """

    name = "cas-register"

    def step(self, state: Any, op: Operation) -> Any:
        """See `Model.step`."""
        if op.f != "cas":
            return super().step(state, op)
        old, new = op.argument
        if op.outcome == MISMATCH:
            return state if state[0] != freeze(old) else None
        return (freeze(new),) if state[0] == freeze(old) else None

    def problem(self, op: Operation) -> str | None:
        """See `Model.problem`."""
        if op.f not in ("read", "write", "cas"):
            return f"a {self.name} knows read, write and cas, found {op.f!r}"
        if op.f == "cas" and not (isinstance(op.argument, list | tuple) and len(op.argument) == 2):
            return f"expected the value of a cas to be [old, new], found {op.argument!r}"
        if op.outcome == MISMATCH and op.f != "cas":
            return f"only a cas can fail with a mismatch, found {op.f!r}"
        return None

    def observes(self, op: Operation) -> bool:
        """Reads do, failed compare-and-sets, and those that set what they found."""
        if op.f == "cas":
            return op.outcome == MISMATCH or freeze(op.argument[0]) == freeze(op.argument[1])
        return op.f == "read"

    def register_access(self, op: Operation) -> Access | None:
        """See `Model.register_access`."""
        if op.f != "cas":
            return super().register_access(op)
        old, new = op.argument
        return (DIFFER, old, None) if op.outcome == MISMATCH else (SWAP, old, new)
