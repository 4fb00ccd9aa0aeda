"""Trials over an executor, in the order of their seeds. The result does not depend on which worker is how fast."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from itertools import islice

from clew.harness.errors import MachineError
from clew.harness.hunt.executor import gave_up
from clew.harness.hunt.trial import Trial, trials
from clew.harness.plan import Plan, PlanError, Source

BATCH = 8
"""Seeds in a job. They take half a second; sending the job and its answer takes a few milliseconds."""
JOB_SECONDS_MAX = 5.0
"""After this time a job ends with its current seed, and its other seeds become another job. So a hunt tells what it
finds seed by seed if a seed takes long, such as one on which a node hangs."""
AHEAD = 3
"""Jobs for each worker, running or waiting, so that no worker is idle while the first seeds are slow."""
AHEAD_OF_LONG = 2
"""The same for jobs of one long seed. What is tried beyond the first failure is for nothing."""
DEATHS_MOST = 3
"""The most workers that may die over the same seeds, one after the other. More deaths are no accident."""

Job = tuple[list[int], Future[list[Trial]]]


def campaign(
    source: Source,
    settings: Sequence[str],
    seeds: Iterable[int],
    executor: Executor,
    workers: int,
    until: float | None = None,
    *,
    to_failure: bool = False,
    trial: Callable[[Plan], Trial] | None = None,
) -> Generator[Trial, None, None]:
    """The trials of these seeds, each once and in their order, as they become known.

    If `to_failure`, the first seed that fails is the last one. `seeds` may be endless. After `until` (of
    `time.monotonic()`) no seed is begun, except the first one of all; those that run are finished. The seeds that were
    tried are always the first ones. Jobs that were lost with a worker are submitted again. Closing the iterator submits
    nothing more. It cancels nothing either: that is left to the executor, because a process pool that breaks stumbles
    over futures that were cancelled from outside.

    `trial` tries a seed in a worker, in the place of `clew.harness.hunt.trial.trial`. Then a seed takes seconds: a job
    is one seed, and few of them wait.

    Raises what a trial raises (`PlanError` for a seed that draws an impossible plan), and `MachineError` if workers die
    over the same seeds again and again, or the scheduler is gone.
    """
    coming = iter(seeds)
    size, ahead = (BATCH, AHEAD) if trial is None else (1, AHEAD_OF_LONG)
    waiting: deque[Job] = deque()
    deaths = 0
    first: int | None = None
    # Workers may be on other machines, where `time.monotonic()` counts from another moment.
    until_there = None if until is None else time.time() + until - time.monotonic()

    def submitted(batch: list[int]) -> Job:
        return batch, executor.submit(
            trials,
            source,
            tuple(settings),
            batch,
            until_there,
            to_failure=to_failure,
            seconds_max=JOB_SECONDS_MAX,
            one_at_least=batch[0] == first,
            trial_of_plan=trial,
        )

    def over() -> bool:
        return until is not None and time.monotonic() >= until

    def divided(job: Job) -> list[Job]:
        """The job; and the rest of its seeds as another one, if it has ended early because of its time."""
        batch, future = job
        tried = future.result() if _answered(future) else []
        if not 0 < len(tried) < len(batch) or (to_failure and tried[-1].signature is not None):
            return [job]
        return [(batch[: len(tried)], future), submitted(batch[len(tried) :])]

    while True:
        while len(waiting) < workers * ahead and (first is None or not over()):
            batch = list(islice(coming, size))
            if not batch:
                break
            first = batch[0] if first is None else first
            waiting.append(submitted(batch))
        if not waiting:
            return
        batch, future = waiting[0]
        try:
            tried = future.result()
        except BrokenExecutor:
            deaths += 1
            if deaths > DEATHS_MOST:
                raise MachineError(
                    f"a worker died {deaths} times, last on the seeds from {batch[0]} on. It may have been killed, or "
                    "run out of memory: try fewer --jobs"
                ) from None
            # With one worker a process pool loses all its jobs. Only the answers that are here already are safe.
            waiting = deque(job if _answered(job[1]) else submitted(job[0]) for job in waiting)
            continue
        except PlanError:
            if len(batch) == 1:
                raise
            # Try each seed as a job of its own: that shows which seed it is, and gives the results of the others.
            waiting.popleft()
            waiting.extendleft([submitted([seed]) for seed in batch][::-1])
            continue
        except gave_up():
            raise MachineError(
                f"all workers died that tried seeds {batch[0]} to {batch[-1]}, and the cluster gave them up: does one "
                "of them crash the system, or take more memory than a worker has?"
            ) from None
        except (CancelledError, asyncio.CancelledError):
            raise MachineError(f"the scheduler is gone; seeds from {batch[0]} on were not tried") from None
        deaths = 0
        yield from tried
        if not tried or (to_failure and tried[-1].signature is not None) or (len(tried) < len(batch) and over()):
            # It failed, or the time was over within this job. Later seeds may have been tried; they do not count.
            return
        # Not only the rest of this job, so that no worker is idle until the others' turn comes.
        waiting = deque(part for job in waiting for part in divided(job))
        waiting.popleft()


def _answered(future: Future[list[Trial]]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
