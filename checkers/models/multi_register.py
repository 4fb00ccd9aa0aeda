"""Several registers that are read and written at once."""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Sequence, Set
from typing import Any, ClassVar

from clew.checkers.models.model import INFO, READ, SWAP, WRITE, Access, Model, ModelOperation, Need
from clew.histories.frozen import freeze
from clew.histories.text import value_text


class MultiRegister(Model):
    """`write {register: value, ...}`, `read [register, ...]` -> {register: value, ...}, and
    `txn [["r", register, null], ["w", register, value], ...]` -> the same list with the values that were read.

    A register's name is a text. Any other name means its JSON, so 1 and "1" are one register: in an object, as a read
    returns it, JSON has texts only. A register that was never written holds None. A state is the frozen set of
    (register, value) of all the others.
    """

    name = "multi-register"
    initial: ClassVar[frozenset[Any]] = frozenset()
    functions = ("read", "write", "txn")

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        content = dict(state)
        for kind, name, value in self._accesses(op):
            if kind == "w":
                content[name] = freeze(value)
            elif op.outcome != INFO and content.get(name) != freeze(value):
                return None
        return frozenset((name, value) for name, value in content.items() if value is not None)

    def _accesses(self, op: ModelOperation) -> list[tuple[str, str, Any]]:
        if op.f == "txn":
            accesses = op.argument if op.outcome == INFO else op.result
            return [(kind, _name(register), value) for kind, register, value in accesses]
        if op.f == "write":
            return [("w", _name(register), value) for register, value in op.argument.items()]
        return [("r", _name(register), value) for register, value in (op.result or {}).items()]

    def cell_accesses(self, op: ModelOperation) -> dict[Any, Access]:
        """See `Model.cell_accesses`. What an operation reads after its own write says nothing about the register."""
        cells: dict[Any, Access] = {}
        for kind, name, value in self._accesses(op):
            before = cells.get(name)
            if kind == "w":
                swaps = before is not None and before[0] in (READ, SWAP)
                cells[name] = (SWAP, before[1], value) if before is not None and swaps else (WRITE, value, None)
            elif before is None and op.outcome != INFO:
                cells[name] = (READ, value, None)
        return cells

    def needs(self, classes: Sequence[ModelOperation]) -> Sequence[Sequence[Need]]:
        """See `Model.needs`: registers with the values that were read in them, before the operation wrote to them."""
        return [
            [
                Need((name, freeze(access[1])), ((name, freeze(access[1])),))
                for name, access in self.cell_accesses(op).items()
                if access[0] in (READ, SWAP)
            ]
            for op in classes
        ]

    def holds(self, state: Any, what: Any) -> bool:
        """See `Model.holds`."""
        return (what in state) if what[1] is not None else all(name != what[0] for name, _ in state)

    def gives(self, op: ModelOperation) -> Sequence[Hashable]:
        """See `Model.gives`: registers with the values that they hold afterwards."""
        cells = self.cell_accesses(op).items()
        return [(name, freeze(access[2 if access[0] == SWAP else 1])) for name, access in cells if access[0] != READ]

    def things(self, op: ModelOperation) -> Collection[Hashable]:
        """See `Model.things`: registers."""
        return tuple(dict.fromkeys(name for _, name, _ in self._accesses(op)))

    def part(self, op: ModelOperation, things: Set[Hashable]) -> ModelOperation | None:
        """See `Model.part`."""
        if not any(thing in things for thing in self.things(op)):
            return None
        if op.f == "txn":
            accesses = [list(access) for access in self._accesses(op) if access[1] in things]
            return op._replace(argument=accesses, result=None if op.outcome == INFO else accesses)
        if op.f == "read":
            return op._replace(argument=None, result={name: v for _, name, v in self._accesses(op) if name in things})
        return op._replace(argument={name: v for _, name, v in self._accesses(op) if name in things}, result=None)

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f == "write" and not isinstance(op.argument, dict):
            return f"expected write to have an object of registers and values, found {value_text(op.argument)}"
        if op.f == "read" and not isinstance(op.argument, list | tuple | None):
            return f"expected read to have a list of registers, found {value_text(op.argument)}"
        if op.f == "read" and op.outcome != INFO:
            if not isinstance(op.result, dict):
                return f"expected read to return an object of registers and values, found {value_text(op.result)}"
            if op.argument is not None and set(map(_name, op.argument)) != set(map(_name, op.result)):
                asked, found = value_text(op.argument), value_text(op.result)
                return f"expected read to return the registers {asked}, found {found}"
        for accesses in (op.argument, op.result if op.outcome != INFO else []) if op.f == "txn" else ():
            if not isinstance(accesses, list | tuple) or not all(map(_is_access, accesses)):
                return f'expected a txn to be a list of ["r" or "w", register, value], found {value_text(accesses)}'
        if op.f == "txn" and op.outcome != INFO and list(map(_told, op.argument)) != list(map(_told, op.result)):
            asked, found = value_text(op.argument), value_text(op.result)
            return f"expected a txn to return {asked} with the values that were read, found {found}"
        return None

    def observes(self, op: ModelOperation) -> bool:
        """Reads do, and transactions that only read."""
        return op.f == "read" or (op.f == "txn" and all(access[0] == "r" for access in op.argument))


def _told(access: Sequence[Any]) -> Hashable:
    """What a client says of an access: everything but the value that is read."""
    kind, register, value = access
    return (kind, _name(register), freeze(value) if kind == "w" else None)


def _name(register: Any) -> str:
    return register if isinstance(register, str) else json.dumps(register)


def _is_access(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 3 and value[0] in ("r", "w")
