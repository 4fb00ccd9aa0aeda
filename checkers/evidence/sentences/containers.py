"""Sentences about queues, stacks and priority queues.

A rule about an element counts every operation of the key that can have put or taken it, so what it says is true of the
whole history. A take of unknown outcome (`TAKE_ANY`) can have taken any element; rules that say that an element was
still there hold only if none had been called by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.evidence.sentences.past import Past, Said, a, same, text, upper
from clew.checkers.forms import Ints, Mask
from clew.checkers.models.model import EMPTY, PUT, TAKE, TAKE_ANY
from clew.histories.frozen import Interned, thaw
from clew.histories.text import times


def said_of_containers(past: Past) -> Iterator[Said]:
    """What happened to the elements of a container, the most telling first. O(k^2 n) for k operations in the core."""
    accesses = None if past.model.discipline is None else past.accesses(past.model.container_access)
    if accesses is None:
        return
    elements = Interned()
    kind = np.array([access[0] for access in accesses])
    element = np.array([-1 if access[1] is None else elements.code(thaw(access[1])) for access in accesses], np.int64)
    seen = _Elements(past, elements, kind == PUT, kind == TAKE, kind == TAKE_ANY, element)
    core = [op for op in past.core if past.ret[op] != NEVER]
    for code in dict.fromkeys(int(element[op]) for op in core if kind[op] == TAKE):
        yield from seen.taken_too_often(code)
    for op in core:
        if kind[op] == EMPTY:
            yield from seen.found_empty(op)
    for first, second in permutations([op for op in past.core if kind[op] == PUT], 2):
        if element[first] != element[second]:
            yield from seen.out_of_turn(first, second)


class _Elements:
    """The puts and takes of a container, by element."""

    def __init__(self, past: Past, elements: Interned, puts: Mask, takes: Mask, any_takes: Mask, element: Ints) -> None:
        self.past, self.elements, self.element = past, elements, element
        self.puts, self.takes, self.any_takes = puts, takes, any_takes

    def name(self, code: int) -> str:
        """An element as text."""
        return text(self.elements[code])

    def put(self) -> str:
        """The function that puts, as a participle: `enqueued`."""
        return _participle(str(self.past.model.functions[0]))

    def taken(self) -> str:
        """The function that takes, as a participle: `dequeued`."""
        return _participle(str(self.past.model.functions[1]))

    def taken_too_often(self, code: int) -> Iterator[Said]:
        """More takes returned an element than puts of it had been called when the last of them returned.

        Takes that returned after the counterexample are not told.
        """
        by_now = self.past.ret <= self.past.ret[self.past.core].max()
        takes = np.flatnonzero(self.takes & (self.element == code) & by_now)
        takes = takes[np.argsort(self.past.ret[takes])]
        for count, take in enumerate(takes.tolist(), 1):
            puts = int((self.puts & (self.element == code) & self.past.begun(take)).sum())
            if puts >= count:
                continue
            involved = tuple(takes[:count].tolist())
            failed = [op for op in self.past.failed(take) if self._puts(op, self.elements[code])]
            if puts:
                but = ", apart from what failed" if failed else ""
                words = (
                    f"{self.name(code)} was {self.taken()} {times(count)} but {self.put()} {times(puts)} by then{but}"
                )
                yield Said(words, involved, needs_all=True)
            elif failed:
                function = self.past.model.functions[0]
                words = f"{self.name(code)} was {self.taken()}, but the only {function} of it failed"
                yield Said(words if len(failed) == 1 else words.replace("the only", "every"), involved)
            else:
                yield Said(f"{self.name(code)} was {self.taken()}, but nobody had {self.put()} it", involved)
            return

    def _puts(self, op: Any, value: object) -> bool:
        access = self.past.model.container_access(op)
        return access is not None and access[0] == PUT and same(thaw(access[1]), value)

    def found_empty(self, empty: int) -> Iterator[Said]:
        """A take found nothing, though an element was there: more puts of it had returned when the take was called
        than takes of it, or of anything, had been called when it returned.

        Said of one element if possible, otherwise of all together.
        """
        past = self.past
        begun, over = past.begun(empty), past.ret < past.call[empty]
        unknown = int((self.any_takes & begun).sum())
        function = str(past.model.functions[1])
        put = np.flatnonzero(self.puts & over)
        taken = self.element[np.flatnonzero(self.takes & begun)]
        # First of an element that the counterexample lists.
        for op in put[np.lexsort((past.ret[put], ~np.isin(put, past.core)))].tolist():
            code = self.element[op]
            if (self.element[put] == code).sum() > (taken == code).sum() + unknown:
                left = "was still there" if not (taken == code).any() else "was put more often than taken"
                words = f"{upper(a(function))} found nothing, but {self.name(int(code))} {left}"
                yield Said(words, (op, empty), needs_all=True)
                return
        if len(put) > len(taken) + unknown:
            words = f"{upper(a(function))} found nothing, but {len(put)} elements had been {self.put()} and at "
            yield Said(f"{words}most {len(taken) + unknown} {self.taken()}", (empty,), needs_all=True)

    def _single(self, code: int) -> bool:
        self.past.look()
        return int((self.puts & (self.element == code)).sum()) == 1

    def _take_of(self, code: int) -> int | None:
        """The only take of an element; None if there is none, or several."""
        takes = np.flatnonzero(self.takes & (self.element == code))
        return int(takes[0]) if len(takes) == 1 else None

    def _stays_until(self, code: int, take: int) -> bool:
        """Whether the element, which is put once, cannot have been taken before `take` returned."""
        begun = self.past.begun(take)
        untouched = not ((self.any_takes | (self.takes & (self.element == code))) & begun).any()
        return untouched or self._only_take_is_later(code, take)

    def _only_take_is_later(self, code: int, take: int) -> bool:
        """Whether a take that is known to have taken the element, which is put once, was called after `take`."""
        mine = self._take_of(code)
        return mine is not None and self.past.ret[mine] != NEVER and self.past.before(take, mine)

    def out_of_turn(self, first: int, second: int) -> Iterator[Said]:
        """The wrong one of two elements, each put once, was taken while both were there.

        `first` had been put when `second` was. For a queue, `second` was taken too early, and for a stack `first`
        if `second` was there. For a priority queue, the greater one, if both were there.
        """
        past, one, two = self.past, int(self.element[first]), int(self.element[second])
        if not (self._single(one) and self._single(two)):
            return
        early, late = self._take_of(two), self._take_of(one)
        a_take = past.model.functions[1]
        match past.model.discipline:
            case "oldest":
                if early is not None and past.before(first, second) and self._stays_until(one, early):
                    words = f"{self.name(two)} was {self.taken()} while {self.name(one)}, {self.put()} before it, was "
                    yield Said(f"{words}still there", self._known(first, second, early, late), needs_all=True)
            case "newest":
                if (
                    late is not None
                    and past.before(first, second)
                    and past.before(second, late)
                    and self._stays_until(two, late)
                ):
                    words = f"{upper(a(str(a_take)))} returned {self.name(one)} while {self.name(two)} was on top"
                    yield Said(f"{words} of it", self._known(first, second, early, late), needs_all=True)
            case "least":
                greater, less = (one, two) if self.elements[one] > self.elements[two] else (two, one)
                take = self._take_of(greater)
                put_less = first if less == one else second
                if take is not None and past.before(put_less, take) and self._stays_until(less, take):
                    words = f"{upper(a(str(a_take)))} returned {self.name(greater)} while {self.name(less)} was "
                    yield Said(f"{words}there", self._known(put_less, take, self._take_of(less)), needs_all=True)

    def _known(self, *ops: int | None) -> tuple[int, ...]:
        return tuple(sorted({op for op in ops if op is not None}))


def _participle(function: str) -> str:
    """`enqueued`, `popped`, `inserted`, `taken`."""
    known = {"pop": "popped", "delete-min": "taken"}
    return known.get(function, f"{function}{'d' if function.endswith('e') else 'ed'}")
