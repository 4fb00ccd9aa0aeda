"""What a page shows, as columns: the contract between Python, which knows runs, and the page, which draws them.

Times are seconds since the start of the run, latencies milliseconds; columns of one table have one length.
"""

from __future__ import annotations

from typing import Any

import msgspec

Table = dict[str, list[Any]]
"""Columns by name, all of one length: what Bokeh calls the data of a source."""


class Key(msgspec.Struct, frozen=True):
    """One key of the history, and what the checker says about it.

    `points` are the moments at which operations took effect, in their order, with the state after each: those of the
    witness, or of the longest prefix that can be explained.
    """

    name: str
    verdict: str
    counterexample: list[int]
    stuck: int | None
    """The operation (its number) that no order explains."""
    moment: int | None
    """The number of the moment that is about it."""
    points: Table


class Moment(msgspec.Struct, frozen=True):
    """Something to jump to: when it happened, and the stretch of time around it that explains it.

    `messages` are the numbers of those that made it happen. `wrong` is True for a violation.
    """

    name: str
    words: str
    at: float
    start: float
    end: float
    wrong: bool = False
    messages: list[int] = []
    key: str | None = None


class Data(msgspec.Struct, frozen=True):
    """All pictures of a run."""

    end: float
    lanes: list[str]
    operations: Table
    evidence: list[int]
    """The rows of the operations that are drawn however many are in sight; empty if there are not too many."""
    drawn: int
    """How many operations are drawn at a time, about."""
    keys: list[Key]
    moments: list[Moment]
    windows: Table
    rates: Table
    quantiles: Table
    places: list[str]
    """Who sends and receives: the lanes of the message diagram."""
    messages: Table
    nodes: list[str]
    lives: Table
    marks: Table
    clock: bool
    """Whether there is one: otherwise what would be seconds numbers the events, and there are no latencies or rates."""
    notes: list[str]
    """What is not there and why, in sentences."""
