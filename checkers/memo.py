"""A model made of integers: its states numbered as they are met, its transitions remembered.

This is what lets any Python model run in a compiled search (Knossos' `memo`, but built on demand instead of ahead): the
search looks a transition up by (state, class), and only for one that nobody has asked for yet it stops and asks Python.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from checkers.models.model import Model, Operation

IMPOSSIBLE = -1
UNASKED = -2

_EMPTY = -1
_FIBONACCI = np.uint64(0x9E3779B97F4A7C15)


class Memo:
    """States and transitions of one model over the classes of one problem.

    `keys` and `next_state` are an open-addressing table from `state * classes + class` to a state, IMPOSSIBLE where
    the model says None. State 0 is the initial one.
    """

    def __init__(self, model: Model, classes: Sequence[Operation]) -> None:
        self._model = model
        self._classes = classes
        self.states: list[Any] = [model.initial]
        self._numbers: dict[Hashable, int] = {model.initial: 0}
        self.keys: NDArray[np.int64] = np.full(1 << 10, _EMPTY, np.int64)
        self.next_state: NDArray[np.int32] = np.empty(1 << 10, np.int32)
        self._count = 0

    @property
    def bytes(self) -> int:
        """About what this remembers costs; a state is reckoned at 200 bytes."""
        return self.keys.nbytes + self.next_state.nbytes + 200 * len(self.states)

    def learn(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Ask the model for these transitions (state, class) and remember the answers."""
        for state, cls in pairs:
            after = self._model.step(self.states[state], self._classes[cls])
            if after is None:
                number = IMPOSSIBLE
            else:
                known = self._numbers.get(after)
                if known is None:
                    known = self._numbers[after] = len(self.states)
                    self.states.append(after)
                number = known
            if 2 * self._count >= len(self.keys):
                self._grow()
            self._count += put(self.keys, self.next_state, state * len(self._classes) + cls, number)

    def _grow(self) -> None:
        keys, values = self.keys, self.next_state
        self.keys = np.full(4 * len(keys), _EMPTY, np.int64)
        self.next_state = np.empty(4 * len(keys), np.int32)
        refill(keys, values, self.keys, self.next_state)


@njit(cache=True, nogil=True)
def slot(keys, key):  # type: ignore[no-untyped-def]
    """Where `key` is, or the empty place where it belongs."""
    mask = len(keys) - 1
    place = np.int64((np.uint64(key) * _FIBONACCI) >> np.uint64(20)) & mask
    while keys[place] != key and keys[place] != _EMPTY:
        place = (place + 1) & mask
    return place


@njit(cache=True, nogil=True)
def lookup(keys, values, key):  # type: ignore[no-untyped-def]
    """The value of `key`, UNASKED if it has none yet."""
    place = slot(keys, key)
    return values[place] if keys[place] == key else UNASKED


@njit(cache=True, nogil=True)
def put(keys, values, key, value):  # type: ignore[no-untyped-def]
    """Set the value of `key`; returns 1 if it is new. The caller keeps the table at most half full."""
    place = slot(keys, key)
    new = keys[place] != key
    keys[place] = key
    values[place] = value
    return 1 if new else 0


@njit(cache=True, nogil=True)
def refill(keys, values, new_keys, new_values):  # type: ignore[no-untyped-def]
    """Move everything into a larger table."""
    for place in range(len(keys)):
        if keys[place] != _EMPTY:
            put(new_keys, new_values, keys[place], values[place])
