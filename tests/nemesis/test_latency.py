"""Latencies have the distribution that they are named after, and are never negative."""

from __future__ import annotations

from random import Random
from statistics import mean, stdev

import pytest

from clew.nemesis import Constant, Exponential, Normal, Uniform

MS = 1_000_000


def sample(latency, count=20_000):
    random = Random(1)
    return [latency.sample(random.random()) for _ in range(count)]


@pytest.mark.parametrize(
    ("latency", "centre", "spread"),
    [
        (Constant(5 * MS), 5, 0),
        (Exponential(5 * MS), 5, 5),
        (Uniform(1 * MS, 9 * MS), 5, 8 / 12**0.5),
        (Normal(5 * MS, 1 * MS), 5, 1),
    ],
)
def test_latencies_have_their_mean_and_deviation(latency, centre, spread):
    samples = sample(latency)
    assert mean(samples) / MS == pytest.approx(centre, rel=0.03)
    assert stdev(samples) / MS == pytest.approx(spread, rel=0.03)


@pytest.mark.parametrize("latency", [Constant(0), Exponential(0), Exponential(MS), Uniform(3, 3), Normal(5, 100)])
@pytest.mark.parametrize("u", [0.0, 1e-300, 0.5, 1 - 2**-53])
def test_a_latency_is_a_whole_number_and_never_negative(latency, u):
    assert type(latency.sample(u)) is int
    assert latency.sample(u) >= 0


def test_a_uniform_latency_reaches_both_its_ends():
    assert {Uniform(3, 5).sample(u) for u in (0.0, 0.5, 1 - 2**-53)} == {3, 4, 5}


@pytest.mark.parametrize("latency", [Exponential(MS), Uniform(0, MS), Normal(MS, MS)])
def test_a_higher_quantile_is_never_shorter(latency):
    samples = [latency.sample(i / 1000) for i in range(1000)]
    assert samples == sorted(samples)
