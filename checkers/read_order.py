"""Sets that are read whole: once the reads are in line, every element is decided alone.

    add 1      |-----|                          of element 1:   add 1      |-----|
    add 2          |------|                                     contains -> true   |
    read -> {1}         |------|      at |                      contains -> true           |
    read -> {1, 2}      |--------|              at |

If every read takes effect at one known point, then for each element a read is nothing but a question at this point, and
a set without reads falls apart by element (see `monitors.sets` and `monitors.elements`). So what has to be searched is
the line of the reads alone. Three things say much about it:

- time: a read that returned before another one was called comes first;
- an element with one add that only one of two reads has: without a remove by then, the read without it comes first;
  with an add that had returned, the read with it comes first;
- what is left open: the next read is the one that differs least from the one before it.

The points are as early as the line and the changes between its reads allow. That is best for every element: no
operation ends too soon for an early point, and no change has begun too late for it.

This is no search: one line is tried, and an order that is found is replayed. So "valid" is certain, and None says
nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers.accesses import set_accesses, times_of
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem, arrange
from clew.checkers.forms import Ints, set_form
from clew.checkers.models.model import ADD, CONTAINS, READ, REMOVE, Access, Model, ModelOperation
from clew.checkers.monitors import sets
from clew.checkers.replay import state_after
from clew.checkers.seen_elements import MOST_SEEN
from clew.histories.frozen import thaw

Bits = NDArray[np.uint8]


class _Reads:
    """The whole reads of a problem, as rows of bits, and what was done to each element."""

    def __init__(self, problem: Problem, accesses: list[Access], call: Ints, ret: Ints) -> None:
        self.problem, self.op_call, self.op_ret = problem, call, ret
        cls = problem.cls.tolist()
        returned = (problem.ret != NEVER).tolist()
        self.ops = np.array([op for op, of in enumerate(cls) if accesses[of][0] == READ and returned[op]], np.int64)
        self.others = np.array([op for op, of in enumerate(cls) if accesses[of][0] != READ], np.int64)
        self.elements: dict[Any, int] = {}
        self.element_of: dict[int, int] = {}
        self.adds: dict[int, list[int]] = defaultdict(list)
        self.removes: dict[int, list[int]] = defaultdict(list)
        removed: dict[int, list[int]] = defaultdict(list)
        self.sighted = sighted = Counter[int]()
        """The last call of what found the element by asking for it."""
        for op in self.others.tolist():
            name, what, answer = accesses[cls[op]]
            element = self.element_of[op] = self.elements.setdefault(what, len(self.elements))
            if name == ADD and answer is not False:
                self.adds[element].append(op)
            elif name == REMOVE and answer is not False:
                self.removes[element].append(op)
                if answer:
                    removed[element].append(op)
            elif name == CONTAINS and answer:
                sighted[element] = max(sighted[element], int(call[op]))
        count = len(self.elements)
        self.call, self.ret = call[self.ops], ret[self.ops]
        self.first_remove = np.full(count, NEVER, np.int64)
        self.added_at, self.added_by = np.full((2, count), NEVER, np.int64)
        self.once = np.zeros(count, np.bool_)
        for element, known in removed.items():
            if len(self.adds.get(element, ())) == 1:
                self.removes[element] = known
        for element, those in self.removes.items():
            self.first_remove[element] = call[those].min()
        for element, those in self.adds.items():
            self.once[element] = len(those) == 1
            self.added_at[element], self.added_by[element] = call[those].min(), ret[those].min()
        self.rows: list[Ints] = []
        """The elements that each read saw."""

    def look(self, accesses: list[Access], deadline: Deadline) -> bool:
        """Look at what the reads saw. False if the deadline passes."""
        for op in self.ops.tolist():
            if deadline.passed():
                return False
            what = accesses[self.problem.cls[op]][1]
            self.rows.append(np.fromiter(map(self.elements.__getitem__, what), np.int64, len(what)))
        return True

    def bits(self, read: int) -> NDArray[np.bool_]:
        """For each element whether a read saw it."""
        found = np.zeros(len(self.elements), np.bool_)
        found[self.rows[read]] = True
        return found


def explain(problem: Problem, model: Model, intervals: tuple[Ints, Ints], deadline: Deadline) -> list[int] | None:
    """An order of the whole problem, as indices; None if this finds none, or if it is no set whose elements are added
    once, or one that is too large (`MOST_SEEN`).

    `intervals` are the calls and returns that are possible (see `seen_elements`). O(reads * elements) bytes.
    """
    accesses = _accesses(problem, model, deadline)
    if accesses is None:
        return None
    reads = _Reads(problem, accesses, *intervals)
    if len(reads.ops) * len(reads.elements) > MOST_SEEN:
        return None
    line = _line(reads, deadline) if reads.look(accesses, deadline) else None
    points = None if line is None else _points(reads, line, deadline)
    if line is None or points is None:
        return None
    asked = _asked(reads, line, points)
    form = set_form(asked.problem, model)
    found = None if form is None or deadline.passed() else sets.order_of(form, len(asked.problem.event_op))
    if found is None:
        return None
    order = _put_in(found.tolist(), asked)
    return order if state_after(order, problem, model, deadline) is not None else None


def _accesses(problem: Problem, model: Model, deadline: Deadline) -> list[Access] | None:
    """What each class does to a set, if some read it whole and no element is added twice."""
    found = set_accesses(problem, model, deadline)
    if found is None:
        return None
    added, seen = set[Any](), set[Any]()
    for (name, what, _), count in zip(found, times_of(problem), strict=True):
        if name == ADD and count:
            if count > 1 or what in added:
                return None
            added.add(what)
        elif name == READ and count:
            if what is None or deadline.passed():
                return None
            seen |= what
    # Something may have been seen that nobody added, and maybe nothing was ever seen.
    return found if seen and seen <= added else None


def _line(reads: _Reads, deadline: Deadline) -> list[int] | None:
    """The reads in a line: what must come first does, and of what may come next the one with the fewest changes."""
    count = len(reads.ops)
    rows = np.array([np.packbits(reads.bits(read)) for read in range(count)])
    # Of each read the elements that were not removed when it returned, and those that were added when it was called.
    by_call = np.argsort(reads.call, kind="stable")
    waits = np.zeros(count, np.int64)
    then: list[list[int]] = [[] for _ in range(count)]
    call, ret = reads.call, reads.ret
    for turn, one in enumerate(by_call.tolist()):
        if deadline.passed():
            return None
        later = by_call[turn + 1 :]
        late = int(np.searchsorted(call[later], ret[one]))
        near = later[:late]
        if not len(near):
            continue
        still = np.packbits(reads.once & (reads.first_remove > ret[one]))
        added = np.packbits(reads.once & (reads.added_by < call[one]))
        only_near = rows[near] & ~rows[one]
        only_one = rows[one] & ~rows[near]
        still_near = np.packbits(reads.once & (reads.first_remove > ret[near, np.newaxis]), axis=1)
        added_near = np.packbits(reads.once & (reads.added_by < call[near, np.newaxis]), axis=1)
        first = (only_near & still).any(axis=1) | (only_one & added_near).any(axis=1)
        last = (only_one & still_near).any(axis=1) | (only_near & added).any(axis=1)
        if (first & last).any():
            return None
        for other in near[first].tolist():
            then[one].append(other)
            waits[other] += 1
        for other in near[last].tolist():
            then[other].append(one)
            waits[one] += 1
    # A read must not go before one that returned before it was called: the open ones are those called by the first
    # return of what is left.
    line: list[int] = []
    left = set(by_call.tolist())
    by_ret = np.argsort(ret, kind="stable").tolist()
    next_ret = called = 0
    open_: list[int] = []
    before = np.zeros(rows.shape[1], np.uint8)
    while left:
        while by_ret[next_ret] not in left:
            next_ret += 1
        limit = ret[by_ret[next_ret]]
        while called < count and call[by_call[called]] < limit:
            open_.append(int(by_call[called]))
            called += 1
        ready = [read for read in open_ if not waits[read]]
        if not ready:
            return None
        differ = np.bitwise_count(rows[ready] ^ before).sum(axis=1)
        one = min(zip(differ.tolist(), ret[ready].tolist(), ready, strict=True))[2]
        line.append(one)
        left.discard(one)
        open_.remove(one)
        before = rows[one]
        for other in then[one]:
            waits[other] -= 1
    return line


def _points(reads: _Reads, line: list[int], deadline: Deadline) -> list[int] | None:
    """For each read of the line the position after which it takes effect; None if there is none."""
    points: list[int] = []
    call, ret = reads.op_call, reads.op_ret
    at, before = -1, np.zeros(len(reads.elements), np.bool_)
    for read in line:
        if deadline.passed():
            return None
        now = reads.bits(read)
        point = max(at, int(reads.call[read]))
        for element in np.flatnonzero(now != before).tolist():
            those = (reads.adds if now[element] else reads.removes)[element]
            soonest = min((int(call[op]) for op in those if ret[op] > at), default=NEVER)
            # What found the element comes before the remove of it, and so before this read.
            point = max(point, soonest, 0 if now[element] else reads.sighted[element])
        # What was added for certain and is not seen must have been removed.
        while (gone := ~now & reads.once & (reads.added_by <= point) & (reads.first_remove > point)).any():
            point = int(reads.first_remove[gone].max())
        if point >= reads.ret[read]:
            return None
        points.append(point)
        at, before = point, now
    return points


class _Asked(NamedTuple):
    """A problem with questions in place of reads; the arrays have an entry for each of its operations."""

    problem: Problem
    op: Ints
    """The operation of the problem with reads; of a question that read."""
    place: Ints
    """The place in the line of the read that it is a question of; -1 if it is none."""
    element: Ints


def _asked(reads: _Reads, line: list[int], points: list[int]) -> _Asked:
    """The problem with questions in place of reads. Of an element that is added once, those that say something."""
    problem, count, length = reads.problem, len(reads.elements), len(line)
    call, ret = reads.op_call[reads.others], reads.op_ret[reads.others]
    at = np.array(points)
    has = np.zeros((count, length), np.bool_)
    for turn, read in enumerate(line):
        has[reads.rows[read], turn] = True
    places: list[Ints] = []
    for number in range(count):
        seen = np.flatnonzero(has[number])
        if number == 0 or not reads.once[number]:
            asked = np.arange(length if number == 0 else 0)  # Every read has a question, so that it has its place.
        elif len(seen):
            asked = np.unique([max(seen[0] - 1, 0), seen[0], seen[-1], min(seen[-1] + 1, length - 1)])
        else:
            begin, end_at = np.searchsorted(at, [reads.added_at[number], reads.added_by[number]])
            asked = np.arange(begin, min(end_at + 1, length))
        places.append(asked)
    place = np.concatenate(places)
    element = np.repeat(np.arange(count), [len(those) for those in places])
    others, first = reads.others, len(problem.classes)
    questions = [ModelOperation("contains", thaw(name), had, "ok") for name in reads.elements for had in (False, True)]
    cls = np.concatenate((problem.cls[others], first + 2 * element + has[element, place]))
    unit = 2 * length + 2
    start = np.concatenate((call * unit, at[place] * unit + 2 * place + 1))
    end = np.concatenate((
        np.where(ret == NEVER, NEVER, ret * unit), at[place] * unit + 2 * place + 2
    ))  # fmt: skip
    ops = np.concatenate((others, reads.ops[np.array(line)][place]))
    order = np.argsort(start, kind="stable")
    used, local = np.unique(cls, return_inverse=True)
    classes = (*problem.classes, *questions)
    whole = arrange(
        problem.key, problem.number[ops[order]], local[order].astype(np.int32), start[order], end[order],
        tuple(classes[one] for one in used.tolist()),
        np.concatenate((problem.observer, np.ones(len(questions), np.bool_)))[used],
    )  # fmt: skip
    no_place = np.full(len(others), -1)
    own = np.array([reads.element_of[op] for op in others.tolist()], np.int64)
    return _Asked(whole, ops[order], np.concatenate((no_place, place))[order], np.concatenate((own, element))[order])


def _put_in(order: list[int], asked: _Asked) -> list[int]:
    """The order of the problem with reads, from one of the problem with questions.

    The questions of a read are in one gap between events. What comes there after the question about its element comes
    after the read, and everything else before it.
    """
    last = {place: turn for turn, place in enumerate(asked.place[order].tolist())}
    found: list[int] = []
    answered, held = set[int](), list[int]()
    columns = (column[order].tolist() for column in (asked.place, asked.op, asked.element))
    for turn, (place, op, element) in enumerate(zip(*columns, strict=True)):
        if place < 0:
            (held if element in answered else found).append(op)
            continue
        answered.add(element)
        if last[place] == turn:
            found += [op, *held]
            answered, held = set(), []
    return found
