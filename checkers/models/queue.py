"""Containers that give every element once: queues, a stack, a priority queue.

A `dequeue`, `pop` or `delete-min` that returns null found the container empty. If its outcome is unknown and
it took effect, it took any one of the elements.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Hashable, Sequence, Set
from typing import Any, ClassVar

from clew.checkers.models.model import EMPTY, INFO, PUT, TAKE, TAKE_ANY, Access, Model, ModelOperation, Need
from clew.histories.frozen import freeze
from clew.histories.text import value_text

_FEW_ELEMENTS, _MOST_TIMES = 8, 4
"""What a take of a priority queue says of the elements that are smaller; see `PriorityQueue.needs`."""


def _things(access: Access | None) -> tuple[Hashable, ...]:
    return (access[1],) if access is not None and access[0] in (PUT, TAKE) else ()


def _access(put: str, op: ModelOperation) -> Access:
    if op.f == put:
        return (PUT, freeze(op.argument), None)
    if op.outcome == INFO:
        return (TAKE_ANY, None, None)
    return (EMPTY, None, None) if op.result is None else (TAKE, freeze(op.result), None)


class _Container(Model):
    """A sequence of elements. Subclasses say where an element is put and which one is taken."""

    initial = ()

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        if op.f == self.functions[0]:
            return self.put(state, op.argument)
        if not state:
            return state if op.outcome != INFO and op.result is None else None
        element, rest = self.take(state)
        return rest if op.outcome == INFO or element == freeze(op.result) else None

    def put(self, state: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
        """The elements after a put."""
        return (*state, freeze(value))

    def take(self, state: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        """The element that leaves next, and the others."""
        return state[0], state[1:]

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f == self.functions[0] and op.argument is None:
            return f"expected {op.f} to have a value that is not null"
        return None

    def observes(self, op: ModelOperation) -> bool:
        """Only takes that found the container empty."""
        return op.f != self.functions[0] and op.outcome != INFO and op.result is None

    def container_access(self, op: ModelOperation) -> Access | None:
        """See `Model.container_access`."""
        return _access(self.functions[0], op)

    def things(self, op: ModelOperation) -> Collection[Hashable]:
        """See `Model.things`: elements."""
        return _things(self.container_access(op))

    def part(self, op: ModelOperation, things: Set[Hashable]) -> ModelOperation | None:
        """See `Model.part`. Without an element, its put and its take, all others come as they came."""
        return op if all(thing in things for thing in self.things(op)) else None


class FifoQueue(_Container):
    """`enqueue v`, `dequeue` -> the oldest element, null if there is none."""

    name = "fifo-queue"
    discipline: ClassVar[str | None] = "oldest"
    functions = ("enqueue", "dequeue")


class Stack(_Container):
    """`push v`, `pop` -> the newest element, null if there is none."""

    name = "stack"
    discipline: ClassVar[str | None] = "newest"
    functions = ("push", "pop")

    def take(self, state: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        """The last one in."""
        return state[-1], state[:-1]


class PriorityQueue(_Container):
    """`insert n`, `delete-min` -> the least number, null if there is none."""

    name = "priority-queue"
    discipline: ClassVar[str | None] = "least"
    functions = ("insert", "delete-min")

    def put(self, state: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
        """Kept sorted."""
        elements = list(state)
        insort(elements, value)
        return tuple(elements)

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f == "insert" and type(op.argument) is not int:
            return f"expected insert to have a whole number, found {value_text(op.argument)}"
        if op.f == "delete-min" and op.outcome != INFO and op.result is not None and type(op.result) is not int:
            return f"expected delete-min to return a whole number or null, found {value_text(op.result)}"
        return None

    def things(self, op: ModelOperation) -> Collection[int]:
        """See `Model.things`: whole numbers."""
        return [thing for thing in _things(self.container_access(op)) if type(thing) is int]

    def part(self, op: ModelOperation, things: Set[Any]) -> ModelOperation | None:
        """See `Model.part`. A take of a greater element found none of these."""
        if op.f == "delete-min" and type(op.result) is int and op.result > max(things):
            return op._replace(result=None)
        return super().part(op, things)

    def needs(self, classes: Sequence[ModelOperation]) -> Sequence[Sequence[Need]]:
        """See `Model.needs`. What is taken must be there; each smaller element there must be taken first.

        A smaller element that is there k times must be taken k times: said for k up to `_MOST_TIMES`, and only if there
        are few different elements.
        """
        elements = sorted({op.argument for op in classes if op.f == "insert"})
        found = list[list[Need]]()
        for op in classes:
            found.append([])
            if op.f != "delete-min" or op.outcome == INFO:
                continue
            if op.result is not None:
                found[-1].append(Need((op.result, 0), (("insert", op.result),)))
            smaller = [one for one in elements if op.result is None or one < op.result]
            for one in smaller if len(smaller) <= _FEW_ELEMENTS else ():
                takes = (("take", one), ("take", None))
                found[-1] += [Need((one, times), takes, times) for times in range(1, _MOST_TIMES + 1)]
        return found

    def holds(self, state: Any, what: Any) -> bool:
        """See `Model.holds`: (element, 0) is there; (element, k) is there less than k times."""
        element, times = what
        return (element in state) if times == 0 else state.count(element) < times

    def gives(self, op: ModelOperation) -> Sequence[Hashable]:
        """See `Model.gives`."""
        if op.f == "insert":
            return (("insert", op.argument),)
        # A take of unknown outcome took any element. One that found nothing took none.
        return (("take", None),) if op.outcome == INFO else () if op.result is None else (("take", op.result),)


class UnorderedQueue(Model):
    """`enqueue v`, `dequeue` -> any element, null if there is none.

    After a dequeue of unknown outcome any element may be gone, so a state stands for many possible contents. It is a
    tuple of groups of elements. Between each group and the next one a dequeue of unknown outcome took an element of the
    groups before it. Each element of a state may still be there.
    """

    name = "unordered-queue"
    discipline: ClassVar[str | None] = "any"
    initial = ((),)
    functions = ("enqueue", "dequeue")

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        if op.f == "enqueue":
            return (*state[:-1], tuple(sorted((*state[-1], freeze(op.argument)), key=repr)))
        if op.outcome == INFO:
            return _left((*state, ()))
        if op.result is None:
            return None if any(state) else state
        element = freeze(op.result)
        # Of equal elements the last one: an unknown take that may have taken it may have taken any of the others.
        last = next((place for place in reversed(range(len(state))) if element in state[place]), None)
        if last is None:
            return None
        taken = state[last].index(element)
        return _left((*state[:last], (*state[last][:taken], *state[last][taken + 1 :]), *state[last + 1 :]))

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f == "enqueue" and op.argument is None:
            return "expected enqueue to have a value that is not null"
        return None

    def container_access(self, op: ModelOperation) -> Access | None:
        """See `Model.container_access`."""
        return _access("enqueue", op)

    def things(self, op: ModelOperation) -> Collection[Hashable]:
        """See `Model.things`: elements."""
        return _things(self.container_access(op))

    def part(self, op: ModelOperation, things: Set[Hashable]) -> ModelOperation | None:
        """See `Model.part`. Without an element, its put and its take, all others come as they came."""
        return op if all(thing in things for thing in self.things(op)) else None


def _left(groups: tuple[tuple[Hashable, ...], ...]) -> tuple[tuple[Hashable, ...], ...] | None:
    """The state with these groups; None if they have too few elements for the takes of unknown outcome.

    Each unknown take can have taken an element of its own exactly if at least t elements came before the take number t,
    for every t (P. Hall, "On representatives of subsets", 1935). If they were just t, all of them are gone, and nothing
    else is known of these takes.
    """
    came = sure = 0
    for take, group in enumerate(groups[:-1], 1):
        came += len(group)
        if came < take:
            return None
        if came == take:
            sure = take
    return groups[sure:]
