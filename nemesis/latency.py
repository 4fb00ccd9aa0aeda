"""How long a message takes: a distribution as data, sampled by its inverse CDF.

One uniform draw in, one latency out, whatever the distribution: a link draws the same number of random numbers for a
message whether its latency is constant or normal, so that changing one does not shift everything that is drawn later.
"""

from __future__ import annotations

from math import log
from statistics import NormalDist

import msgspec


class Constant(msgspec.Struct, frozen=True, tag="constant"):
    """Always `delay` ns."""

    delay: int

    def sample(self, u: float) -> int:
        """The latency in ns, whatever `u` is."""
        return self.delay


class Exponential(msgspec.Struct, frozen=True, tag="exponential"):
    """Many short, few very long: exponential with a mean of `mean` ns."""

    mean: int

    def sample(self, u: float) -> int:
        """The latency in ns at the quantile `u` in [0, 1)."""
        return int(-self.mean * log(1.0 - u))


class Uniform(msgspec.Struct, frozen=True, tag="uniform"):
    """Anything from `least` to `most` ns, all equally likely."""

    least: int
    most: int

    def sample(self, u: float) -> int:
        """The latency in ns at the quantile `u` in [0, 1)."""
        return self.least + int((self.most - self.least + 1) * u)


class Normal(msgspec.Struct, frozen=True, tag="normal"):
    """Around `mean` ns with a standard deviation of `deviation` ns; what would be negative is 0."""

    mean: int
    deviation: int

    def sample(self, u: float) -> int:
        """The latency in ns at the quantile `u` in [0, 1)."""
        # The quantile 0 of a normal distribution is minus infinity, and random() does return 0.0.
        return max(0, round(self.mean + self.deviation * _STANDARD.inv_cdf(u))) if u > 0.0 else 0


Latency = Constant | Exponential | Uniform | Normal
"""A distribution of latencies; `sample(u)` maps a uniform draw in [0, 1) to whole nanoseconds, never negative."""

_STANDARD = NormalDist()
