"""One seed of a campaign, from the drawn plan to the verdict. It runs in a worker; what comes back is small."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from clew.harness.plan import Plan, Source, resolve
from clew.harness.run import simulate
from clew.harness.runtime.outcome import Outcome
from clew.harness.verdict.judge import judge
from clew.harness.verdict.result import Answer, Result
from clew.harness.verdict.signature import Signature, signature
from clew.histories import History


class Trial(msgspec.Struct, frozen=True):
    """What came of one seed."""

    seed: int
    verdict: Answer
    signature: Signature | None
    """What broke; None if nothing did, as far as is known."""
    counts: dict[str, dict[str, int]]
    """Numbers that add up over trials, by group: `operations` by outcome, `faults` by kind, faults that `touched` an
    operation, `messages` by fate, and `landmarks`: what the landmarks of the system saw in its messages, and what its
    nodes counted themselves. `clew.harness.hunt.coverage` makes a table of them."""
    happened: str | None = None
    """What went wrong, in one sentence; None if nothing did."""
    aside: str | None = None
    """The hidden folder in which the recording of a failing live run waits; None for all others."""


def trials(
    source: Source,
    settings: Sequence[str],
    seeds: Sequence[int],
    until: float | None = None,
    *,
    to_failure: bool = False,
    seconds_max: float = math.inf,
    one_at_least: bool = True,
    trial_of_plan: Callable[[Plan], Trial] | None = None,
) -> list[Trial]:
    """Try these seeds one after the other: a worker's job. Gives the trials of the first seeds, of one at least.

    The job ends early after `until` (of `time.time()`), after `seconds_max` seconds, and if `to_failure` after the
    first seed that fails. Unless `one_at_least`, a job that begins after `until` tries nothing. `trial_of_plan` tries a
    seed; by default, `trial` does.
    """
    if not one_at_least and until is not None and time.time() > until:
        return []
    began = time.monotonic()
    done: list[Trial] = []
    for seed in seeds:
        done.append((trial_of_plan or trial)(resolve(source, seed, settings)))
        if to_failure and done[-1].signature is not None:
            break
        if time.monotonic() - began > seconds_max or (until is not None and time.time() > until):
            break
    return done


def trial(plan: Plan) -> Trial:
    """Run a plan inline and in memory, and judge it. A part of the system that breaks is a failure like any other."""
    history, outcome = simulate(plan)
    return trial_of(plan, judge(plan, history, outcome, what_holds=False), history, outcome)


def trial_of(plan: Plan, result: Result, history: History, outcome: Outcome, aside: str | None = None) -> Trial:
    """What came of this seed, whose run is judged."""
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
        result.happened,
        aside,
    )
