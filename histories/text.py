"""Values, operations and events as text, for terminals, logs and pages.

1.204113 s     3   ok      cas    key 0   [4, 2]

Histories are imported where one is shown: the processes of a live run read plans, whose errors show values, and
importing numpy would delay each of them by a tenth of a second.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec

from clew.histories.event import Event

if TYPE_CHECKING:
    from clew.histories.history import History

TAKING = ("dequeue", "pop", "delete-min")
"""Functions that take an element out of a container. Null says that it was empty."""
_READING = ("read", "get")


def describe(event: Event) -> str:
    """One event as one line: time, process, type, function, key, value, error."""
    key = "" if event.key is None else f"key {value_text(event.key)}"
    error = "" if event.error is None else f"  ({printable(event.error)})"
    return (
        f"{event.time / 1e9:>11.6f} s  {event.process:>7}  {event.type:<6}  {printable(event.f):<6}  {key:<7} "
        f"{value_text(event.value)}{error}"
    ).rstrip()


def label(history: History, number: int) -> str:
    """An operation and its result as short text: `read → 5`, `cas [4, 2]`, `write 3 ?` (unknown outcome)."""
    from clew.histories.history import INFO, OK

    operations = history.operations
    f = printable(str(history.fs[operations.f[number]]))
    argument = history.values[operations.argument[number]]
    words = f if argument is None else f"{f} {value_text(argument)}"
    if operations.outcome[number] == INFO:
        return f"{words} ?"
    if operations.completed[number] >= 0 and operations.argument[number] != operations.result[number]:
        return f"{words} → {value_text(history.values[operations.result[number]])}"
    return f"{words} → nil" if f in (*_READING, *TAKING) and operations.outcome[number] == OK else words


def key_name(key: Any) -> str:
    """A key as text; empty for None."""
    return "" if key is None else value_text(key)


def value_text(value: Any, most: int = 80) -> str:
    """A value as JSON, or as Python prints it if it has no JSON form; cut to `most` characters."""
    try:
        text = msgspec.json.format(msgspec.json.encode(value), indent=0).decode()
    except (TypeError, ValueError, OverflowError):
        text = repr(value)
    if "null" in text and _has_no_json(value):
        text = repr(value)
    return printable(text if len(text) <= most else text[: most - 3] + "...")


def _has_no_json(value: Any) -> bool:
    """Whether there is a NaN or an infinity in the value, for which an encoder of JSON writes null."""
    if isinstance(value, dict):
        return any(map(_has_no_json, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_no_json, value))
    return isinstance(value, float) and not isfinite(value)


def state_text(state: Any, initial: Any, most: int = 80) -> str:
    """The state of a model as JSON, or as Python prints it if it has no JSON form; cut to `most` characters.

    `initial` is the model's initial state. If it holds one value, as that of a register does, this value is shown. A
    queue with one element begins with none, and is shown as a list.
    """
    from clew.histories.frozen import thaw

    one = all(isinstance(one, tuple) and len(one) == 1 for one in (state, initial)) and thaw(state) != []
    return value_text(thaw(state[0] if one else state), most)


def printable(text: str) -> str:
    """The text with control characters escaped: text from a history must not control the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def plural(count: int, noun: str) -> str:
    """`1 seed`, `2 seeds`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def times(count: int) -> str:
    """`never`, `once`, `twice`, `3 times`."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def shortened(text: str, width: int) -> str:
    """The text in at most `width` characters; of a longer one the end becomes `…`."""
    return text if len(text) <= width else text[: width - 1] + "…"
