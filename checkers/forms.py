"""The forms of problems: special problems that sorting decides, recognized once and passed on.

    RegisterForm    every operation reads, writes or compares and sets one value
    AppendForm      a content that grows by pieces; every piece is written or appended once
    SetForm         a set; every element is added at most once
    ContainerForm   a queue, a stack, a priority queue or a bag; every element is put at most once
    TallyForm       how often each thing was added; reads return all of it
    None            anything else

`competition` chooses an algorithm by the form, `counterexample` decides by it what the other operations may have done,
and `explanation` speaks of values if there are any. Failed operations are in no problem, and so in no form. What
concerns them, `explanation` and `failed_effects` ask the model: what they access, and which values others need.

In a form, values and elements are small integers, and every array has one entry for each operation of the problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from clew.checkers.accesses import accesses_of, set_accesses, times_of
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import Problem
from clew.checkers.models.model import (
    ADD,
    APPEND,
    CONTAINS,
    DIFFER,
    EMPTY,
    PUT,
    READ,
    REMOVE,
    SWAP,
    TAKE,
    TAKE_ANY,
    WRITE,
    Access,
    Model,
)
from clew.histories.frozen import Interned

Ints = NDArray[np.int64]
Kinds = NDArray[np.int8]
Mask = NDArray[np.bool_]

_REGISTER_KINDS = (READ, WRITE, SWAP, DIFFER)
READS, WRITES, SWAPS, DIFFERS = range(4)
"""Kinds of operations on a register. DIFFERS is a compare-and-set that found something else than it expected."""

_CONTAINER_KINDS = (PUT, TAKE, TAKE_ANY, EMPTY)
PUTS, TAKES, TAKES_ANY, EMPTIES = range(4)
"""Kinds of operations on a container. TAKES_ANY is a take of unknown outcome: it took whatever came next. EMPTIES is a
take that found nothing."""
LEFT_OUT = -1
"""The kind of an operation of a container that does not count."""

_SET_KINDS = (ADD, REMOVE, CONTAINS, READ)
ADDS, REMOVES, ASKS, READS_ALL = range(4)
"""Kinds of operations on a set. ASKS asks whether one element is there, READS_ALL returns all elements."""
NO, YES, UNKNOWN = range(3)
"""Answers of a set: whether the element was found, or whether the operation changed the set."""


class RegisterForm(msgspec.Struct, frozen=True, eq=False):
    """A problem as reads, writes and compare-and-sets of one register."""

    problem: Problem
    kind: Kinds
    """READS, WRITES, SWAPS or DIFFERS. A compare-and-set from a value to itself is a read."""
    needs: Ints
    """The value that the register must hold; for DIFFERS the value that it must not hold; -1 for a write."""
    sets: Ints
    """The value that the register holds afterwards; -1 if it does not change."""
    initial: int
    """The number of the value that the register holds at first."""
    values: int
    """How many values there are."""

    @property
    def values_set_once(self) -> bool:
        """True if no value is set twice, nor the initial one at all. Operations of unknown outcome count."""
        # The first count is of the operations that set nothing.
        times = np.bincount(self.sets + 1, minlength=self.values + 1)
        return not times[self.initial + 1] and not np.count_nonzero(times[1:] > 1)

    @property
    def has_mismatches(self) -> bool:
        """Whether a compare-and-set found something else than it expected."""
        return bool(np.count_nonzero(self.kind == DIFFERS))

    def only(self, kept: Ints, problem: Problem) -> RegisterForm:
        """The form of `problem`, which holds the operations `kept` of this one, in this order."""
        return replace(self, problem=problem, kind=self.kind[kept], needs=self.needs[kept], sets=self.sets[kept])


class AppendForm(msgspec.Struct, frozen=True, eq=False):
    """A problem as reads, writes and appends of a content, in which no piece is written or appended twice.

    A content tells which pieces it is made of. So it tells which operations made it, and in which order.
    """

    problem: Problem
    piece: Ints
    """What the operation appends or writes: a number from 1; -1 for a read."""
    appended: Mask
    """True for an append."""
    content: tuple[tuple[int, ...] | None, ...]
    """What the operation read, as pieces; None for one that is no read. A part that is no piece has the number
    `pieces` + 1, and the content ends with it."""
    pieces: int
    """How many pieces there are."""

    def only(self, kept: Ints, problem: Problem) -> AppendForm:
        """The form of `problem`, which holds the operations `kept` of this one, in this order."""
        content = tuple(self.content[op] for op in kept.tolist())
        return replace(self, problem=problem, piece=self.piece[kept], appended=self.appended[kept], content=content)


class SetForm(msgspec.Struct, frozen=True, eq=False):
    """A problem as operations on a set to which no element is added twice.

    Either no operation removes anything, or none reads the whole set: together they have no form.
    """

    problem: Problem
    kind: Kinds
    """ADDS, REMOVES, ASKS or READS_ALL."""
    element: Ints
    """The element; -1 for an operation that reads all."""
    answer: Kinds
    """NO, YES or UNKNOWN."""
    elements: int
    """How many elements there are."""
    reading: Ints
    """The operations that read all, in their order. The i-th returned `content[starts[i] : starts[i + 1]]`."""
    starts: Ints
    content: Ints
    """Elements, sorted within each read. The number `elements` stands for something that can be in no set."""


class ContainerForm(msgspec.Struct, frozen=True, eq=False):
    """A problem as puts and takes of a container to which no element is put twice."""

    problem: Problem
    discipline: str
    """Which element is taken next; see `Model.discipline`."""
    kind: Kinds
    """PUTS, TAKES, TAKES_ANY, EMPTIES or LEFT_OUT."""
    element: Ints
    """The element; -1 if it has none or it is unknown; `elements` if no operation puts it. If the model compares
    elements, their numbers compare as they do."""
    elements: int
    """How many elements are put."""


class TallyForm(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A problem as adds and reads of how often each thing was added."""

    problem: Problem
    thing: Ints
    """What the operation adds; -1 for a read."""
    read: Ints
    """What the operation found: an index into `found`; -1 for an add."""
    found: tuple[dict[int, int], ...]
    """What reads found, each once: how often each thing was there. A thing that was not there is left out. The first
    is empty, as the tally is at first."""
    grown: dict[tuple[int, int], dict[int, int] | None] = msgspec.field(default_factory=dict)
    """What `growth` has answered."""

    @cached_property
    def totals(self) -> tuple[int, ...]:
        """How much there is in each of `found`."""
        return tuple(sum(found.values()) for found in self.found)

    def growth(self, before: int, after: int) -> dict[int, int] | None:
        """What was added from one to another of `found`: how often each thing; None if the second has less of one.

        O(what was found), once for each two.
        """
        if (before, after) not in self.grown:
            less, more = self.found[before], self.found[after]
            grown = None
            if all(more.get(thing, 0) >= often for thing, often in less.items()):
                grown = {thing: often - less.get(thing, 0) for thing, often in more.items() if less.get(thing) != often}
            self.grown[before, after] = grown
        return self.grown[before, after]


