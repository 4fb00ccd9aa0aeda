"""What happened, one event at a time.

An *operation* is invoked by a *process* and completes `ok` (it took effect), `fail` (it did not) or `info` (nobody
knows: a timeout, a crash). After `info` a process never returns; a fresh process takes its thread. Actions of the
nemesis are events in the same history, of the process `nemesis`. The words are Jepsen's.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

FORMAT = 1
"""The version of the history format that this code reads and writes."""

NEMESIS: Literal["nemesis"] = "nemesis"
MISMATCH = "mismatch"
"""The error of a compare-and-set that failed *because it compared*: the one kind of `fail` that is an observation."""

LATEST = 2**63 - 1
"""The largest time in a history, in ns: what 64 bits hold (292 years)."""

Count = Annotated[int, msgspec.Meta(ge=0, le=LATEST)]
"""A number that a column of a history can hold."""

EventType = Literal["invoke", "ok", "fail", "info"]
MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What `msgspec` raises for bytes that are not what they should be."""


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first line of `history.jsonl`: which run this is the history of.

    `clock` is False for a history that came without times: then they number the events.
    """

    clew_history: int = msgspec.field(name="clew-history")
    plan: str | None = None
    seed: int | None = None
    model: str | None = None
    versions: dict[str, str] = {}
    clock: bool = True


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a history.

    `index` counts events from 0, `time` is in nanoseconds since the start of the run; events with equal times are
    concurrent. `value` of an invocation is the argument (None for a read, `[old, new]` for a compare-and-set), of an
    `ok` completion the result. `error` says why an operation is `fail` or `info`.
    """

    index: Count
    time: Count
    process: Count | Literal["nemesis"]
    type: EventType
    f: str
    key: Any = None
    value: Any = None
    error: str | None = None
