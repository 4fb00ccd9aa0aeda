"""A model made of integers: its states are numbered as they are met, its transitions are remembered.

So any model in Python runs in a compiled search. The search looks up a transition by (state, class). Only at the
first use of a transition the search stops and Python asks the model. (Knossos' `memo` does this ahead of the search.)
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.checkers.kernel import kernel, raw_kernel
from clew.checkers.models.model import Model, ModelOperation

IMPOSSIBLE = -1
"""In place of a state: the operation cannot take effect."""
UNASKED = -2
"""In place of a state: the model has not been asked yet."""

_A_ROW = 512
"""Classes up to which all transitions of a merged state are learnt at once: a millisecond at most."""
STEPS_PER_LOOK = 1 << 10
"""Steps of a model between two looks at the deadline: a few milliseconds."""
_WEIGH_EVERY = 64
"""One state of this many is weighed: weighing takes as long as a step of the model. The second one is the first: most
objects are empty at first."""
_PLACES = 100
"""Bytes that a state costs in the list and the dictionary of states."""
_EMPTY = -1
_FIBONACCI = 0x9E3779B97F4A7C15 - (1 << 64)


QUESTION = np.dtype([("state", np.int64), ("cls", np.int64)])
"""A transition that a kernel wants to know."""


class Transitions(NamedTuple):
    """A memo as a kernel sees it. It is outdated when the memo has learnt something."""

    keys: Any
    """An open-addressing table: `state * classes + class`, or _EMPTY."""
    next_state: Any
    """The state that each leads to, or IMPOSSIBLE."""
    classes: int
    """How many classes there are."""


class Memo:
    """States and transitions of one model over the classes of one problem. State 0 is the initial one.

    `merge` must be False if operations of other classes may follow later: they might tell merged states apart.
    """

    def __init__(self, model: Model, classes: Sequence[ModelOperation], *, merge: bool = True) -> None:
        self._model = model
        self._classes = classes
        self._merge = model.merge(classes) if merge else None
        self.states: list[Any] = []
        self._numbers: dict[Hashable, int] = {}
        self._weight = self._weights = 0
        self.number(model.initial if self._merge is None else self._merge(model.initial))
        self.keys: NDArray[np.int64] = np.empty(1 << 10, np.int64)
        self.keys.fill(_EMPTY)
        self.next_state: NDArray[np.int32] = np.empty(1 << 10, np.int32)
        self._count = 0

    @property
    def bytes(self) -> int:
        """About how much memory this takes. One state in 64 is weighed, and counts for all up to the next."""
        return self.keys.nbytes + self.next_state.nbytes + self._weights

    @property
    def transitions(self) -> Transitions:
        """What is known now, for a kernel."""
        return Transitions(self.keys, self.next_state, len(self._classes))

    def learn(self, pairs: Sequence[tuple[int, int]], deadline: Deadline | None = None) -> None:
        """Ask the model for these transitions (state, class) and remember the answers.

        A model that merges states has few of them, and a search asks for most of their transitions sooner or later. So
        all transitions of such a state are learnt at once: going back and forth costs more than most answers.

        When the deadline passes, the rest is not learnt. The search can ask again.
        """
        classes = len(self._classes)
        if self._merge is not None and classes <= _A_ROW:
            pairs = [(state, cls) for state in {state: None for state, _ in pairs} for cls in range(classes)]
        for begin in range(0, len(pairs), STEPS_PER_LOOK):
            if begin and deadline is not None and deadline.passed():
                return
            self._learn(pairs[begin : begin + STEPS_PER_LOOK])

    def _learn(self, pairs: Sequence[tuple[int, int]]) -> None:
        classes = len(self._classes)
        answers = [self._after(self.states[state], self._classes[cls]) for state, cls in pairs]
        while 2 * (self._count + len(pairs)) >= len(self.keys):
            self._grow()
        keys = np.array([state * classes + cls for state, cls in pairs], np.int64)
        self._count += put_all.for_few(len(pairs))(self.keys, self.next_state, keys, np.array(answers, np.int32))

    def know(self, next_state: NDArray[np.int32]) -> None:
        """Know all transitions, of so many states, for each class: a row for each state, the first of the initial one.

        Then the model is asked for nothing.
        """
        states = len(next_state)
        self.states += range(1, states)
        while 2 * next_state.size >= len(self.keys):
            self._grow()
        keys = np.arange(next_state.size)
        self._count += put_all.for_few(len(keys))(self.keys, self.next_state, keys, next_state.ravel())

    def sometimes_impossible(self) -> NDArray[np.int64]:
        """The classes that were found impossible in some state. O(transitions)"""
        refused = self.keys[(self.keys != _EMPTY) & (self.next_state == IMPOSSIBLE)]
        return np.unique(refused % len(self._classes))

    def number(self, state: Any) -> int:
        """The number of a state. A state that was not met before gets a new one."""
        known = self._numbers.get(state)
        if known is None:
            known = self._numbers[state] = len(self.states)
            if known % _WEIGH_EVERY == 1:
                self._weight = _PLACES + _size(state)
            self.states.append(state)
            self._weights += self._weight
        return known

    def forget(self, keep: Sequence[int]) -> None:
        """Forget all transitions, and all states but these, which are numbered anew in this order."""
        self.states = [self.states[state] for state in keep]
        self._numbers = {state: number for number, state in enumerate(self.states)}
        self._weights = self._weight * len(self.states)
        self.keys, self.next_state, self._count = np.full(1 << 10, _EMPTY, np.int64), np.empty(1 << 10, np.int32), 0

    def _after(self, state: Any, op: ModelOperation) -> int:
        after = self._model.step(state, op)
        if after is None:
            return IMPOSSIBLE
        if self._merge is not None:
            after = self._merge(after)
        return self.number(after)

    def _grow(self) -> None:
        keys, values = self.keys, self.next_state
        self.keys = np.full(4 * len(keys), _EMPTY, np.int64)
        self.next_state = np.empty(4 * len(keys), np.int32)
        refill.for_few(len(keys))(keys, values, self.keys, self.next_state)


def _size(state: Any) -> int:
    """Bytes of a state, with the tuples, sets and data classes in it. Everything else in it is taken to be shared."""
    size, parts = 0, [state]
    while parts:
        part = parts.pop()
        size += sys.getsizeof(part)
        if _is_record(part):
            part = [getattr(part, field.name) for field in fields(part)]
        if isinstance(part, list | tuple | frozenset):
            parts += [inner for inner in part if isinstance(inner, tuple | frozenset) or _is_record(inner)]
    return size


def _is_record(thing: Any) -> bool:
    return is_dataclass(thing) and not isinstance(thing, type)


@raw_kernel
def slot(keys, key):  # type: ignore[no-untyped-def]
    """The place of `key`, or the empty place where it belongs."""
    mask = len(keys) - 1
    place = ((key * _FIBONACCI) >> 20) & mask
    while keys[place] != key and keys[place] != _EMPTY:
        place = (place + 1) & mask
    return place


@raw_kernel
def lookup(keys, values, key):  # type: ignore[no-untyped-def]
    """The value of `key`, UNASKED if it has none yet."""
    place = slot(keys, key)
    return int(values[place]) if keys[place] == key else UNASKED


@raw_kernel
def after(transitions, state, cls):  # type: ignore[no-untyped-def]
    """The state after an operation of a class; IMPOSSIBLE, or UNASKED if the model has not been asked yet."""
    return lookup(transitions.keys, transitions.next_state, state * transitions.classes + cls)


@kernel
def put(keys, values, key, value):  # type: ignore[no-untyped-def]
    """Set the value of `key`; returns 1 if it is new. The caller keeps the table at most half full."""
    place = slot(keys, key)
    new = keys[place] != key
    keys[place] = key
    values[place] = value
    return 1 if new else 0


@kernel
def put_all(keys, values, new_keys, new_values):  # type: ignore[no-untyped-def]
    """`put` each; returns how many are new."""
    new = 0
    for i in range(len(new_keys)):
        new += put(keys, values, new_keys[i], new_values[i])
    return new


@kernel
def refill(keys, values, new_keys, new_values):  # type: ignore[no-untyped-def]
    """Move everything into a larger table."""
    for place in range(len(keys)):
        if keys[place] != _EMPTY:
            put(new_keys, new_values, keys[place], values[place])
