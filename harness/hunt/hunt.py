"""A hunt: try seeds until something breaks; keep, group and count what broke."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec
import trio

from clew.harness.errors import MachineError
from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.exit_codes import BAD_ARGUMENTS, EXIT_CODES, INTERNAL_ERROR
from clew.harness.hunt.campaign import campaign
from clew.harness.hunt.live import is_live, keep, live_trial
from clew.harness.hunt.trial import Trial
from clew.harness.plan import Plan, PlanError, Source, resolve
from clew.harness.run import run, simulate
from clew.harness.store.folder import NotKept, check_writable, timestamp
from clew.harness.verdict.judge import judge
from clew.harness.verdict.result import Result
from clew.harness.verdict.signature import Signature

Until = Literal["first", "all"]

KEPT = 100
"""Failing runs that get a folder each. Of all others only the seeds are listed."""


@dataclass(frozen=True)
class Found:
    """A failing seed."""

    seed: int
    signature: Signature
    """What broke."""
    run: str | None
    """The run's folder; None if it was not kept: only the first hundred are, and only as long as there is time."""
    at_seconds: float
    """When it was found, since the hunt began. Nothing else here depends on the machine."""
    happened: str | None = None
    """What went wrong, in one sentence."""


@dataclass
class Hunt:
    """What a hunt has found. It is kept up to date while the hunt goes on."""

    campaign: str = field(default_factory=timestamp)
    """When the hunt began, by the time of day. Its runs have this in their verdicts."""
    seeds: int = 0
    """How many seeds were tried."""
    undecided: int = 0
    """How many of them did not fail but could not be decided either."""
    failures: list[Found] = field(default_factory=list)
    """The failing seeds, in their order."""
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    """The sums of `Trial.counts`."""
    seconds: float = 0.0
    """How long the hunt has taken, by the wall clock."""
    interrupted: bool = False
    """Whether Ctrl-C ended it."""
    error: Exception | None = None
    """What ended the hunt early: `OSError` if a run could not be kept, `MachineError` if workers die or the machine
    allows no live run, `PlanError` if a seed draws an impossible plan. All seeds before that one are counted."""

    @property
    def exit_code(self) -> int:
        """0 if every seed is valid, 1 if a seed failed, and 2 if neither is known: some seeds are undecided, none was
        tried, or the hunt was interrupted. With an error, 254 for an impossible plan and 255 for anything else."""
        if self.error is not None:
            return BAD_ARGUMENTS if isinstance(self.error, PlanError) else INTERNAL_ERROR
        if self.failures:
            return EXIT_CODES["invalid"]
        return EXIT_CODES["unknown" if self.undecided or self.interrupted or not self.seeds else "valid"]

    @property
    def unkept(self) -> int:
        """How many failing runs have no folder."""
        return sum(found.run is None for found in self.failures)

    def groups(self) -> dict[Signature, list[Found]]:
        """The failures by their signature, the most frequent first."""
        groups: dict[Signature, list[Found]] = {}
        for found in self.failures:
            groups.setdefault(found.signature, []).append(found)
        return dict(sorted(groups.items(), key=lambda group: (-len(group[1]), group[1][0].seed)))

    def summary(self) -> dict[str, object]:
        """The last object that `clew hunt --json` prints, ready for JSON."""
        return {
            "campaign": self.campaign,
            "seeds": self.seeds,
            "failures": [
                {"seed": found.seed, "run": found.run, "failure": str(found.signature), "happened": found.happened}
                for found in self.failures
            ],
            "unkept": self.unkept,
            "undecided": self.undecided,
            "coverage": {name: dict(sorted(count.items())) for name, count in self.counts.items()},
            "interrupted": self.interrupted,
            "error": None if self.error is None else str(self.error),
            "seconds": self.seconds,
        }

    def add(self, trial: Trial) -> None:
        """Count a trial."""
        self.seeds += 1
        self.undecided += trial.signature is None and trial.verdict == "unknown"
        for name, counts in trial.counts.items():
            self.counts.setdefault(name, Counter()).update(counts)


