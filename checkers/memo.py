"""A model made of integers: its states numbered as they are met, its transitions remembered.

This is what lets any Python model run in a compiled search (Knossos' `memo`, but built on demand instead of ahead): the
search looks a transition up by (state, class), and only for one that nobody has asked for yet it stops and asks Python.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers.kernel import kernel, raw_kernel
from clew.checkers.models.model import Model, ModelOperation

IMPOSSIBLE = -1
UNASKED = -2

_A_ROW = 512
_WEIGH_EVERY = 64
_PLACES = 100
_EMPTY = -1
_FIBONACCI = np.uint64(0x9E3779B97F4A7C15)


QUESTION = np.dtype([("state", np.int64), ("cls", np.int64)])
"""A transition that a kernel wants to know."""


class Transitions(NamedTuple):
    """What a kernel gets to see of a memo. It is outdated when the memo has learnt something."""

    keys: Any
    next_state: Any
    classes: int
    """How many classes there are."""


class Memo:
    """States and transitions of one model over the classes of one problem.

    `keys` and `next_state` are an open-addressing table from `state * classes + class` to a state, IMPOSSIBLE where
    the model says None. State 0 is the initial one.

    Where operations of other classes may follow later, states must not be merged.
    """

    def __init__(self, model: Model, classes: Sequence[ModelOperation], *, merge: bool = True) -> None:
        self._model = model
        self._classes = classes
        self._merge = model.merge(classes) if merge else None
        self.states: list[Any] = []
        self._numbers: dict[Hashable, int] = {}
        self._weight = self._weights = 0
        self.number(model.initial if self._merge is None else self._merge(model.initial))
        self.keys: NDArray[np.int64] = np.full(1 << 10, _EMPTY, np.int64)
        self.next_state: NDArray[np.int32] = np.empty(1 << 10, np.int32)
        self._count = 0

    @property
    def bytes(self) -> int:
        """About what this remembers costs; one state in 64 is weighed, for all up to the next."""
        return self.keys.nbytes + self.next_state.nbytes + self._weights

    @property
    def transitions(self) -> Transitions:
        """What is known now, for a kernel."""
        return Transitions(self.keys, self.next_state, len(self._classes))

    def learn(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Ask the model for these transitions (state, class) and remember the answers.

        A model that merges states has few of them, and a search asks for most of their transitions sooner or later:
        then all those of a state are learnt at once, because going back and forth costs more than most answers.
        """
        classes = len(self._classes)
        if self._merge is not None and classes <= _A_ROW:
            pairs = [(state, cls) for state in {state: None for state, _ in pairs} for cls in range(classes)]
        answers = [self._after(self.states[state], self._classes[cls]) for state, cls in pairs]
        while 2 * (self._count + len(pairs)) >= len(self.keys):
            self._grow()
        keys = np.array([state * classes + cls for state, cls in pairs], np.int64)
        self._count += put_all(self.keys, self.next_state, keys, np.array(answers, np.int32))

    def number(self, state: Any) -> int:
        """The number of a state, a new one if it was not met before."""
        known = self._numbers.get(state)
        if known is None:
            known = self._numbers[state] = len(self.states)
            if known % _WEIGH_EVERY == 0:
                self._weight = _PLACES + _size(state)
            self.states.append(state)
            self._weights += self._weight
        return known

    def forget(self, keep: Sequence[int]) -> None:
        """Forget all states but these, which are numbered anew in this order, and all transitions."""
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
        refill(keys, values, self.keys, self.next_state)


def _size(state: Any) -> int:
    """Bytes of a state, with the tuples, sets and data classes in it; what else they hold is taken to be shared."""
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
    """Where `key` is, or the empty place where it belongs."""
    mask = len(keys) - 1
    place = np.int64((np.uint64(key) * _FIBONACCI) >> np.uint64(20)) & mask
    while keys[place] != key and keys[place] != _EMPTY:
        place = (place + 1) & mask
    return place


@raw_kernel
def lookup(keys, values, key):  # type: ignore[no-untyped-def]
    """The value of `key`, UNASKED if it has none yet."""
    place = slot(keys, key)
    return values[place] if keys[place] == key else UNASKED


@raw_kernel
def after(transitions, state, cls):  # type: ignore[no-untyped-def]
    """The state after an operation of a class; IMPOSSIBLE, or UNASKED if nobody has asked the model yet."""
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
