"""A cell: one value that operations find and set. What cannot have happened to a cell, as data.

A register is a cell. So is one register of several, and the presence of one element in a set.

    first, last     operations on the cell that returned; each found it at a value, or set it to one
    arrivals of v   how often the cell can have come to hold v: once for each operation that sets v, whatever its
                    outcome, and once more if v is the initial value

An operation that sets a value can have taken effect only between its call and its return. So what a rule says holds
whether or not the operations that it does not name took effect, and whatever they returned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations, permutations
from typing import Any

import msgspec
import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.evidence.sentences.past import Past
from clew.checkers.forms import Ints, Mask
from clew.checkers.models.model import DIFFER, SWAP, WRITE, Access
from clew.histories.frozen import Interned

NO_VALUE = -1


class Cell(msgspec.Struct, frozen=True):
    """The operations of a problem, by what they found in a cell and set it to. Values are numbers."""

    past: Past
    found: Ints
    """The value that the operation found, as its answer tells; -1 if it tells none."""
    sets: Ints
    """The value that the operation sets; -1 if it sets none."""
    misses: Ints
    """The value that the operation did not find: it found another; -1 for most operations."""
    initial: int
    """The value at first."""
    values: Interned
    """The values by their numbers."""

    def value(self, op: int) -> int:
        """The value of the cell right after an operation that returned; -1 if that is not known."""
        if self.past.ret[op] == NEVER:
            return NO_VALUE
        return int(self.sets[op] if self.sets[op] >= 0 else self.found[op])

    def setters(self, value: int, until: int) -> Mask:
        """The operations that set a value and were called before `until` returned."""
        setters: Mask = (self.sets == value) & self.past.begun(until)
        return setters

    def arrivals(self, value: int, until: int) -> int:
        """How often the cell can have come to hold a value before `until` returned. `until` itself does not count."""
        setters = self.setters(value, until)
        setters[until] = False
        return int(setters.sum()) + (value == self.initial)


class NeverThere(msgspec.Struct, frozen=True):
    """`read` found a value that is not the initial one, and no operation that sets it had been called by then."""

    read: int


class Overwritten(msgspec.Struct, frozen=True):
    """`by` left or found another value than `read` found, and returned before `read` was called.

    Every operation that sets the value of `read` had returned before `by` was called, or was called after `read` had
    returned. So `by` took effect after all of them, and nothing brought the value back.
    """

    read: int
    by: int


class SwappedLate(msgspec.Struct, frozen=True):
    """`read` found a value that only the swap `swap` sets, so that swap took effect, though it never returned.

    It found the value that it expects, after it was called and before `read` returned. But `by` had left or found
    another one before `swap` was called, and nothing brought the expected value back: see `Overwritten`.
    """

    read: int
    swap: int
    by: int


class TakenTooOften(msgspec.Struct, frozen=True):
    """Each of `takers` found the same value and replaced it by another. The value can have arrived `arrivals` times
    only, which is less than there are takers: each of them needs an arrival of its own."""

    takers: tuple[int, ...]
    arrivals: int


class TakenAway(msgspec.Struct, frozen=True):
    """`by` found the value that `read` found, and replaced it by another. It returned before `read` was called, and the
    value can have arrived only once."""

    read: int
    by: int


class CameBack(msgspec.Struct, frozen=True):
    """The cell had a value at `first`, another at `second`, and the first one again at `third`, one after the other.

    The value can have arrived only once, so the cell held it in one piece. Or it had another value at `since`, before
    `first`, and the value can have arrived only once after that.
    """

    first: int
    second: int
    third: int
    since: int | None = None


class BothOrders(msgspec.Struct, frozen=True):
    """Value a was seen before b, and b before a, though each can have arrived only once.

    So the cell held each in one piece. The first two say that the piece of a came first, the others the opposite.
    """

    a_first: int
    b_later: int
    b_first: int
    a_later: int


class MissedInside(msgspec.Struct, frozen=True):
    """`miss` found another value than v, though v was there: at `first`, which returned before `miss` was called, and
    at `last`, which was called after it had returned. The value can have arrived only once."""

    first: int
    miss: int
    last: int


class MissedLatest(msgspec.Struct, frozen=True):
    """`miss` found another value than `first` had left, though nothing else can have set one in between.

    Every operation that sets another value had returned before `first` was called, or was called after `miss` had
    returned. Without `first`, v is the initial value, and no operation that sets another one had been called.
    """

    miss: int
    first: int | None


Finding = (
    NeverThere | Overwritten | SwappedLate | TakenAway | TakenTooOften | CameBack | BothOrders | MissedInside
    | MissedLatest
)  # fmt: skip


def findings(cell: Cell, core: list[int]) -> Iterator[Finding]:
    """What operations of the core show, the most telling first. O(k^2 n) for k operations in the core."""
    returned = [op for op in core if cell.past.ret[op] != NEVER]
    readers = [op for op in returned if cell.found[op] >= 0]
    for read in readers:
        if cell.found[read] != cell.initial and not _others(cell, read).any():
            yield NeverThere(read)
    yield from _taken_too_often(cell, readers)
    for read in readers:
        yield from _overwritten(cell, read, returned)
    for read in readers:
        yield from _swapped_late(cell, read, returned)
    for read, by in permutations(readers, 2):
        if (
            cell.found[by] == cell.found[read]
            and cell.sets[by] not in (NO_VALUE, cell.found[read])
            and cell.past.before(by, read)
            and cell.arrivals(int(cell.found[read]), read) <= 1
        ):
            yield TakenAway(read, by)
    for miss in returned:
        if cell.misses[miss] >= 0:
            yield from _missed(cell, miss, returned)
    yield from _came_back(cell, returned)
    yield from _both_orders(cell, returned)


def _others(cell: Cell, read: int) -> Mask:
    """The operations that can have brought the value that `read` found."""
    setters = cell.setters(int(cell.found[read]), read)
    setters[read] = False
    return setters


def _overwritten(cell: Cell, read: int, returned: list[int]) -> Iterator[Overwritten]:
    """What had replaced the value. A change is told rather than a read, and a later operation rather than an earlier.

    `by` must have returned before `read` was called."""
    past, value = cell.past, cell.found[read]
    setters = _others(cell, read)
    found = [
        by
        for by in returned
        if past.before(by, read)
        and cell.value(by) not in (NO_VALUE, value)
        and not (setters & (past.ret > past.call[by])).any()
    ]
    for by in sorted(found, key=lambda by: (cell.sets[by] < 0, -past.ret[by])):
        yield Overwritten(read, by)


def _swapped_late(cell: Cell, read: int, returned: list[int]) -> Iterator[SwappedLate]:
    """A swap that never returned is told by what it set. A change is told rather than a read, a later one rather than
    an earlier."""
    past = cell.past
    setters = np.flatnonzero(_others(cell, read))
    if cell.found[read] == cell.initial or len(setters) != 1:
        return
    (swap,) = setters.tolist()
    expected = cell.found[swap]
    if expected < 0 or past.ret[swap] != NEVER:
        return
    brought = cell.setters(int(expected), read)
    found = [
        by
        for by in returned
        if past.before(by, swap)
        and cell.value(by) not in (NO_VALUE, expected)
        and not (brought & (past.ret > past.call[by])).any()
    ]
    for by in sorted(found, key=lambda by: (cell.sets[by] < 0, -past.ret[by])):
        yield SwappedLate(read, swap, by)


def _taken_too_often(cell: Cell, readers: list[int]) -> Iterator[TakenTooOften]:
    by_value: dict[int, list[int]] = {}
    for op in readers:
        if cell.sets[op] >= 0 and cell.sets[op] != cell.found[op]:
            by_value.setdefault(int(cell.found[op]), []).append(op)
    for value, takers in by_value.items():
        last = max(takers, key=lambda op: cell.past.ret[op])
        arrivals = cell.arrivals(value, last)
        if 0 < arrivals < len(takers):
            yield TakenTooOften(tuple(takers), arrivals)


def _missed(cell: Cell, miss: int, returned: list[int]) -> Iterator[MissedLatest | MissedInside]:
    past, value = cell.past, int(cell.misses[miss])
    changes = (cell.sets >= 0) & (cell.sets != value) & past.begun(miss)
    if value == cell.initial and not changes.any():
        yield MissedLatest(miss, None)
    there = [op for op in returned if cell.value(op) == value]
    for first in there:
        if past.before(first, miss) and not (changes & (past.ret > past.call[first])).any():
            yield MissedLatest(miss, first)
    for first, last in permutations(there, 2):
        if (
            past.before(first, miss)
            and past.before(miss, last)
            and cell.found[last] == value
            and cell.arrivals(value, last) <= 1
        ):
            yield MissedInside(first, miss, last)


def _came_back(cell: Cell, returned: list[int]) -> Iterator[CameBack]:
    past = cell.past
    later: list[CameBack] = []
    for one, three in permutations(returned, 2):
        value = cell.value(one)
        if not (past.before(one, three) and NO_VALUE != value == cell.found[three]):
            continue
        others = [op for op in returned if cell.value(op) not in (NO_VALUE, value)]
        two = next((op for op in others if past.before(one, op) and past.before(op, three)), None)
        if two is None:
            continue
        if cell.arrivals(value, three) <= 1:
            yield CameBack(one, two, three)
            continue
        since = max((op for op in others if past.before(op, one)), key=lambda op: past.call[op], default=None)
        if since is not None:
            setters = cell.setters(value, three) & (past.ret > past.call[since])
            setters[three] = False
            later += [CameBack(one, two, three, since)] if setters.sum() <= 1 else []
    yield from later


def _both_orders(cell: Cell, returned: list[int]) -> Iterator[BothOrders]:
    seen: dict[int, list[int]] = {}
    for op in returned:
        if cell.value(op) >= 0:
            seen.setdefault(cell.value(op), []).append(op)
    single = [
        value
        for value, ops in seen.items()
        if len(ops) > 1 and int((cell.sets == value).sum()) + (value == cell.initial) <= 1
    ]
    for a, b in combinations(single, 2):
        forth = next(((one, two) for one in seen[a] for two in seen[b] if cell.past.before(one, two)), None)
        back = next(((two, one) for two in seen[b] for one in seen[a] if cell.past.before(two, one)), None)
        if forth is not None and back is not None:
            yield BothOrders(*forth, *back)


def cell_of(past: Past, accesses: Sequence[Access | None], initial: Any, writes: Collection[int] = frozenset()) -> Cell:
    """A cell from what the operations of each class do to it: READ, WRITE, SWAP or DIFFER; None for nothing.

    A swap of a value to itself brings nothing. It may if it is let go and is one of the classes `writes`, which set a
    value whatever they find.
    """
    values = Interned()
    first = values.code(initial)
    count = len(accesses)
    found, sets, misses = (np.full(count, NO_VALUE, np.int64) for _ in range(3))
    for cls, access in enumerate(accesses):
        if access is None:
            continue
        name, one, other = access
        if name == WRITE:
            sets[cls] = values.code(one)
        elif name == DIFFER:
            misses[cls] = values.code(one)
        else:
            found[cls] = values.code(one)
            if name == SWAP and (cls in writes or values.code(other) != found[cls]):
                sets[cls] = values.code(other)
    of = past.problem.cls
    return Cell(past, found[of], sets[of], misses[of], first, values)
