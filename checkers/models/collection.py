"""Sets and lists: collections that are read as a whole."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from collections.abc import Set as Abstract
from typing import Any, ClassVar

from clew.checkers.models.model import ADD, APPEND, CONTAINS, INFO, READ, REMOVE, Access, Model, ModelOperation, Need
from clew.histories.frozen import freeze, freeze_all, thaw
from clew.histories.text import value_text


class Set(Model):
    """`add v`, `remove v`, `contains v` -> true or false, `read` -> all elements, in any order.

    `add` and `remove` may return true or false: whether they changed the set. Any other result says nothing.
    """

    name = "set"
    initial: ClassVar[frozenset[Any]] = frozenset()
    functions = ("add", "remove", "contains", "read")

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        if op.f == "read":
            if op.outcome == INFO:
                return state
            elements = freeze_all(op.result)
            return state if elements == state and len(op.result) == len(state) else None
        element = freeze(op.argument)
        there = element in state
        if op.f == "contains":
            return state if op.outcome == INFO or op.result is there else None
        if isinstance(op.result, bool) and op.result is not op.argument and op.result is (there == (op.f == "add")):
            return None
        return state | {element} if op.f == "add" else state - {element}

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f == "contains" and op.outcome != INFO and not isinstance(op.result, bool):
            return f"expected contains to return true or false, found {value_text(op.result)}"
        if op.f == "read" and op.outcome != INFO and not isinstance(op.result, list | tuple | set | frozenset):
            return f"expected a read of a set to return a list, found {value_text(op.result)}"
        return None

    def observes(self, op: ModelOperation) -> bool:
        """See `Model.observes`."""
        return op.f in ("contains", "read")

    def needs(self, classes: Sequence[ModelOperation]) -> Sequence[Sequence[Need]]:
        """See `Model.needs`: elements, and whether they are there."""
        accesses = [self.set_access(op) for op in classes]
        elements = list({access[1]: None for access in accesses if access[0] != READ})
        found = list[list[Need]]()
        for op, (name, what, answer) in zip(classes, accesses, strict=True):
            if op.outcome == INFO or what is None:
                found.append([])
            elif name == READ:
                found.append([Need((one, one in what), ((one, one in what),)) for one in elements])
            else:
                need = (what, answer is not (name == ADD))
                found.append([] if answer is None else [Need(need, (need,))])
        return found

    def holds(self, state: Any, what: Any) -> bool:
        """See `Model.holds`."""
        return (what[0] in state) is what[1]

    def gives(self, op: ModelOperation) -> Sequence[Hashable]:
        """See `Model.gives`."""
        return ((freeze(op.argument), op.f == "add"),) if op.f in ("add", "remove") else ()

    def things(self, op: ModelOperation) -> Collection[Hashable]:
        """See `Model.things`: elements."""
        return tuple(map(freeze, op.result or ())) if op.f == "read" else (freeze(op.argument),)

    def part(self, op: ModelOperation, things: Abstract[Hashable]) -> ModelOperation | None:
        """See `Model.part`. To read the whole set is to ask for one element, if this is the only one."""
        name, what, _ = self.set_access(op)
        if name != READ:
            return op if what in things else None
        if what is None or op.outcome == INFO:
            return op
        if len(things) > 1:
            return op._replace(result=[one for one in op.result if freeze(one) in things])
        (one,) = things
        return op._replace(f="contains", argument=thaw(one), result=one in what)

    def set_access(self, op: ModelOperation) -> Access:
        """See `Model.set_access`."""
        if op.f == "read":
            elements = freeze_all(op.result or ())
            return (READ, elements if op.outcome == INFO or len(elements) == len(op.result) else None, None)
        if op.f == "contains":
            return (CONTAINS, freeze(op.argument), op.result)
        changed = op.result if isinstance(op.result, bool) and op.result is not op.argument else None
        return (ADD if op.f == "add" else REMOVE, freeze(op.argument), changed)


class AppendList(Model):
    """`append v` and `read` -> the list of everything appended, in order. The empty list reads as [] or null."""

    name = "append-list"
    initial = ()
    functions = ("append", "read")

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        if op.f == "append":
            return (*state, freeze(op.argument))
        return state if op.outcome == INFO or tuple(map(freeze, op.result or ())) == state else None

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f == "read" and op.result is not None and not isinstance(op.result, list | tuple):
            return f"expected a read of a list to return a list, found {value_text(op.result)}"
        return None

    def observes(self, op: ModelOperation) -> bool:
        """Reads do."""
        return op.f == "read"

    def version(self, op: ModelOperation) -> tuple[int, Any] | None:
        """See `Model.version`: the length of a list that was read."""
        return (len(op.result or ()), None) if op.f == "read" else None

    def things(self, op: ModelOperation) -> Collection[Hashable]:
        """See `Model.things`: elements."""
        return (freeze(op.argument),) if op.f == "append" else tuple(map(freeze, op.result or ()))

    def part(self, op: ModelOperation, things: Abstract[Hashable]) -> ModelOperation | None:
        """See `Model.part`. Without some of its elements a list is a list of the others."""
        if op.f == "append":
            return op if freeze(op.argument) in things else None
        return op._replace(result=[one for one in op.result or () if freeze(one) in things])

    def content_access(self, op: ModelOperation) -> Access | None:
        """See `Model.content_access`."""
        if op.f == "append":
            return (APPEND, (freeze(op.argument),), None)
        return (READ, tuple(map(freeze, op.result or ())), None)
