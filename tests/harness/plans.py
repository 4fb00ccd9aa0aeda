"""Shipped plans as the tests run them: inline, in memory, judged; and the seeds that a plan's comment names."""

from __future__ import annotations

import re

from clew.harness.plan import load, resolve, shipped
from clew.harness.run import simulate
from clew.harness.verdict.judge import judge
from clew.harness.verdict.result import Result

BLOCKS = [range(first, first + 25) for first in range(0, 200, 25)]
"""The seeds from 0 to 199, in pieces that processes can share."""


def run(name: str, seed: int | None, *settings: str) -> Result:
    """The verdict on a plan, with its own seed for None."""
    plan = resolve(load(name), seed, settings)
    return judge(plan, *simulate(plan))


def seeds_named(name: str) -> list[int]:
    """The seeds on which clients find the mistake, as the comment of its plan says; the plan's own is the first."""
    comment = " ".join(dict(shipped())[name].split())
    named = re.search(r"Found by clients, .*on seeds ([\d, ]+)", comment)
    assert named is not None, comment
    seeds = [int(seed) for seed in re.findall(r"\d+", named[1])]
    assert all(seed < 200 for seed in seeds)
    assert resolve(load(name)).seed == seeds[0]
    return seeds
