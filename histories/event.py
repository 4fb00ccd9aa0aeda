"""What happened, one event at a time.

A *process* invokes an *operation*. The operation completes `ok` (it took effect), `fail` (it did not) or `info`
(unknown, for example after a timeout). A process whose operation ended `info` never returns; a fresh process
takes its thread. The nemesis records its actions in the same history, as the process `nemesis`. The words are Jepsen's.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

FORMAT = 1
"""The version of the history format that this code reads and writes."""

NEMESIS: Literal["nemesis"] = "nemesis"
"""The process of the nemesis."""
MISMATCH = "mismatch"
"""The error of a compare-and-set that failed because the value differed. Only this kind of `fail` is an observation."""

LATEST = 2**63 - 1
"""The largest time in a history, in ns: the largest signed 64-bit integer, 292 years."""

Count = Annotated[int, msgspec.Meta(ge=0, le=LATEST)]
"""A number that a column of a history can hold."""

EventType = Literal["invoke", "ok", "fail", "info"]
MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The exceptions that `msgspec` raises for malformed bytes."""


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first line of `history.jsonl`: where the history comes from."""

    clew_history: int = msgspec.field(name="clew-history")
    """The version of the format, see `FORMAT`."""
    plan: str | None = None
    """The name of the plan."""
    seed: int | None = None
    model: str | None = None
    """The model to check the history against."""
    versions: dict[str, str] = {}
    """The versions of clew and of the libraries that matter for a run."""
    clock: bool = True
    """False for a history without times. Then the `time` of an event is its number."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of a history."""

    index: Count
    """Counts the events of the history, from 0."""
    time: Count
    """Nanoseconds since the start of the run. Events with equal times are concurrent."""
    process: Count | Literal["nemesis"]
    type: EventType
    f: str
    """The function of the operation, such as `read`, `write` or `cas`."""
    key: Any = None
    value: Any = None
    """The argument of an invocation (None for a read, `[old, new]` for a compare-and-set); the result of an `ok`."""
    error: str | None = None
    """Why an operation ended `fail` or `info`."""