Form = RegisterForm | AppendForm | SetForm | ContainerForm | TallyForm


def form_of(problem: Problem, model: Model, deadline: Deadline | None = None) -> Form | None:
    """The form of a problem, or None if only a search can decide it, or if the deadline passes.

    O(n log n), and with all that is read.
    """
    return (
        register_form(problem, model)
        or append_form(problem, model)
        or set_form(problem, model, deadline)
        or container_form(problem, model)
        or tally_form(problem, model)
    )


def register_form(problem: Problem, model: Model) -> RegisterForm | None:
    """The problem as one of a register, or None if the model has an operation that is none of a register."""
    accesses = accesses_of(problem, model.register_access)
    return None if accesses is None else register_of(problem, accesses, model.register_initial)


def register_of(problem: Problem, accesses: Sequence[Access], first_value: Any) -> RegisterForm:
    """The form of a problem whose classes access a register like this. It holds `first_value` at first."""
    values = Interned()
    initial = values.code(first_value)
    kinds, needs, sets = [], [], []
    for name, first, second in accesses:
        value = values.code(first)
        kind, needed, new = _REGISTER_KINDS.index(name), value, -1
        if name == WRITE:
            needed, new = -1, value
        elif name == SWAP:
            new = values.code(second)
            if new == value:
                kind, new = READS, -1
        kinds.append(kind)
        needs.append(needed)
        sets.append(new)
    cls = problem.cls.astype(np.intp)
    return RegisterForm(
        problem,
        np.array(kinds, np.int8)[cls],
        np.array(needs, np.int64)[cls],
        np.array(sets, np.int64)[cls],
        initial,
        len(values),
    )


def append_form(problem: Problem, model: Model) -> AppendForm | None:
    """The problem as one of appends.

    None if an operation is something else, or if a piece occurs twice, is empty, or begins with another piece: then a
    content could be taken apart in two ways.
    """
    accesses = accesses_of(problem, model.content_access)
    if accesses is None:
        return None
    numbers: dict[Any, int] = {}
    for (name, content, _), times in zip(accesses, times_of(problem), strict=True):
        if name != READ:
            if times > 1 or content in numbers or not content:
                return None
            numbers[content] = len(numbers) + 1
    ordered = sorted(numbers, key=lambda piece: piece if isinstance(piece, str) else repr(piece))
    if any(isinstance(one, str) and two.startswith(one) for one, two in pairwise(ordered)):
        return None
    lengths = sorted({len(piece) for piece in numbers})
    written = {content for name, content, _ in accesses if name not in (READ, APPEND)}
    contents = [
        _take_apart(content, numbers, lengths, written) if name == READ else None for name, content, _ in accesses
    ]
    piece = np.array([-1 if name == READ else numbers[content] for name, content, _ in accesses], np.int64)
    appended = np.array([name == APPEND for name, _, _ in accesses], np.bool_)
    cls = problem.cls
    content = tuple(contents[number] for number in cls.tolist())
    return AppendForm(problem, piece[cls], appended[cls], content, len(numbers))


