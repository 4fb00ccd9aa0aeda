"""A promise that is weaker than linearizability, and whether a history keeps it."""

from __future__ import annotations

from collections.abc import Sequence
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
AT_MOST_ONCE = "at-most-once delivery"
AT_LEAST_ONCE = "at-least-once delivery"
_OF_SESSIONS = (READ_YOUR_WRITES, MONOTONIC_READS, MONOTONIC_WRITES, WRITES_FOLLOW_READS, TOGETHER)


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


def in_short(promises: Sequence[Promise]) -> str:
    """Promises in one line: "sequential consistency no, read your writes yes, ..., every read is at most 1.2 s old".

    If the answer is the same for all session guarantees, it is given once.
    """
    said: list[str] = []
    guarantees = [promise for promise in promises if promise.name in _OF_SESSIONS]
    answers = {promise.kept for promise in guarantees}
    for promise in promises:
        if promise.name in _OF_SESSIONS and len(answers) == 1:
            said += [f"session guarantees {promise.kept}"] if promise is guarantees[0] else []
        elif promise.name == TOGETHER:
            # That they do not hold together is news only if each may hold alone.
            said += [] if "no" in {one.kept for one in guarantees[:-1]} else [f"{promise.name} {promise.kept}"]
        elif promise.name == BOUNDED_STALENESS:
            said.append(_age(promise))
        else:
            said.append(f"{promise.name} {promise.kept}")
    return ", ".join(said)


def _age(promise: Promise) -> str:
    if promise.oldest is None:
        return "no bound on the age of reads" if promise.kept == "no" else f"age of reads {promise.kept}"
    return promise.why.partition("\n")[0] if promise.oldest else "no read is old"
