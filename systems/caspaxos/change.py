"""Change functions: what a client submits instead of a value (paper, 2.2).

    read                  x -> x
    write v               x -> v
    compare-and-set e v   x -> if x = e then v else x
    init v                x -> if x is empty then (0, v) else x
    update n v            x -> if x = (n, *) then (n + 1, v) else x
    add n                 x -> x + n
    delete                x -> the empty value: a tombstone
    call f a b ...        x -> f(x, a, b, ...), a function of a system's own (`objects.py`)

A change function is plain data and has no side effects. So a proposer can apply it to a state, lose the round, and
apply it again to another state. A function of a system's own is sent by its name, with its arguments.

Registers are *versioned*: a change that is not the identity makes a value with the next version and a new uuid. So
every value has exactly one parent, and the ancestors of a value form a chain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
        return self.value if same(state, self.expected) else UNCHANGED


class Init(msgspec.Struct, frozen=True, tag="init"):
    """Changes the empty state to version 0 of `value`, and no other state."""

    value: Any
    """What the register holds first."""

    def __call__(self, state: Any) -> Any:
        return [0, self.value] if state is None else UNCHANGED


class Update(msgspec.Struct, frozen=True, tag="update"):
    """A compare-and-set by version: changes version `version` of any value to the next version of `value`."""

    version: int
    """The version of the state that is to be changed."""
    value: Any
    """What the register holds next."""

    def __call__(self, state: Any) -> Any:
        return [self.version + 1, self.value] if _is_version(state, self.version) else UNCHANGED


class Add(msgspec.Struct, frozen=True, tag="add"):
    """Adds a number to the state. The empty state counts as 0."""

    amount: int
    """What is added; it may be negative."""

    def __call__(self, state: Any) -> Any:
        return (state or 0) + self.amount


class Delete(msgspec.Struct, frozen=True, tag="delete"):
    """Changes every state to the empty one. What is left in the register is a tombstone (`collector.py`)."""

    def __call__(self, state: Any) -> Any:
        return None


class Call(msgspec.Struct, frozen=True, tag="call"):
    """Applies a function of the system's own."""

    name: str
    """Its name."""
    arguments: tuple[Any, ...]
    """What it gets besides the state."""


Change = Read | Write | CompareAndSet | Init | Update | Add | Delete | Call
TELLING: Final = (Read, Init, Update, Add, Call)
"""The changes whose client is told the state that was chosen. The others know it, or do not ask."""
EXPECTING: Final = (CompareAndSet, Update)
"""The changes that end as a mismatch if they change nothing."""

Function = Callable[..., Any]
"""A function of a system's own: a state and the arguments -> the new state, or `UNCHANGED`. It must be pure: no side
effects, and the same result for the same arguments. States and arguments are JSON values, and it changes none of them.
"""


def applied(change: Change, state: Any, functions: Mapping[str, Function]) -> Any:
    """The state that a change makes of a state, or `UNCHANGED`. `functions` are the system's own, by name."""
    if isinstance(change, Call):
        return functions[change.name](state, *change.arguments)
    return change(state)


def contradiction(change: Change, state: Any, told: Any, *, mismatch: bool) -> str | None:
    """What is wrong with an answer to a change if this state was chosen for it, in words; None if nothing is.

    `told` is the state that the answer tells. `mismatch`: the answer says that the change expected another state.
    """
    if mismatch:
        if isinstance(change, CompareAndSet):
            return (
                f"with a mismatch, as if it had not found {change.expected!r}" if same(state, change.expected) else None
            )
        if isinstance(change, Update):
            found = _is_version(state, change.version)
            return f"with a mismatch, as if it had not found version {change.version}" if found else None
        return "with a mismatch, though it expects nothing"
    if isinstance(change, TELLING):
        return None if same(told, state) else f"and tells {told!r}"
    made = None if isinstance(change, Delete) else change.value
    return None if same(made, state) else f"as if it had set {made!r}"


def _is_version(state: Any, version: int) -> bool:
    return isinstance(state, list | tuple) and len(state) == 2 and state[0] == version


def same(one: Any, other: Any) -> bool:
    """Whether these are the same JSON value. To Python 1, 1.0 and True are equal; to JSON they are not."""
    return _json(one, order="sorted") == _json(other, order="sorted")


_json = msgspec.json.encode
