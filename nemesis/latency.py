"""How long a message takes: distributions as data, sampled by their inverse CDF.

A sample takes one uniform number and returns one latency, whatever the distribution is. So a link draws equally often
for each message, and changing the distribution does not change what is drawn for anything else.
"""

from __future__ import annotations

from math import log
from statistics import NormalDist

import msgspec


class Constant(msgspec.Struct, frozen=True, tag="constant"):
    """Always the same."""

    delay: int
    """In ns."""

    def sample(self, u: float) -> int:
        """The latency in ns, whatever `u` is."""
        return self.delay

    def describe(self) -> str:
        """`5ms`."""
        return describe_duration(self.delay)


class Exponential(msgspec.Struct, frozen=True, tag="exponential"):
    """Exponential: many are short, few are very long."""

    mean: int
    """In ns."""

    def sample(self, u: float) -> int:
        """The latency in ns at the quantile `u` in [0, 1)."""
        return int(-self.mean * log(1.0 - u))

    def describe(self) -> str:
        """`exponential 5ms`."""
        return f"exponential {describe_duration(self.mean)}"


class Uniform(msgspec.Struct, frozen=True, tag="uniform"):
    """Anything between two ends, all equally likely."""

    least: int
    """In ns, included."""
    most: int
    """In ns, included."""

    def sample(self, u: float) -> int:
        """The latency in ns at the quantile `u` in [0, 1)."""
        return self.least + int((self.most - self.least + 1) * u)

    def describe(self) -> str:
        """`uniform 1ms to 9ms`."""
        return f"uniform {describe_duration(self.least)} to {describe_duration(self.most)}"


class Normal(msgspec.Struct, frozen=True, tag="normal"):
    """Normal, but never negative: what would be is 0."""

    mean: int
    """In ns."""
    deviation: int
    """The standard deviation in ns."""

    def sample(self, u: float) -> int:
        """The latency in ns at the quantile `u` in [0, 1)."""
        # The quantile 0 of a normal distribution is minus infinity, and random() does return 0.0.
        return max(0, round(self.mean + self.deviation * _STANDARD.inv_cdf(u))) if u > 0.0 else 0

    def describe(self) -> str:
        """`normal 5ms ± 1ms`."""
        return f"normal {describe_duration(self.mean)} ± {describe_duration(self.deviation)}"


Latency = Constant | Exponential | Uniform | Normal
"""A distribution of latencies. `sample(u)` maps a uniform number in [0, 1) to whole nanoseconds, never negative."""

_STANDARD = NormalDist()


def describe_duration(ns: int) -> str:
    """A duration rounded for reading, in the largest unit that leaves a whole part: `1.5s`, `20ms`, `4.837ms`."""
    for unit, size in (("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)):
        if ns >= size:
            return f"{round(ns / size, 3):.15g}{unit}"
    return f"{ns}ns"
