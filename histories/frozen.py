"""Values of a history, frozen so that they can be compared, and numbered so that a checker never touches them.

value        1    "a"    null    [1, "a"]            {"x": 1}                true
frozen       1    "a"    None    (list, 1, "a")      (dict, ("x", 1))        (bool, True)
number       0    1      2       3                   4                       5
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEEPEST = 100
"""How deeply the values of a history may be nested. Code that reads, compares and prints them recurses as deep."""


class _Tag(str):
    """Marks what a frozen value was. It has a type of its own, because a history may hold the text "list" too."""

    __slots__ = ()


LIST, _DICT = _Tag("list"), _Tag("dict")
_PLAIN = {int, str, type(None)}
"""Types whose values are their own frozen form."""


def freeze(value: Any, depth: int = 0) -> Any:
    """A hashable form of a JSON value. Two are equal only if the values are equal *and of equal type*: 1, 1.0 and true
    differ.

    Raises `RecursionError` for a value that is nested more than `DEEPEST` deep.
    """
    kind = type(value)
    if kind is int or kind is str or value is None:
        return value
    if kind is not list and kind is not tuple and kind is not dict:
        return (_Tag(kind.__name__), value)
    if depth == DEEPEST:
        raise RecursionError
    if kind is not dict and set(map(type, value)) <= _PLAIN:
        return (LIST, *value)
    if kind is dict:
        return (_DICT, *sorted((str(k), freeze(v, depth + 1)) for k, v in value.items()))
    return (LIST, *(freeze(part, depth + 1) for part in value))


def freeze_all(values: Collection[Any]) -> frozenset[Any]:
    """The frozen forms of some JSON values, as a set. A thousand integers take 0.4 of the time of one by one.

    Raises `RecursionError` as `freeze` does.
    """
    return frozenset(values if set(map(type, values)) <= _PLAIN else map(freeze, values))


def thaw(frozen: Any) -> Any:
    """The JSON value of a frozen value, or of a model's state that contains frozen values.

    In a state, a tuple becomes a list, and a set becomes a list sorted by its texts. Anything else stays as it is.
    """
    if isinstance(frozen, frozenset):
        return sorted(map(thaw, frozen), key=repr)
    if not isinstance(frozen, tuple):
        return frozen
    if not frozen or not isinstance(frozen[0], _Tag):
        return [thaw(part) for part in frozen]
    if frozen[0] == LIST:
        return [thaw(part) for part in frozen[1:]]
    if frozen[0] == _DICT:
        return {key: thaw(part) for key, part in frozen[1:]}
    return frozen[1]


class Interned:
    """Objects numbered in the order in which they were first seen. Equal JSON values share a number."""

    def __init__(self) -> None:
        self.objects: list[Any] = []
        self._codes: dict[Any, int] = {}

    def code(self, value: Any) -> int:
        """The number of `value`; a new number if it was not seen before."""
        kind = type(value)
        frozen = value if kind is int or kind is str or value is None else freeze(value)
        code = self._codes.setdefault(frozen, len(self.objects))
        if code == len(self.objects):
            self.objects.append(value)
        return code

    def codes(self, values: Sequence[Any]) -> NDArray[np.int32]:
        """The numbers of many values. Costs a tenth of `code` for each of them, if most were seen before."""
        if values and values[0] is values[-1] is None and values.count(None) == len(values):
            return np.full(len(values), self.code(None), np.int32)
        if set(map(type, values)) <= _PLAIN:
            return self.codes_of_frozen(values)
        frozen = [value if type(value) in _PLAIN else freeze(value) for value in values]
        return self.codes_of_frozen(frozen, values.__getitem__)

    def codes_of_frozen(self, frozen: Sequence[Any], value_at: Callable[[int], Any] | None = None) -> NDArray[np.int32]:
        """The numbers of many values, of which these are the frozen forms.

        `value_at` gives the value at a place; None if values and forms are the same. It is asked for the first of equal
        values: maps may differ in the order of their keys.
        """
        known, count = self._codes, len(frozen)
        with suppress(TypeError):  # None is no code: one was not seen before
            return np.fromiter(map(known.get, frozen), np.int32, count)
        # What was not seen before is numbered by its first place, and then without the gaps.
        before = len(known)
        codes = np.fromiter(map(known.setdefault, frozen, itertools.count(before)), np.int32, count)
        first = codes == np.arange(before, before + count)
        places = np.flatnonzero(first).tolist()
        unseen = [frozen[place] for place in places]
        known.update(zip(unseen, range(before, before + len(unseen)), strict=True))
        self.objects += unseen if value_at is None else map(value_at, places)
        new = codes >= before
        codes[new] = (before - 1 + first.cumsum())[codes[new] - before]
        return codes

    def find(self, value: Any) -> int | None:
        """The number of `value`, or None if it never occurred."""
        return self._codes.get(freeze(value))

    def __getitem__(self, code: int) -> Any:
        return self.objects[code]

    def __len__(self) -> int:
        return len(self.objects)
