"""One seed of a campaign, from drawing the plan to the verdict, in a worker; what comes back is small."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from clew.harness.plan import Plan, Source, resolve
from clew.harness.run import simulate
from clew.harness.verdict.judge import judge
from clew.harness.verdict.result import Answer
from clew.harness.verdict.signature import Signature, signature


class Trial(msgspec.Struct, frozen=True):
    """What one seed led to. `counts` adds up over trials: see `clew.harness.hunt.coverage`.

    Among them are `landmarks`: what a system's landmarks saw in its messages, and what its nodes counted themselves.
    """

    seed: int
    verdict: Answer
    signature: Signature | None
    counts: dict[str, dict[str, int]]


def trials(source: Source, settings: Sequence[str], seeds: Sequence[int]) -> list[Trial]:
    """These seeds, one after the other: a worker's job."""
    return [trial(resolve(source, seed, settings)) for seed in seeds]


def trial(plan: Plan) -> Trial:
    """Run a plan inline and in memory, and judge it. A node that breaks by itself is a failure like any other."""
    history, outcome = simulate(plan)
    result = judge(plan, history, outcome)
    progress = outcome.progress
    counts: dict[str, Counter[str]] = {
        "operations": progress.outcomes,
        "faults": progress.faults,
        "touched": progress.touched,
        "landmarks": progress.landmarks + progress.protocol,
        "messages": progress.messages,
    }
    return Trial(
        plan.seed,
        result.verdict,
        signature(result, history, outcome),
        {name: dict(count) for name, count in counts.items()},
    )
