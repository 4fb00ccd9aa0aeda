"""What an explanation says, as data.

Every claim is true of the history and can be checked without an engine: `tests/checkers/evidence/test_claims.py` does
so for random histories. `explanation` puts claims into words.

Operations are named by their number, which is their position in `History.operations`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NoOrder:
    """No order explains this completion together with everything that completed before it."""

    operation: int


@dataclass(frozen=True)
class FailedTookEffect:
    """If these operations, which failed, took effect nevertheless, an order explains everything up to a completion.

    None of them can be left out. The history says that none of them happened, so one of its `fail`s is likely wrong.
    """

    operations: tuple[int, ...]
    until: int
    """The operation whose completion is explained, with everything that completed before it."""


@dataclass(frozen=True)
class NeverSet:
    """When `read` returned, no operation that sets the value it needs had been invoked, except those that failed."""

    read: int
    value: Any
    failed: tuple[int, ...]
    """Operations that may have set the value, had been invoked by then, and failed, by a mismatch or otherwise."""


@dataclass(frozen=True)
class Replaced:
    """`by` completed before `read` was invoked, and left or found the register at another value than `read` needs."""

    read: int
    value: Any
    by: int


@dataclass(frozen=True)
class SetLast:
    """`setter` set the value and completed before `by` was invoked, as did every other operation that sets the value
    and was invoked before `read` returned, except those that failed."""

    read: int
    value: Any
    setter: int
    by: int
    failed: tuple[int, ...]
    """As in `NeverSet`, but only those that had not completed when `by` was invoked."""


@dataclass(frozen=True)
class OnlyInitial:
    """The value is the initial one, and no operation that sets it was invoked before `read` returned, except those that
    failed."""

    read: int
    value: Any
    failed: tuple[int, ...]
    """As in `NeverSet`."""


@dataclass(frozen=True)
class ImpossibleTogether:
    """No order explains these operations, even if every other one took effect with another result, or did not."""

    operations: tuple[int, ...]
    elements: bool
    """True if the others must be about other elements: those of a container."""
    failed: bool
    """True if operations that failed could make a difference; see `FailedTookEffect`."""


@dataclass(frozen=True)
class ManyTogether:
    """So many operations are impossible together, and no smaller set was found."""

    count: int


@dataclass(frozen=True)
class Explained:
    """An order explains a beginning of the history. `last` is the last operation in it, and `state` the state then."""

    last: int
    state: Any
    count: int
    """How many operations the order has."""
    all_before: bool
    """Whether the order holds everything that completed before the completion that no order explains."""


Claim = (
    NoOrder
    | FailedTookEffect
    | NeverSet
    | Replaced
    | SetLast
    | OnlyInitial
    | ImpossibleTogether
    | ManyTogether
    | Explained
)
