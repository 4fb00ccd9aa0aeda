"""A promise that is weaker than linearizability, and whether a history keeps it."""

from __future__ import annotations

from typing import Literal

import msgspec

Kept = Literal["yes", "no", "unknown"]

SEQUENTIAL = "sequential consistency"
READ_YOUR_WRITES = "read your writes"
MONOTONIC_READS = "monotonic reads"
MONOTONIC_WRITES = "monotonic writes"
WRITES_FOLLOW_READS = "writes follow reads"
TOGETHER = "all four session guarantees together"
BOUNDED_STALENESS = "bounded staleness"


class Promise(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a history keeps one promise.

    "yes" means that what the clients saw can be explained by a system that keeps the promise. "no" means that it
    cannot. Operations are named by their position in `History.operations`.
    """

    name: str
    kept: Kept
    why: str
    """The reason, in a sentence or a few lines."""
    operations: tuple[int, ...] = ()
    """If not kept: the operations that show it."""
    order: tuple[int, ...] | None = None
    """If sequential consistency is kept: the operations that took effect, in an order that explains all of them."""
    oldest: int | None = None
    """For bounded staleness: every read is at most this old, in ns; without a clock, this many events old. None if no
    bound is known."""
    smallest: bool = True
    """For bounded staleness: False if the budget did not suffice to show that no smaller bound holds."""
