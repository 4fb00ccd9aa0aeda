"""What is wrong with a line of a history, in words: the field, what was found in it, and what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from clew.histories.event import LATEST, MALFORMED, NEMESIS
from clew.histories.history import TYPES
from clew.histories.text import printable

REQUIRED = ("index", "time", "process", "type", "f")
"""The fields that every event has."""


def excerpt(line: bytes | str) -> str:
    """The beginning of a line, in quotes."""
    text = (line if isinstance(line, str) else line.decode(errors="replace")).rstrip()
    return f"'{printable(text if len(text) <= 60 else text[:57] + '...')}'"


def json_object(line: bytes) -> dict[str, Any] | str:
    """The JSON object on a line, or what is wrong with the line."""
    try:
        found = msgspec.json.decode(line)
    except UnicodeDecodeError:
        return f"expected UTF-8 text, found {excerpt(line)}"
    except RecursionError:
        return f"expected an event, found {excerpt(line)}, which is nested too deeply"
    except MALFORMED:
        return f"expected an event, found {excerpt(line)}, which is no JSON"
    return found if isinstance(found, dict) else f"expected an event, found {excerpt(line)}, which is no JSON object"


def whats_wrong(line: bytes) -> str:
    """Why a line is no event of clew's format."""
    found = json_object(line)
    if isinstance(found, str):
        return found
    return f"expected an event, found {excerpt(line)}: {_wrong_field(found)}"


def _wrong_field(found: Mapping[str, Any]) -> str:
    for name in REQUIRED:
        if name not in found:
            return f"the field {name} is missing"
    for name in ("index", "time"):
        if wrong := wrong_number(name, found[name]):
            return wrong
    if found["process"] != NEMESIS and (wrong := wrong_number("process", found["process"])):
        return f'{wrong}, or "{NEMESIS}"'
    if found["type"] not in TYPES:
        return f"type is {shown(found['type'])}; expected {', '.join(TYPES)}"
    if not isinstance(found["f"], str):
        return f"f is {shown(found['f'])}; expected the name of a function, such as read"
    return f"error is {shown(found.get('error'))}; expected a text"


def wrong_number(name: str, found: Any) -> str | None:
    """What is wrong with a time, an index or a process; None if nothing is."""
    what = "nanoseconds" if name == "time" else "a whole number"
    if type(found) is not int:
        return f"{name} is {shown(found)}; expected {what}, 0 or more, without a fraction"
    if not 0 <= found <= LATEST:
        return f"{name} is {found}, which is out of range; expected {what} from 0 to {LATEST}"
    return None


def shown(value: Any) -> str:
    """A value as JSON, shortened."""
    try:
        text = msgspec.json.encode(value).decode()
    except (msgspec.MsgspecError, OverflowError, TypeError, RecursionError):
        text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
