"""Durations and sizes, with their units: `5ms` is 5,000,000 ns, `1GiB` is 1,073,741,824 bytes.

`parse_duration` and `parse_size` read back exactly what `format_duration` and `format_size` write.
"""

from __future__ import annotations

import re
from fractions import Fraction

NANOSECONDS = {
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}
BYTES = {"TiB": 1 << 40, "GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10, "B": 1}

LONGEST = 2**63 - 1
"""The largest quantity in ns or bytes. It fits in 64 bits; as a duration it is 292 years."""

_DURATION_HINT = "a duration with one of the units ns, us, ms, s, m, h, such as 5ms"
_SIZE_HINT = "a size with one of the units B, KiB, MiB, GiB, TiB, such as 512MiB"

_QUANTITY = re.compile(r"([0-9]{1,99}(?:\.[0-9]{1,99})?) ?([A-Za-z]+)")


def parse_duration(text: str) -> int | None:
    """Whole nanoseconds. None: the text is no duration, or not a whole number of nanoseconds, or too long."""
    return _parse(text, NANOSECONDS)


def format_duration(ns: int) -> str:
    """The duration as a whole number of the largest possible unit: `1500ms`, `2s`, `0s`."""
    return _format(ns, NANOSECONDS) if ns else "0s"


def duration_hint(text: object) -> str:
    """What is expected instead of a text, or something else, that is no duration: for errors."""
    return _hint(text, NANOSECONDS, "a duration", _DURATION_HINT)


def parse_size(text: str) -> int | None:
    """Whole bytes. None: the text is no size, or not a whole number of bytes, or too large."""
    return _parse(text, BYTES)


def format_size(size: int) -> str:
    """The size as a whole number of the largest possible unit: `1GiB`, `1536MiB`."""
    return _format(size, BYTES)


def size_hint(text: object) -> str:
    """What is expected instead of a text, or something else, that is no size: for errors."""
    return _hint(text, BYTES, "a size", _SIZE_HINT)


def _parse(text: str, units: dict[str, int]) -> int | None:
    amount, _ = _exact(text, units)
    return int(amount) if amount is not None and amount.denominator == 1 and amount <= LONGEST else None


def _exact(text: str, units: dict[str, int]) -> tuple[Fraction | None, str]:
    """The amount in the smallest unit, however large, and the unit of the text. No amount: it is no quantity."""
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2] not in units:
        return None, ""
    return Fraction(match[1]) * units[match[2]], match[2]


def _hint(text: object, units: dict[str, int], what: str, hint: str) -> str:
    amount, unit = _exact(text, units) if isinstance(text, str) else (None, "")
    if amount is not None and amount > LONGEST:
        return f"{what} of at most {LONGEST // units[unit]}{unit}"
    if amount is not None and amount.denominator > 1:
        return f"{what} of a whole number of {min(units, key=units.__getitem__)}"
    return hint


def _format(amount: int, units: dict[str, int]) -> str:
    unit, size = next((unit, size) for unit, size in units.items() if amount % size == 0)
    return f"{amount // size}{unit}"
