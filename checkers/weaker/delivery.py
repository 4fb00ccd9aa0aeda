"""What a queue promises of its elements, whatever their order: that each comes out, and that none comes out twice.

    at most once     no element was dequeued more often than it was enqueued
    at least once    no element is lost: enqueued and acknowledged, and not there when the queue was found empty

An enqueue of unknown outcome may have put its element in. A dequeue of unknown outcome may have taken an element: so
many of those that are missing may not be lost. A dequeue that failed took nothing. Elements count by key and value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from clew.checkers.encoding import NEVER, Problem
from clew.checkers.models.model import INFO, Model
from clew.checkers.weaker.promise import AT_LEAST_ONCE, AT_MOST_ONCE, Promise
from clew.histories.frozen import freeze
from clew.histories.history import History

FUNCTIONS = ("enqueue", "dequeue")
"""The functions of a model of a queue."""
NAMED = 3
"""So many elements are named; the others are counted."""


def is_queue(model: Model) -> bool:
    """Whether these promises mean something for a model."""
    return tuple(model.functions) == FUNCTIONS


def decide(history: History, problems: Sequence[Problem], describe: Callable[[int], str]) -> list[Promise]:
    """Whether a history of queues keeps the two promises. `describe` tells an operation in words. O(n log n)."""
    twice: list[int] = []
    lost: list[int] = []
    excuses = missing = found_empty = 0
    for problem in problems:
        queue = _Queue(history, problem)
        twice += queue.too_many
        gone, unknown = queue.missing()
        missing += len(gone)
        excuses += min(unknown, len(gone))
        lost += gone if len(gone) > unknown else []
        found_empty += queue.empty_at is not None
    return [_at_most_once(twice, describe), _at_least_once(lost, missing, excuses, found_empty, describe)]


class _Queue:
    """The operations on one queue."""

    def __init__(self, history: History, problem: Problem) -> None:
        operations = history.operations
        self.put: dict[object, list[int]] = {}
        self.taken: Counter[object] = Counter()
        self.too_many: list[int] = []
        """Dequeues of elements that had come out as often as they may."""
        self.empty_at: int | None = None
        """When the last dequeue began that found the queue empty."""
        self._unknown: list[int] = []
        may: Counter[object] = Counter()
        self._end = {}
        takes: list[tuple[int, int, object]] = []
        for place in range(len(problem)):
            op, number = problem.classes[problem.cls[place]], int(problem.number[place])
            begin = int(operations.start[number])
            if op.f == FUNCTIONS[0]:
                element = freeze(op.argument)
                may[element] += 1
                if op.outcome != INFO and problem.ret[place] != NEVER:
                    self.put.setdefault(element, []).append(number)
                    self._end[number] = int(operations.end[number])
            elif op.outcome == INFO:
                self._unknown.append(begin)
            elif op.result is None:
                self.empty_at = begin if self.empty_at is None else max(begin, self.empty_at)
            else:
                takes.append((int(operations.end[number]), number, freeze(op.result)))
        for _, number, element in sorted(takes, key=lambda take: take[:2]):
            self.taken[element] += 1
            if self.taken[element] > may[element]:
                self.too_many.append(number)

    def missing(self) -> tuple[list[int], int]:
        """The enqueues whose elements never came out although the queue was empty later; how many may be in a dequeue
        of unknown outcome."""
        if self.empty_at is None:
            return [], 0
        gone = [
            number
            for element, numbers in self.put.items()
            for number in numbers[self.taken[element] :]
            if self._end[number] < self.empty_at
        ]
        return gone, len(self._unknown)


def _at_most_once(twice: list[int], describe: Callable[[int], str]) -> Promise:
    if not twice:
        return Promise(AT_MOST_ONCE, "yes", "no element was dequeued more often than it was enqueued")
    what = "1 element" if len(twice) == 1 else f"{len(twice)} times an element"
    lines = [f"{what} was dequeued again:", *(f"  {describe(number)}" for number in twice[:NAMED])]
    return Promise(AT_MOST_ONCE, "no", "\n".join(lines), tuple(twice))


def _at_least_once(
    lost: list[int], missing: int, excuses: int, found_empty: int, describe: Callable[[int], str]
) -> Promise:
    if lost:
        at_least = f"at least {missing - excuses} of " if excuses else ""
        lines = [
            f"lost: {at_least}{missing} elements were enqueued, and did not come out before the queue was empty:",
            *(f"  {describe(number)}" for number in lost[:NAMED]),
        ]
        return Promise(AT_LEAST_ONCE, "no", "\n".join(lines), tuple(lost))
    if missing:
        why = f"{missing} elements are missing, and {excuses} dequeues of unknown outcome may have taken them"
        return Promise(AT_LEAST_ONCE, "unknown", why)
    if not found_empty:
        return Promise(
            AT_LEAST_ONCE, "unknown", "no dequeue found a queue empty, so what did not come out may be there"
        )
    return Promise(AT_LEAST_ONCE, "yes", "every element that was enqueued came out before the queue was empty")
