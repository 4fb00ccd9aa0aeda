"""Registers: one value that is read, written, and compared and set."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar

from clew.checkers.models.model import (
    DIFFER,
    ENSURE,
    INFO,
    MISMATCH,
    OK,
    READ,
    SWAP,
    WRITE,
    Access,
    Model,
    ModelOperation,
    Need,
)
from clew.histories.frozen import freeze
from clew.histories.text import value_text


def is_pair(value: Any) -> bool:
    """True for [old, new], the value of a compare-and-set."""
    return isinstance(value, list | tuple) and len(value) == 2


class Register(Model):
    """`write v` and `read` -> v. A register that was never written holds None."""

    name = "register"
    initial = (None,)
    functions: ClassVar[Sequence[str]] = ("read", "write")

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`. States are one-tuples, because None is a value of a register and not a state."""
        if op.f == "write":
            return (freeze(op.argument),)
        return state if op.outcome == INFO or freeze(op.result) == state[0] else None

    def observes(self, op: ModelOperation) -> bool:
        """Reads do."""
        return op.f == "read"

    def merge(self, classes: Sequence[ModelOperation]) -> Callable[[Any], Any]:
        """See `Model.merge`. All values that no operation expects or returned are alike."""
        accesses = (self.register_access(op) for op in classes)
        sought = {freeze(access[1]) for access in accesses if access is not None and access[0] != WRITE}
        lost = (object(),)
        return lambda state: state if state[0] in sought else lost

    def register_access(self, op: ModelOperation) -> Access | None:
        """See `Model.register_access`."""
        return (WRITE, op.argument, None) if op.f == "write" else (READ, op.result, None)

    def needs(self, classes: Sequence[ModelOperation]) -> Sequence[Sequence[Need]]:
        """See `Model.needs`: the value that was found."""
        found = list[Sequence[Need]]()
        for op in classes:
            access = self.register_access(op)
            name, value = (WRITE, None) if access is None or op.outcome == INFO else (access[0], freeze(access[1]))
            found.append([Need(value, (value,))] if name in (READ, SWAP) else [])
        return found

    def holds(self, state: Any, what: Any) -> bool:
        """See `Model.holds`."""
        return bool(state[0] == what)

    def gives(self, op: ModelOperation) -> Sequence[Hashable]:
        """See `Model.gives`."""
        access = self.register_access(op)
        assert access is not None
        return (freeze(access[1 if access[0] == WRITE else 2]),) if access[0] in (WRITE, SWAP) else ()


class CasRegister(Register):
    """A register with `cas [old, new]`: it sets `new` if the register holds `old`.

    A compare-and-set that failed says nothing. One that failed with `error: mismatch` is an observation: the register
    held something other than `old` at some moment between invocation and completion.
    """

    name = "cas-register"
    functions = ("read", "write", "cas")

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        if op.f != "cas":
            return super().step(state, op)
        old, new = op.argument
        if op.outcome == MISMATCH:
            return state if state[0] != freeze(old) else None
        return (freeze(new),) if state[0] == freeze(old) else None

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f == "cas" and not is_pair(op.argument):
            return f"expected the value of a cas to be [old, new], found {value_text(op.argument)}"
        return None

    def observes(self, op: ModelOperation) -> bool:
        """Reads do, mismatches, and compare-and-sets from a value to itself."""
        if op.f == "cas":
            return op.outcome == MISMATCH or freeze(op.argument[0]) == freeze(op.argument[1])
        return op.f == "read"

    def register_access(self, op: ModelOperation) -> Access | None:
        """See `Model.register_access`."""
        if op.f != "cas":
            return super().register_access(op)
        old, new = op.argument
        return (DIFFER, old, None) if op.outcome == MISMATCH else (SWAP, old, new)