def _take_apart(content: Any, numbers: dict[Any, int], lengths: list[int], written: set[Any]) -> tuple[int, ...]:
    """The pieces of a content. Only the first can have been written. It ends at the first part that is no piece."""
    parts: list[int] = []
    offset = 0
    while offset < len(content):
        for length in lengths:
            part = content[offset : offset + length]
            number = numbers.get(part)
            if number is not None and not (parts and part in written):
                parts.append(number)
                offset += length
                break
        else:
            return (*parts, len(numbers) + 1)
    return tuple(parts)


def set_form(problem: Problem, model: Model, deadline: Deadline | None = None) -> SetForm | None:
    """The problem as one of a set.

    None if an operation is something else, if an element is added twice, or if there are both removes and reads of the
    whole set, or if the deadline passes.
    """
    accesses = set_accesses(problem, model, deadline)
    if accesses is None:
        return None
    numbers: dict[Any, int] = {}
    kind = np.array([_SET_KINDS.index(access[0]) for access in accesses], np.int8)
    element = np.full(len(accesses), -1, np.int64)
    answer = np.full(len(accesses), UNKNOWN, np.int8)
    added = set()
    for number, (access, times) in enumerate(zip(accesses, times_of(problem), strict=True)):
        name, what, answered = access
        if name == READ:
            continue
        element[number] = numbers.setdefault(what, len(numbers))
        if answered is not None:
            answer[number] = YES if answered else NO
        if name == ADD:
            if times > 1 or what in added:
                return None
            added.add(what)
    if (kind == READS_ALL).any() and (kind == REMOVES).any():
        return None
    nothing = len(numbers)
    contents = {
        number: [nothing] if what is None else sorted(numbers.get(one, nothing) for one in what)
        for number, (name, what, _) in enumerate(accesses)
        if name == READ
    }
    cls = problem.cls
    reading = np.flatnonzero(kind[cls] == READS_ALL)
    lengths = [len(contents[one]) for one in cls[reading].tolist()]
    starts = np.concatenate(([0], np.cumsum(np.array(lengths, np.int64)))).astype(np.int64)
    content = np.array([one for op in cls[reading].tolist() for one in contents[op]], np.int64)
    return SetForm(problem, kind[cls], element[cls], answer[cls], len(numbers), reading, starts, content)


def container_form(problem: Problem, model: Model) -> ContainerForm | None:
    """The problem as one of a container, or None if an operation is something else or an element is put twice."""
    accesses = None if model.discipline is None else accesses_of(problem, model.container_access)
    if accesses is None or model.discipline is None:
        return None
    put: list[Any] = []
    for (name, what, _), times in zip(accesses, times_of(problem), strict=True):
        if name == PUT:
            if times > 1:
                return None
            put.append(what)
    numbers = {element: number for number, element in enumerate(sorted(put) if model.discipline == "least" else put)}
    if len(numbers) < len(put):
        return None
    kind = np.array([_CONTAINER_KINDS.index(access[0]) for access in accesses], np.int8)
    element = np.array(
        [numbers.get(what, len(numbers)) if name in (PUT, TAKE) else -1 for name, what, _ in accesses], np.int64
    )
    cls = problem.cls
    return ContainerForm(problem, model.discipline, kind[cls], element[cls], len(numbers))


def tally_form(problem: Problem, model: Model) -> TallyForm | None:
    """The problem as one of things that are counted, or None if an operation is something else."""
    accesses = accesses_of(problem, model.tally_access)
    if accesses is None:
        return None
    numbers: dict[Any, int] = {}
    places: dict[frozenset[tuple[int, int]], int] = {frozenset(): 0}
    thing, read = np.full((2, len(accesses)), -1, np.int64)
    for number, (name, what, _) in enumerate(accesses):
        if name == ADD:
            thing[number] = numbers.setdefault(what, len(numbers))
        else:
            found = frozenset((numbers.setdefault(one, len(numbers)), often) for one, often in what.items())
            read[number] = places.setdefault(found, len(places))
    cls = problem.cls
    return TallyForm(problem, thing[cls], read[cls], tuple(map(dict, places)))


def container_kinds(problem: Problem, model: Model) -> tuple[Kinds, Ints]:
    """The kind of each operation of a container, and the number of its element; -1 if it has none or it is unknown.

    For containers to which elements are put many times: equal elements have equal numbers. O(n).
    """
    accesses = accesses_of(problem, model.container_access)
    assert accesses is not None
    numbers: dict[Any, int] = {}
    kind = np.array([_CONTAINER_KINDS.index(name) for name, _, _ in accesses], np.int8)
    element = np.array(
        [numbers.setdefault(what, len(numbers)) if name in (PUT, TAKE) else -1 for name, what, _ in accesses], np.int64
    )
    return kind[problem.cls], element[problem.cls]