def hunt(
    source: Source,
    executor: Executor,
    workers: int,
    *,
    settings: Sequence[str] = (),
    seeds: Iterable[int] | None = None,
    seconds: float | None = None,
    until: Until = "first",
    into: Path | None = Path("store"),
    every_verdict: bool = True,
    found: Callable[[Found, Result | None], None] = lambda found, result: None,
    watch: Callable[[Hunt], None] = lambda hunt: None,
) -> Hunt:
    """Try seeds in their order, `until` the "first" failure or until "all" are tried.

    Without `seeds`, all from 0 on are tried, until the first failure or for `seconds`. Each failing seed is run once
    more, the first hundred into folders below `into`. Then `found` is called with the result of that run, in the order
    of the seeds. The result is None if `into` is None, and for seeds after the first hundred unless `every_verdict`.
    `watch` is called after each seed. The executor does not change what is found.

    A seed of a live plan is run only once: if it fails, its own recording is kept. The executor must then be one of
    `live_workers`, for the same store, and seeds beyond the first failure may fail too without being told.

    After `seconds` no seed is begun, and no failing run is kept but the first one: the hunt takes at most the length of
    two of its seeds longer, and a third one's if that is the first that fails.

    KeyboardInterrupt and errors (`Hunt.error`) end the hunt early. What is known by then is returned.

    Raises `NoRun` for a store that cannot be written.
    """
    if into is not None:
        check_writable(into)
    if seeds is None:
        if until == "all" and seconds is None:
            raise ValueError("trying all seeds would never end; expected seeds or seconds")
        seeds = itertools.count()
    began = time.monotonic()
    hunted = Hunt()
    deadline = None if seconds is None else began + seconds
    try:
        to_failure = until == "first"
        live = into is not None and is_live(source, settings)
        trial_of = partial(live_trial, into=into, campaign=hunted.campaign) if live and into is not None else None
        with closing(
            campaign(source, settings, seeds, executor, workers, deadline, to_failure=to_failure, trial=trial_of)
        ) as tried:
            for trial in tried:
                hunted.add(trial)
                hunted.seconds = time.monotonic() - began
                if trial.signature is not None:
                    place = into if len(hunted.failures) < KEPT else None
                    result = None
                    late = deadline is not None and time.monotonic() > deadline and bool(hunted.failures)
                    try:
                        if trial.aside is not None:
                            result = keep(trial, place)
                        elif not late and (place is not None or (into is not None and every_verdict)):
                            result = _again(resolve(source, trial.seed, settings), place, hunted.campaign)
                    except (OSError, KeyboardInterrupt) as error:
                        # Ctrl-C or a full disk ends the hunt. What it has just found is still told.
                        hunted.failures.append(Found(trial.seed, trial.signature, None, hunted.seconds, trial.happened))
                        found(hunted.failures[-1], error.result if isinstance(error, NotKept) else None)
                        if isinstance(error, KeyboardInterrupt):
                            raise
                        hunted.error = error
                        break
                    folder = None if result is None else result.run
                    hunted.failures.append(Found(trial.seed, trial.signature, folder, hunted.seconds, trial.happened))
                    found(hunted.failures[-1], result)
                    if until == "first":
                        break
                watch(hunted)
    except KeyboardInterrupt:
        hunted.interrupted = True
    except (MachineError, PlanError, OSError) as error:
        # The disk of a live run's worker may be full.
        hunted.error = error
    hunted.seconds = time.monotonic() - began
    return hunted


def _again(plan: Plan, into: Path | None, campaign: str) -> Result:
    """Run a failing plan once more, into a folder below `into` if that is given."""
    if into is None:
        return msgspec.structs.replace(judge(plan, *simulate(plan)), campaign=campaign)
    with unwrap_exception_groups():
        return trio.run(lambda: run(plan, nodes="inline", into=into, aside=True, campaign=campaign))
