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

DURATION_HINT = "a duration with one of the units ns, us, ms, s, m, h, such as 5ms"
SIZE_HINT = "a size with one of the units B, KiB, MiB, GiB, TiB, such as 512MiB"

_QUANTITY = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,19})?) ?([A-Za-z]+)")


def parse_duration(text: str) -> int | None:
    """Whole nanoseconds. None: the text is no duration, or not a whole number of nanoseconds, or too long."""
    return _parse(text, NANOSECONDS)


def format_duration(ns: int) -> str:
    """The duration as a whole number of the largest possible unit: `1500ms`, `2s`, `0s`."""
    return _format(ns, NANOSECONDS) if ns else "0s"


def parse_size(text: str) -> int | None:
    """Whole bytes. None: the text is no size, or not a whole number of bytes, or too large."""
    return _parse(text, BYTES)


def format_size(size: int) -> str:
    """The size as a whole number of the largest possible unit: `1GiB`, `1536MiB`."""
    return _format(size, BYTES)


def _parse(text: str, units: dict[str, int]) -> int | None:
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2] not in units:
        return None
    amount = Fraction(match[1]) * units[match[2]]
    return int(amount) if amount.denominator == 1 and amount <= LONGEST else None


def _format(amount: int, units: dict[str, int]) -> str:
    unit, size = next((unit, size) for unit, size in units.items() if amount % size == 0)
    return f"{amount // size}{unit}"
