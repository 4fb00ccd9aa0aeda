"""What a page shows, as columns: the contract between Python, which reads runs, and the page, which draws them.

Times are seconds since the start of the run, latencies are milliseconds. A history without times counts its events
instead of seconds.
"""

from __future__ import annotations

from typing import Any

import msgspec

Table = dict[str, list[Any]]
"""Columns by name, all of one length. Bokeh calls this the data of a source."""


class Partial(msgspec.Struct, frozen=True):
    """How far the history of a key can be explained if one operation took effect, see `partials.partial_orders`."""

    number: int
    """The number of the operation."""
    stops: int | None
    """The number of the operation at whose completion no order is left. None if there is no such order at all."""
    count: int
    """How many operations the order has."""
    points: Table
    """The end of the order, as `Key.points`."""


class Key(msgspec.Struct, frozen=True):
    """One key of the history, and the checker's evidence on it."""

    name: str
    """The key as text; empty for a history without keys."""
    verdict: str
    """The checker's verdict on this key; empty if it was not checked."""
    counterexample: list[int]
    """The numbers of the operations that cannot be ordered."""
    stuck: int | None
    """The number of the operation at whose completion no order is left."""
    moment: int | None
    """The position, in `Data.moments`, of the moment about this key."""
    points: Table
    """When each operation took effect and the state after it: `number`, `time`, `state`.

    The order is the witness, or the longest prefix that an order explains.
    """
    ordered: int = 0
    """How many operations this order has, with those that are not on the page."""
    partials: list[Partial] = []
    """For each operation that was open at the violation and is not in `points`, the longest order that has it."""


class Moment(msgspec.Struct, frozen=True):
    """Something to jump to: when it happened, and the time around it that explains it."""

    name: str
    """The text of its button."""
    words: str
    """What happened, as a sentence."""
    at: float
    start: float
    """Where the view begins after a jump."""
    end: float
    """Where the view ends."""
    wrong: bool = False
    """Whether it is a violation."""
    messages: list[int] = []
    """The numbers of the messages that made it happen."""
    key: str | None = None
    """The key that it is about."""
    check: str = ""
    """The check that found it; empty if it is no violation."""


class Data(msgspec.Struct, frozen=True):
    """All pictures of a run."""

    end: float
    """When the last event happened."""
    lanes: list[str]
    """The lanes of the timeline, from top to bottom."""
    operations: Table
    """The operations on the page, see `operations.table`."""
    evidence: list[int]
    """Rows of `operations` that are drawn however many are in view; empty if all operations are always drawn."""
    drawn: int
    """About how many operations are drawn at a time."""
    keys: list[Key]
    moments: list[Moment]
    windows: Table
    """The faults: `start`, `end`, `kind`, `words`."""
    rates: Table
    """Completions per second, see `operations.rates`."""
    quantiles: Table
    """Latencies over time, see `operations.latency_quantiles`."""
    places: list[str]
    """The lanes of the message diagram: clients, then nodes."""
    messages: Table
    """Messages as arrows, see `messages.message_table`."""
    nodes: list[str]
    """The lanes of the node diagram."""
    lives: Table
    """When each node was up, down or hit by a fault, see `nodes.node_states`."""
    marks: Table
    """Where a node was the first to use a ballot, view or term, see `nodes.protocol_marks`."""
    clock: bool
    """Whether the history has times. Without them, there are no latencies and no rates."""
    notes: list[str]
    """What is missing and why, in sentences."""
