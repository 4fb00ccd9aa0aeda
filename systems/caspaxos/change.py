"""Change functions: what a client submits instead of a value (paper, 2.2).

    read                  x -> x
    write v               x -> v
    compare-and-set e v   x -> if x = e then v else x

A change function is plain data and has no side effects. So a proposer can apply it to a state, lose the round, and
apply it again to another state.

Registers are *versioned*: a change that is not the identity makes a value with the next version and a new uuid. So
every value has exactly one parent, and the ancestors of a value form a chain.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec


class Versioned(msgspec.Struct, frozen=True):
    """A value of the register."""

    version: int
    """How many changes led to this value."""
    uuid: str
    """Which change made this value. It is drawn at random; the empty register has none."""
    state: Any
    """What clients see: any JSON value."""


EMPTY: Final = Versioned(0, "", None)
"""The register before its first change: the paper's empty value."""


class Unchanged:
    """The type of `UNCHANGED`."""


UNCHANGED: Final = Unchanged()
"""What a change function returns where it is the identity."""


class Read(msgspec.Struct, frozen=True, tag="read"):
    """Changes no state."""

    def __call__(self, state: Any) -> Any:
        return UNCHANGED


class Write(msgspec.Struct, frozen=True, tag="write"):
    """Changes every state to `value`. Writing the same state again is a change too: it makes a new version."""

    value: Any
    """The new state."""

    def __call__(self, state: Any) -> Any:
        return self.value


class CompareAndSet(msgspec.Struct, frozen=True, tag="cas"):
    """Changes the state to `value` if it is `expected`, and no other state."""

    expected: Any
    """The state that is to be changed."""
    value: Any
    """The new state."""

    def __call__(self, state: Any) -> Any:
        return self.value if _same(state, self.expected) else UNCHANGED


Change = Read | Write | CompareAndSet


def _same(one: Any, other: Any) -> bool:
    """Whether these are the same JSON value. To Python 1, 1.0 and True are equal; to JSON they are not."""
    return _json(one, order="sorted") == _json(other, order="sorted")


_json = msgspec.json.encode
