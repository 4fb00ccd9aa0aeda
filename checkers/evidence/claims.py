"""The statements of an explanation, as data.

Every claim is true of the history and can be checked without an engine: `tests/checkers/evidence/test_claims.py` does
so for random histories. `explanation` puts claims into words.

Operations are named by their number, which is their position in `History.operations`.
"""

from __future__ import annotations

from typing import Any

import msgspec


class NoOrder(msgspec.Struct, frozen=True):
    """No order explains this completion together with everything that completed before it."""

    operation: int
    """The completed operation that no order explains."""


class FailedTookEffect(msgspec.Struct, frozen=True):
    """If these operations, which failed, took effect nevertheless, an order explains everything up to a completion.

    None of them can be left out. The history says that none of them happened, so one of its `fail`s is likely wrong.
    """

    operations: tuple[int, ...]
    """The failed operations, in the order of their invocation."""
    until: int
    """The operation whose completion is then explained, with everything that completed before it."""


class NeverSet(msgspec.Struct, frozen=True):
    """When `read` returned, no operation that sets the value it needs had been invoked. Failed ones do not count."""

    read: int
    """The operation that no order explains: a read or a compare-and-set."""
    value: Any
    """The value that `read` needs."""
    failed: tuple[int, ...]
    """Operations that may have set the value, had been invoked by then, and failed, by a mismatch or otherwise."""


class Replaced(msgspec.Struct, frozen=True):
    """`by` completed before `read` was invoked, and left or found the register at another value than `read` needs."""

    read: int
    """As in `NeverSet`."""
    value: Any
    """The value that `read` needs."""
    by: int
    """The operation that left or found another value."""


class SetLast(msgspec.Struct, frozen=True):
    """`setter` is the last operation to set the value that `read` needs. It completed before `by` was invoked.

    So did every other operation that sets the value and was invoked before `read` returned. Failed operations do not
    count.
    """

    read: int
    """As in `NeverSet`."""
    value: Any
    """The value that `read` needs."""
    setter: int
    """Of the operations that set the value, the last to complete."""
    by: int
    """As in `Replaced`."""
    failed: tuple[int, ...]
    """As in `NeverSet`, but only those that had not completed when `by` was invoked."""


class OnlyInitial(msgspec.Struct, frozen=True):
    """The value is the initial one. No operation that sets it was invoked before `read` returned.

    Failed operations do not count.
    """

    read: int
    """As in `NeverSet`."""
    value: Any
    """The value that `read` needs."""
    failed: tuple[int, ...]
    """As in `NeverSet`."""


class ImpossibleTogether(msgspec.Struct, frozen=True):
    """No order explains these operations, whichever of the others took effect and whatever they returned."""

    operations: tuple[int, ...]
    """The contradiction."""
    others: tuple[int, ...]
    """The rest of the counterexample. These operations only say where values came from."""
    elements: bool
    """True for a container: the others are taken to have touched other elements only."""
    failed: bool
    """True after a `FailedTookEffect`: then the claim holds only if the failed operations took no effect."""


class ManyTogether(msgspec.Struct, frozen=True):
    """Many operations are impossible together, and no smaller set was found."""

    count: int
    """How many."""


class Explained(msgspec.Struct, frozen=True):
    """An order explains a beginning of the history."""

    last: int
    """The last operation of the order."""
    state: Any
    """The state after it."""
    initial: Any
    """The state before the first operation."""
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
