"""Trials over an executor, in the order of their seeds: what comes out does not depend on who was how fast."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from itertools import islice

from clew.harness.errors import MachineError
from clew.harness.hunt.executor import gave_up
from clew.harness.hunt.trial import Trial, trials
from clew.harness.plan import PlanError, Source

BATCH = 8
"""Seeds a job: half a second of work, against some milliseconds that it takes to send a job and its answer."""
AHEAD = 3
"""Jobs that wait or run for each worker, so that none is idle while the first seeds of a window are slow."""
DEATHS_MOST = 3
"""Workers that may die one after the other over the same seeds; more are no accident."""

Job = tuple[list[int], Future[list[Trial]]]


def campaign(
    source: Source,
    settings: Sequence[str],
    seeds: Iterable[int],
    executor: Executor,
    workers: int,
    until: float | None = None,
) -> Generator[Trial, None, None]:
    """The trials of these seeds, each once, in their order, as they become known.

    `seeds` may be endless. Nothing new is begun after `until` (of `time.monotonic()`); what was begun is finished, so
    the seeds that were tried are always the first ones. Closing the iterator submits nothing more; the few jobs that
    were are the executor's to cancel, for a process pool that breaks trips over futures that others cancelled. What an
    executor lost with a worker is submitted again.

    Raises what a trial raises (`PlanError` for a seed that draws an impossible plan), and `MachineError` if workers die
    over the same seeds again and again, or whoever gave out the work is gone.
    """
    coming = iter(seeds)
    waiting: deque[Job] = deque()
    deaths = 0

    def submitted(batch: list[int]) -> Job:
        return batch, executor.submit(trials, source, tuple(settings), batch)

    while True:
        while len(waiting) < workers * AHEAD and (until is None or time.monotonic() < until):
            batch = list(islice(coming, BATCH))
            if not batch:
                break
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
                    f"a worker died {deaths} times over, last with seeds from {batch[0]} on: killed from outside, or "
                    "for want of memory? Fewer --jobs take less"
                ) from None
            # A process pool loses all its jobs with one worker; only the answers that are here already are safe.
            waiting = deque(job if _answered(job[1]) else submitted(job[0]) for job in waiting)
            continue
        except PlanError:
            if len(batch) == 1:
                raise
            # Which of the seeds it is, and what the others come to: each as a job of its own.
            waiting.popleft()
            waiting.extendleft([submitted([seed]) for seed in batch][::-1])
            continue
        except gave_up():
            raise MachineError(
                f"all workers died that tried seeds {batch[0]} to {batch[-1]}, and the cluster gave them up: does one "
                "of them crash the system, or take more memory than a worker has?"
            ) from None
        except (CancelledError, asyncio.CancelledError):
            raise MachineError(f"who gave out the work is gone; seeds from {batch[0]} on were not tried") from None
        deaths = 0
        yield from tried
        waiting.popleft()


def _answered(future: Future[list[Trial]]) -> bool:
    return future.done() and future.exception() is None
