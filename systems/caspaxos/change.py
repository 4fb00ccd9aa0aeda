"""Change functions: what a client submits instead of a value (paper, 2.2).

    read                  x -> x
    write v               x -> v
    compare-and-set e v   x -> if x = e then v else x

They are plain data and free of side effects, so a proposer may apply one to a state, see the round fail, and apply it
again to another state. What they change is a *versioned* register: a change that is not the identity makes a value
with the next version and a fresh uuid, so every value has exactly one parent and "is a descendant of" is a chain.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec


class Versioned(msgspec.Struct, frozen=True):
    """A value of the register: how many changes led to it, which change made it, and what the clients see."""

    version: int
    uuid: str
    state: Any


EMPTY: Final = Versioned(0, "", None)
"""The register before its first change; the paper's empty value."""


class Unchanged:
    """The type of `UNCHANGED`."""


UNCHANGED: Final = Unchanged()
"""What a change function returns when it acts as the identity on this state."""


class Read(msgspec.Struct, frozen=True, tag_field="type", tag="read"):
    """The identity, everywhere."""

    def __call__(self, state: Any) -> Any:
        return UNCHANGED


class Write(msgspec.Struct, frozen=True, tag_field="type", tag="write"):
    """A constant. Writing the state that is there already is a change too: it makes a new version."""

    value: Any

    def __call__(self, state: Any) -> Any:
        return self.value


class CompareAndSet(msgspec.Struct, frozen=True, tag_field="type", tag="cas"):
    """`value` where the state is `expected`, the identity elsewhere."""

    expected: Any
    value: Any

    def __call__(self, state: Any) -> Any:
        return self.value if _same(state, self.expected) else UNCHANGED


Change = Read | Write | CompareAndSet


def _same(one: Any, other: Any) -> bool:
    """Whether these are the same JSON value; for Python 1, 1.0 and True are equal, for JSON they are not."""
    return _json(one, order="sorted") == _json(other, order="sorted")


_json = msgspec.json.encode
