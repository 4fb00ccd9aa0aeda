"""The types of values in a plan: numbers, durations, words, latencies. Each is read, checked, and drawn if need be.

Instead of a value, a plan may give `{uniform: [a, b]}` or `{choice: [x, y]}`. Then each seed draws its own, from a
stream named after the field. That is swarm testing (Groce et al., 2012). Every option is checked, whichever is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from clew.harness.plan.error import one_of
from clew.harness.plan.field import Field
from clew.harness.quantity import LONGEST, duration_hint, format_duration, parse_duration, parse_size, size_hint
from clew.nemesis.latency import Constant, Exponential, Latency, Normal, Uniform

T = TypeVar("T")

LATENCIES = ("constant", "exponential", "uniform", "normal")
"""The distributions of a latency: each message draws its own."""
DRAWS = ("uniform", "choice")
"""The ways to draw a value: each seed draws its own."""


def drawn(field: Field, read: Callable[[Field], T], between: Callable[[T, T, float], T] | None = None) -> T:
    """The value that `read` reads. If the plan gives a draw instead, the value that this seed draws.

    `between(low, high, u)` returns the value at the quantile `u` between two ends. None: the type has nothing between
    two values, and `uniform` is refused.
    """
    data = field.data
    if isinstance(data, dict) and "choice" in data:
        options = field.fields(("choice",)).read(
            "choice", lambda choice: choice.items("a list of values to choose from")
        )
        if not options:
            raise field.error("expected one value at least to choose from, found an empty list")
        values = [drawn(option, read, between) for option in options]
        return values[int(field.draw() * len(values))]
    if isinstance(data, dict) and "uniform" in data and between is not None:
        low, high = field.fields(("uniform",)).read("uniform", lambda ends: _range(ends, read))
        return between(low, high, field.draw())
    if isinstance(data, dict) and len(data) == 1 and between is not None:
        (name,) = data
        raise field.error(f"unknown distribution {name}; expected {one_of(DRAWS, name)}")
    return read(field)


def whole_number(field: Field, least: int = 0, most: int = LONGEST) -> int:
    """A whole number from `least` to `most`."""
    limits = f"a whole number from {least} to {most}"
    if most == LONGEST:
        # The limit of 64 bits is mentioned only to those who exceed it.
        limits = "a whole number" if least < -LONGEST else f"a whole number of at least {least}"

    def read(field: Field) -> int:
        if type(field.data) is not int:
            raise field.expected(limits)
        if not least <= field.data <= most:
            beyond = f"a whole number of at most {most}" if field.data > most else f"a whole number of at least {least}"
            raise field.expected(beyond if most == LONGEST else limits)
        return field.data

    return drawn(field, read, _whole_between)


def number(field: Field, least: float, most: float) -> float:
    """A number from `least` to `most`."""

    def read(field: Field) -> float:
        if isinstance(field.data, (int, float)) and not isinstance(field.data, bool) and least <= field.data <= most:
            return float(field.data)
        raise field.expected(f"a number from {least:g} to {most:g}")

    return drawn(field, read, _between)


def probability(field: Field) -> float:
    """A number from 0 to 1."""
    return number(field, 0, 1)


def boolean(field: Field) -> bool:
    """`true` or `false`."""

    def read(field: Field) -> bool:
        if not isinstance(field.data, bool):
            raise field.expected("true or false")
        return field.data

    return drawn(field, read)


def duration(field: Field) -> int:
    """A duration in nanoseconds, 0 or more."""
    return drawn(field, _duration, _whole_between)


def period(field: Field, least: int = 1) -> int:
    """A duration in nanoseconds, more than 0 and not less than `least`."""

    def read(field: Field) -> int:
        ns = _duration(field)
        if ns < least:
            raise field.expected("a duration above 0" if least == 1 else f"at least {format_duration(least)}")
        return ns

    return drawn(field, read, _whole_between)


def size(field: Field, least: int) -> int:
    """A size in bytes, `least` or more."""

    def read(field: Field) -> int:
        amount = parse_size(field.data) if isinstance(field.data, str) else None
        if amount is None:
            raise field.expected(size_hint(field.data))
        if amount < least:
            raise field.expected(f"at least {least} bytes")
        return amount

    return drawn(field, read, _whole_between)


def text(field: Field, pattern: str, what: str) -> str:
    """A text that matches the whole pattern. `what` describes such a text in errors. It cannot be drawn."""
    if not isinstance(field.data, str) or not re.fullmatch(pattern, field.data):
        raise field.expected(what)
    return field.data


def word(field: Field, allowed: Sequence[T], noun: str) -> T:
    """One of the allowed words. `noun` says in errors what such a word names."""

    def read(field: Field) -> T:
        for known in allowed:
            if known == field.data:
                return known
        names = [str(known) for known in allowed]
        if not isinstance(field.data, str):
            raise field.expected(f"a {noun}: {one_of(names, '')}")
        raise field.error(f"unknown {noun} {field.shown()}; expected {one_of(names, field.data)}")

    return drawn(field, read)


def distinct(field: Field, allowed: Sequence[T], noun: str) -> tuple[T, ...]:
    """A list of allowed words, one at least and none twice. `noun` says in errors what such a word names."""
    items = field.items(f"a list, each entry a {noun}")
    words: list[T] = []
    for item in items:
        found = word(item, allowed, noun)
        if found in words:
            raise item.error(f"{found} is in the list twice")
        words.append(found)
    if not words:
        raise field.error(f"expected one {noun} at least, found an empty list")
    return tuple(words)


def latency(field: Field) -> Latency:
    """A distribution from which each message draws. Each seed may draw the distribution, or its parameters."""
    return drawn(field, _latency)


def write_latency(latency: Latency) -> Any:
    """The distribution as YAML data, which `latency` reads back."""
    match latency:
        case Constant(delay):
            return format_duration(delay)
        case Exponential(mean):
            return {"exponential": format_duration(mean)}
        case Uniform(least, most):
            return {"uniform": [format_duration(least), format_duration(most)]}
        case Normal(mean, deviation):
            return {"normal": [format_duration(mean), format_duration(deviation)]}


def _latency(field: Field) -> Latency:
    if not isinstance(field.data, dict):
        return Constant(_duration(field))
    fields = field.fields(LATENCIES)
    if len(fields.given) != 1:
        raise field.expected(f"one of {', '.join(LATENCIES)}")
    ((kind, shape),) = fields.given.items()
    if kind == "constant":
        return Constant(duration(shape))
    if kind == "exponential":
        return Exponential(duration(shape))
    pair = shape.items("a list of two durations")
    if len(pair) != 2:
        raise shape.expected("a list of two durations")
    first, second = duration(pair[0]), duration(pair[1])
    if kind == "normal":
        return Normal(first, second)
    if first > second:
        raise shape.error("expected the lower end first")
    return Uniform(first, second)


def _duration(field: Field) -> int:
    if type(field.data) is int and field.data == 0:
        return 0
    ns = parse_duration(field.data) if isinstance(field.data, str) else None
    if ns is None:
        if str(field.data).startswith("-"):
            raise field.expected("a duration, which is never negative")
        raise field.expected(duration_hint(field.data))
    return ns


def _range(field: Field, read: Callable[[Field], T]) -> tuple[T, T]:
    ends = field.items("a list of two, the lower and the upper end")
    if len(ends) != 2:
        raise field.expected("a list of two, the lower and the upper end")
    low, high = read(ends[0]), read(ends[1])
    if low > high:  # type: ignore[operator]
        raise field.error("expected the lower end first")
    return low, high


def _between(low: float, high: float, u: float) -> float:
    return low + (high - low) * u


def _whole_between(low: int, high: int, u: float) -> int:
    # The product is a float: in a very wide range it may be rounded beyond the upper end.
    return min(high, low + int((high - low + 1) * u))
