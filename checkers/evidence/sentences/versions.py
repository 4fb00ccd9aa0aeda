"""Sentences about a register whose versions start at 0 and are what compare-and-sets expect.

The register is empty, or it holds a value at a version. Each change leads from one state to the next:

    empty --init--> version 0 --cas--> version 1 --cas--> version 2 ...
    any state --delete--> empty

So a version is reached only through all versions below it, and a lower version comes back only after a delete.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import Any

import msgspec
import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.evidence.sentences.past import Past, Said, a, listed, text, upper
from clew.checkers.forms import Ints
from clew.checkers.models.model import MISMATCH, OK, ModelOperation
from clew.histories.frozen import freeze, thaw
from clew.histories.text import times

State = tuple[Any, ...]
"""() if the register is empty, else (version, value)."""
Step = State | int
"""What a change sets: a state, or a version with any value."""
EMPTY: State = ()
_STEPS = 8
"""The last versions on the way to a version that are looked at. To leave out the others is sound."""


class _Told(msgspec.Struct, frozen=True):
    """What an operation tells about the register."""

    left: State | None = None
    """The state right after it; None if that is unknown."""
    found: State | None = None
    """The state that it found and did not change; None for a change."""
    sets: State | None = None
    """The state that it sets if it takes effect; None if it changes nothing."""
    swapped: int | None = None
    """The version that a successful cas found."""
    missed: int | None = None
    """The version that a cas expected and did not find."""
    refuted: bool = False
    """True for an init that was told a state which it did not set: the register was not empty."""


def _told(op: ModelOperation) -> _Told:
    if op.f == "delete":
        return _Told(left=EMPTY if op.outcome == OK else None, sets=EMPTY)
    if op.f == "cas":
        version, new = op.argument
        if op.outcome == MISMATCH:
            return _Told(missed=version)
        sets = (version + 1, freeze(new))
        return _Told(left=sets, sets=sets, swapped=version) if op.outcome == OK else _Told(sets=sets)
    state = EMPTY if op.result is None else (op.result[0], freeze(op.result[1]))
    if op.f == "read":
        return _Told(left=state, found=state) if op.outcome == OK else _Told()
    sets = (0, freeze(op.argument))
    if op.outcome != OK:
        return _Told(sets=sets)
    return _Told(left=state, sets=sets) if state == sets else _Told(left=state, found=state, refuted=True)


def said_of_swapped_versions(past: Past) -> Iterator[Said]:
    """What happened to a register with `init`, `delete` and a `cas` that expects a version."""
    register = _Register(past)
    yield from register.odd_answers()
    yield from register.out_of_reach()
    yield from register.swapped_too_often()
    yield from register.gone()
    yield from register.missed()
    yield from register.two_values()


class _Register:
    """The operations by what they tell and set.

    An init that was told another state can be no setter, but only if its answer is believed. So a sentence is about
    all such inits too that had begun by then.
    """

    def __init__(self, past: Past) -> None:
        self.past = past
        of_class = [_told(op) for op in past.problem.classes]
        self.told = [of_class[cls] for cls in past.problem.cls.tolist()]
        self.known = [op for op in past.core if past.ret[op] != NEVER]
        setters: dict[Step, list[int]] = {}
        for op, told in enumerate(self.told):
            if told.sets is not None:
                setters.setdefault(told.sets, []).append(op)
                if told.sets != EMPTY:
                    setters.setdefault(told.sets[0], []).append(op)
        self.setters = {step: np.array(ops, np.int64) for step, ops in setters.items()}
        self.refuted = np.array([op for op, told in enumerate(self.told) if told.refuted], np.int64)

    def odd_answers(self) -> Iterator[Said]:
        """A cas sets its value at the next version, and returns that."""
        for op in self.known:
            told, operation = self.told[op], self.past.operation(op)
            if told.swapped is None:
                continue
            state = (operation.result[0], freeze(operation.result[1]))
            if state != told.left:
                asked = f"A swap from version {told.swapped} to {text(operation.argument[1])}"
                yield Said(f"{asked} returned {shown(state)}", (op,))

    def out_of_reach(self) -> Iterator[Said]:
        """The register is empty at first, and nobody had set what was found, or a version on the way there."""
        for op in self.known:
            missing = self._missing(EMPTY, self._goal(op), None, op)
            if missing is None:
                continue
            step, since = missing
            words = "which nobody had set" if step == self.told[op].found else f"but nobody had set {shown(step)}"
            if since is not None:
                words = f"but nobody can have set {shown(step)} after {shown(since)}"
            yield self._said(f"{self._found(op)}, {words}", op)

    def gone(self) -> Iterator[Said]:
        """After the state that another operation left, nobody can have led the register to what was found."""
        pairs = [(by, op) for by, op in permutations(self.known, 2)
                 if self.told[by].left is not None and self.past.before(by, op)]  # fmt: skip
        for by, op in sorted(pairs, key=lambda pair: (self.told[pair[0]].sets is None, -self.past.ret[pair[0]])):
            left = self.told[by].left
            assert left is not None
            if self._is_own_init(op):
                leads = left in (EMPTY, self.told[op].left) or self._opens(EMPTY, by, op)
                missing: tuple[Step, Step | None] | None = None if leads else (EMPTY, None)
            else:
                missing = self._missing(left, self._goal(op), by, op)
            if missing is None:
                continue
            step, since = missing
            deed = "deleted the value" if step == EMPTY else f"set {shown(step)}"
            when = "in between" if since is None else f"after {'a delete' if since == EMPTY else shown(since)}"
            nobody = f"nobody can have {deed} {when}"
            yield self._said(f"{self._found(op)} after {self._did(by, op)}, and {nobody}", by, op)

    def swapped_too_often(self) -> Iterator[Said]:
        """Each successful cas from a version needs a time of its own at which the register came to that version."""
        takers: dict[int, list[int]] = {}
        for op in self.known:
            swapped = self.told[op].swapped
            if swapped is not None:
                takers.setdefault(swapped, []).append(op)
        for version, ops in takers.items():
            last = max(ops, key=lambda op: self.past.ret[op])
            arrivals = self._arrivals(version, last)
            if not 0 < arrivals < len(ops):
                continue
            new = listed([text(self.past.operation(op).argument[1]) for op in ops])
            words = f"{len(ops)} swaps from version {version} succeeded, to {new}"
            yield self._said(f"{words}, but version {version} can have been set only {times(arrivals)}", *ops)

    def missed(self) -> Iterator[Said]:
        """A cas did not find the version that was there, though nobody can have changed it in between.

        Only a cas from this version and a delete lead away from it.
        """
        for op in self.known:
            version = self.told[op].missed
            if version is None:
                continue
            there = [by for by in self.known if (left := self.told[by].left) and left[0] == version]
            words = f"A swap from version {version} found another version"
            for by in there:
                if self.past.before(by, op) and not self._opens(EMPTY, by, op) and not self._opens(version + 1, by, op):
                    nobody = "nobody can have changed the register in between"
                    yield self._said(f"{words} after {self._did(by, op)}, and {nobody}", by, op)

    def two_values(self) -> Iterator[Said]:
        """A version that the register came to only once has one value."""
        for one, two in combinations(self.known, 2):
            left, other = self.told[one].left, self.told[two].left
            if left and other and left[0] == other[0] and left != other:
                last = max(one, two, key=lambda op: self.past.ret[op])
                if self._arrivals(left[0], last) <= 1:
                    words = f"Version {left[0]} had two values: {text(thaw(left[1]))} and {text(thaw(other[1]))}"
                    yield self._said(f"{words}, but it can have been set only once", one, two)

    def _goal(self, op: int) -> Step | None:
        """What the register must have come to before an operation: a state, or a version with any value."""
        told = self.told[op]
        goal: Step | None = told.found if told.swapped is None else told.swapped
        return goal

    def _is_own_init(self, op: int) -> bool:
        """Whether this init was told the state that it sets. It set that, or the same state was there."""
        return self.past.operation(op).f == "init" and self.told[op].sets is not None

    def _missing(self, left: State, goal: Step | None, by: int | None, op: int) -> tuple[Step, Step | None] | None:
        """A step from the state that `by` left to the goal of `op` that nobody can have taken in between; or None.

        With it comes the step before, if somebody can have taken this one, but only too early. Each step takes effect
        after the one before it, and between the call and the return of whoever takes it. Without `by` the register is
        as it was at first.
        """
        call, ret = self.past.call, self.past.ret
        begin = at = -1 if by is None else int(call[by])
        since = None
        for step in [] if goal is None else _path(left, goal):
            able = self._able(step)
            able = able[(able != op) & (able != by) & (call[able] < ret[op])]
            possible = able[ret[able] > at]
            if not len(possible):
                return step, since if (ret[able] > begin).any() else None
            at, since = max(at, int(call[possible].min())), step
        return None

    def _able(self, step: Step) -> Ints:
        """The operations that can take a step."""
        return self.setters.get(step, np.zeros(0, np.int64))

    def _opens(self, step: Step, by: int, op: int) -> bool:
        """Whether somebody can have taken a step after `by` and before `op`."""
        able = self._able(step)
        able = able[(able != op) & (able != by)]
        return bool(((self.past.call[able] < self.past.ret[op]) & (self.past.ret[able] > self.past.call[by])).any())

    def _arrivals(self, version: int, until: int) -> int:
        """How often the register can have come to a version before `until` returned.

        Between two deletes it comes to each version once at most, after an init, by an operation that sets it.
        """

        def begun(step: Step) -> int:
            return int((self.past.call[self._able(step)] < self.past.ret[until]).sum())

        return min(begun(EMPTY) + 1, begun(0), begun(version))

    def _found(self, op: int) -> str:
        """`A read returned 2 at version 1`, `A swap from version 0 succeeded`."""
        told, operation = self.told[op], self.past.operation(op)
        if told.swapped is not None:
            return f"A swap from version {told.swapped} succeeded"
        assert told.left is not None
        asked = f" of {text(operation.argument)}" if operation.f == "init" else ""
        return f"{upper(a(operation.f))}{asked} returned {shown(told.left)}"

    def _did(self, by: int, op: int) -> str:
        """What came before `op`, after "after"."""
        f, left = self.past.operation(by).f, self.told[by].left
        assert left is not None
        if f == "delete":
            return "a delete was acknowledged"
        if f == "cas":
            return f"a swap to {shown(left)} was acknowledged"
        return (
            f"{'another' if f == self.past.operation(op).f else a(f).partition(' ')[0]} {f} had returned {shown(left)}"
        )

    def _said(self, words: str, *ops: int) -> Said:
        """A sentence about these operations, and about the inits that their answers exclude as setters."""
        until = max(int(self.past.ret[op]) for op in ops)
        begun = self.refuted[self.past.call[self.refuted] < until].tolist()
        return Said(words, tuple(dict.fromkeys((*ops, *begun))))


def _path(left: State, goal: Step) -> list[Step]:
    """Steps that every way from a state to a goal takes, in this order; of many versions only the last."""
    if goal == EMPTY:
        return [] if left == EMPTY else [EMPTY]
    version = goal if isinstance(goal, int) else goal[0]
    if left and goal in (left, left[0]):
        return []
    deleted = left != EMPTY and left[0] >= version
    above = 0 if deleted or left == EMPTY else left[0] + 1
    return [*([EMPTY] if deleted else []), *range(max(above, version - _STEPS), version), goal]


def shown(step: Step) -> str:
    """`nothing`, `version 1` or `2 at version 1`."""
    if isinstance(step, int):
        return f"version {step}"
    return f"{text(thaw(step[1]))} at version {step[0]}" if step else "nothing"
