"""A history as the engines see it: one problem for each key, made of small integers.

The operations of one key are numbered in the order of their invocations. Each has a *class*: operations with the same
function, the same values and the same outcome, which a model cannot tell apart. Invocations and returns are put into
one order, the *positions*: by time, and at equal times invocations first, because events with equal times are
concurrent. So one operation came before another if and only if its return stands before the other's call.

Operations that cannot matter are dropped: those that failed without observing anything, and observers of unknown
outcome (see `needs_no_place`).
"""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from clew.checkers.models.model import INFO, MISMATCH, OK, Model, ModelOperation
from clew.histories import event, history
from clew.histories.history import History

NEVER = history.FOREVER
"""The return position of an operation of unknown outcome: it may take effect at any time, or never."""

_MISMATCH, _OUTCOMES = 0, 4
"""The number of a mismatch beside the outcomes of `History`, and how many outcomes there are with it."""
_OUTCOME = (MISMATCH, OK, INFO, INFO)
"""For each of these outcomes what a model is told. It is asked about what failed as if the outcome were unknown."""


class Problem(msgspec.Struct, frozen=True, eq=False):
    """The operations of one key, in the order of their calls."""

    key: Any
    number: NDArray[np.int64]
    """For each operation its position in `History.operations`."""
    cls: NDArray[np.int32]
    """For each operation its class, an index into `classes`."""
    call: NDArray[np.int64]
    """For each operation the position of its call."""
    ret: NDArray[np.int64]
    """For each operation the position of its return; NEVER if its outcome is unknown."""
    event_op: NDArray[np.int32]
    """For each position the operation that is called or returns there."""
    event_return: NDArray[np.bool_]
    """For each position whether it is a return."""
    classes: tuple[ModelOperation, ...]
    observer: NDArray[np.bool_]
    """For each class whether its operations never change a state."""

    def __len__(self) -> int:
        return len(self.number)

    def only(self, keep: NDArray[np.bool_]) -> Problem:
        """The same problem without some of its operations. Positions keep their order but not their numbers."""
        kept = np.flatnonzero(keep)
        return arrange(
            self.key, self.number[kept], self.cls[kept], self.call[kept], self.ret[kept], self.classes, self.observer
        )

    def before(self, position: int) -> Problem:
        """The part of the problem before a position, without later calls and later returns.

        An operation that was open then need not have happened. If it did, it has the result that it got later.
        """
        ret = np.where(self.ret < position, self.ret, NEVER)
        keep = (self.call < position) & ~needs_no_place(ret == NEVER, self.observer[self.cls])
        kept = np.flatnonzero(keep)
        return arrange(
            self.key, self.number[kept], self.cls[kept], self.call[kept], ret[kept], self.classes, self.observer
        )


def arrange(
    key: Any,
    number: NDArray[np.int64],
    cls: NDArray[np.int32],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    classes: tuple[ModelOperation, ...],
    observer: NDArray[np.bool_],
) -> Problem:
    """A problem from operations with times, or with old positions, sorted by call. O(n log n)."""
    count = len(number)
    (returning,) = (end != NEVER).nonzero()
    # First all calls and then all returns: so they stay where times are equal.
    op = np.concatenate((np.arange(count), returning))
    order = np.concatenate((start, end[returning])).argsort(kind="stable")
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    ret = np.empty(count, np.int64)
    ret.fill(NEVER)
    ret[returning] = position[count:]
    return Problem(
        key, number, cls, position[:count], ret, op[order].astype(np.int32), order >= count, classes, observer
    )


def encode(past: History, model: Model) -> list[Problem]:
    """One problem for each key that has operations, in the order of the keys' first appearance.

    Raises `HistoryError`, with the line, for a function or a value that the model does not know.
    """
    operations = past.operations
    count = len(operations)
    mismatch = past.errors.find(event.MISMATCH)
    outcome = operations.outcome
    if mismatch is not None:
        outcome = np.where((outcome == history.FAIL) & (operations.error == mismatch), _MISMATCH, outcome)
    # One number for everything that a model may look at. A result counts only if something was returned.
    columns = (operations.f, operations.argument, operations.result * (outcome == history.OK), outcome)
    values = len(past.values) + 1
    code: NDArray[np.intp] = np.ravel_multi_index(columns, (len(past.fs) + 1, values, values, _OUTCOMES))
    if model.by_process:
        _, process = np.unique(operations.process, return_inverse=True)
        code = code * (int(process.max(initial=0)) + 1) + process
    first, cls = _alike(code)
    # Columns are taken as lists: with unique values there are as many classes as operations.
    outcomes = outcome[first].tolist()
    kinds = [_OUTCOME[number] for number in outcomes]
    codes = operations.result[first].tolist()
    results = [past.values[code] if kind == OK else None for code, kind in zip(codes, kinds, strict=True)]
    processes = operations.process[first].tolist() if model.by_process else itertools.repeat(None)
    classes = list(
        map(
            ModelOperation,
            map(past.fs.objects.__getitem__, operations.f[first].tolist()),
            map(past.values.objects.__getitem__, operations.argument[first].tolist()),
            results,
            kinds,
            processes,
        )
    )
    for row, op in zip(first.tolist(), classes, strict=True):
        wrong = model.objection(op)
        if wrong is not None:
            raise past.failure(int(operations.completed[row] if op.outcome == OK else operations.invoked[row]), wrong)
    observer = np.fromiter(map(model.observes, classes), np.bool_, len(classes))
    rows = np.arange(count)
    if history.FAIL in outcomes or history.INFO in outcomes:
        dropped = needs_no_place(outcome == history.INFO, observer[cls])
        dropped |= outcome == history.FAIL
        rows = rows[~dropped]
    if not len(rows):
        return []
    key = operations.key[rows]
    one_key = len(past.keys) == 1 or not np.count_nonzero(key != key[0])
    if one_key and len(rows) == count:
        # Every operation has its place: they are in order already, and no class is left out.
        name = past.keys[operations.key[0]]
        return [arrange(name, rows, cls.astype(np.int32), operations.start, operations.end, tuple(classes), observer)]
    borders = np.empty(0, np.int64)
    if not one_key:
        by_key = np.argsort(key, kind="stable")
        rows, key = rows[by_key], key[by_key]
        borders = np.flatnonzero(key[1:] != key[:-1]) + 1
    problems = []
    for of_key in np.split(rows, borders) if len(borders) else [rows]:
        part = of_key[operations.start[of_key].argsort(kind="stable")]
        first, local = _alike(cls[part])
        used = cls[part[first]]
        problems.append(
            arrange(
                past.keys[operations.key[part[0]]],
                part,
                local.astype(np.int32),
                operations.start[part],
                operations.end[part],
                tuple(map(classes.__getitem__, used.tolist())),
                observer[used],
            )
        )
    assert count >= sum(map(len, problems))
    return problems


def _alike(codes: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first place of each different code, in the order of the codes; and for each place the number of its code.

    As `np.unique` does it, in half of the time if there are few codes.
    """
    order = codes.argsort(kind="stable")
    ordered = codes[order]
    new = np.zeros(len(codes), np.intp)
    new[1:] = ordered[1:] != ordered[:-1]
    number = np.empty(len(codes), np.intp)
    number[order] = np.add.accumulate(new)
    new[:1] = 1
    return order[new.nonzero()], number


def needs_no_place(unknown: NDArray[np.bool_], observer: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """For each operation whether it needs no place in a linearization: true for observers of unknown outcome.

    To drop these is sound. Such an operation changes no state and returned no result, so it can be left out of any
    linearization. And a linearization without it is one of the whole history, because it need not have happened.
    """
    return unknown & observer