class VersionedRegister(Model):
    """A register that returns a version with every value. The version grows with every change.

    `read` -> [version, value], or None if the register was never written. `write v` and `cas [old, new]` -> [version,
    value]; any other result means that the system does not tell the version. Such a change made the version grow by at
    least one. A state is (value, version, exact); if not exact, the version is the least that is possible.
    """

    name = "versioned-register"
    initial = (None, 0, True)
    functions = ("read", "write", "cas")

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        value, version, exact = state
        if op.f == "read":
            if op.outcome == INFO:
                return state
            seen, content = op.result if op.result is not None else (0, None)
            if freeze(content) != value or not (seen == version or (seen > version and not exact)):
                return None
            return (value, seen, True)
        new = op.argument
        if op.f == "cas":
            old, new = op.argument
            if (freeze(old) == value) == (op.outcome == MISMATCH):
                return None
            if op.outcome == MISMATCH:
                return state
        if op.outcome == INFO or not self._tells(op):
            return (freeze(new), version + 1, False)
        if op.result[0] <= version or freeze(op.result[1]) != freeze(new):
            return None
        return (freeze(new), op.result[0], True)

    def _tells(self, op: ModelOperation) -> bool:
        """True if the result is [version, value]. If a cas returns its argument [old, new], that tells nothing."""
        return is_pair(op.result) and op.result != op.argument and type(op.result[0]) is int

    def needs(self, classes: Sequence[ModelOperation]) -> Sequence[Sequence[Need]]:
        """See `Model.needs`: versions never fall, and nothing helps against that."""
        found = list[Sequence[Need]]()
        for op in classes:
            told = self.version(op) if op.outcome == OK else None
            found.append([] if told is None else [Need((told[0], freeze(told[1]), op.f == "read"), ())])
        return found

    def holds(self, state: Any, what: Any) -> bool:
        """See `Model.holds`."""
        value, version, _ = state
        return bool(version < what[0] or (version == what[0] and what[2] and value == what[1]))

    def cell_accesses(self, op: ModelOperation) -> dict[Any, Access]:
        """See `Model.cell_accesses`. Without their versions, the values are those of a register."""
        if op.f == "read":
            return {None: (READ, None if op.result is None else op.result[1], None)}
        if op.f == "write":
            return {None: (WRITE, op.argument, None)}
        old, new = op.argument
        return {None: (DIFFER, old, None) if op.outcome == MISMATCH else (SWAP, old, new)}

    def version(self, op: ModelOperation) -> tuple[int, Any] | None:
        """The version and the value that an operation returned; None if it did not tell them. No value is version 0."""
        if op.f == "read":
            return (0, None) if op.result is None else (op.result[0], op.result[1])
        return (op.result[0], op.result[1]) if self._tells(op) else None

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f == "cas" and not is_pair(op.argument):
            return f"expected the value of a cas to be [old, new], found {value_text(op.argument)}"
        if op.f == "read" and op.result is not None and not (is_pair(op.result) and type(op.result[0]) is int):
            return f"expected a read to return [version, value] or null, found {value_text(op.result)}"
        return None

    def observes(self, op: ModelOperation) -> bool:
        """Mismatches do, and reads of unknown outcome. A result may tell a version that was unknown before."""
        return op.outcome == MISMATCH or (op.f == "read" and op.outcome == INFO)


_EMPTY, _NOWHERE = (None,), ("nowhere",)
"""A register without a value, as a record; and a record that it never is."""


class CasByVersion(Model):
    """A register whose values have versions from 0 on, which compare-and-sets expect.

    `init v` sets version 0 of `v` if the register is empty. `cas [version, v]` sets the next version of `v` if the
    register holds `version`. Both -> [version, value] as it is afterwards. `read` -> [version, value], or None if the
    register is empty. `delete` makes it empty.
    """

    name = "cas-by-version"
    initial = ()
    record_initial = _EMPTY
    functions = ("init", "read", "cas", "delete")

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`. A state is () or (version, value)."""
        if op.f == "delete":
            return ()
        if op.f == "cas":
            version, new = op.argument
            if (state != () and state[0] == version) == (op.outcome == MISMATCH):
                return None
            if op.outcome == MISMATCH:
                return state
            state = (version + 1, freeze(new))
        elif op.f == "init" and state == ():
            state = (0, freeze(op.argument))
        if op.outcome == INFO:
            return state
        return state if (() if op.result is None else (op.result[0], freeze(op.result[1]))) == state else None

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f == "cas" and not (is_pair(op.argument) and type(op.argument[0]) is int):
            return f"expected the value of a cas to be [version, value], found {value_text(op.argument)}"
        told = op.f != "delete" and op.outcome == OK and (op.result is not None or op.f != "read")
        if told and not (is_pair(op.result) and type(op.result[0]) is int):
            return f"expected {op.f} to return [version, value], found {value_text(op.result)}"
        return None

    def observes(self, op: ModelOperation) -> bool:
        """Reads do, and mismatches."""
        return op.f == "read" or op.outcome == MISMATCH

    def record_access(self, op: ModelOperation) -> Access | None:
        """See `Model.record_access`. The record is (version, value)."""
        if op.f == "delete":
            return (WRITE, _EMPTY, None)
        told = None
        if op.outcome == OK:
            told = _EMPTY if op.result is None else (op.result[0], freeze(op.result[1]))
        if op.f == "read":
            return (READ, told, None)
        if op.f == "init":
            made = (0, freeze(op.argument))
            return (ENSURE, _EMPTY, made) if told in (None, made) else (READ, told, None)
        version, new = op.argument
        if op.outcome == MISMATCH:
            return (DIFFER, (version,), None)
        made = (version + 1, freeze(new))
        return (SWAP, (version,), made) if told in (None, made) else (READ, _NOWHERE, None)
