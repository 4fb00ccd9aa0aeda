"""Trials over an executor, in the order of their seeds: what comes out does not depend on who was how fast."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Executor, Future
from itertools import islice

from harness.hunt.trial import Trial, trials
from harness.plan import Source

BATCH = 8
"""Seeds a job: half a second of work, against some milliseconds that it takes to send a job and its answer."""
AHEAD = 3
"""Jobs that wait or run for each worker, so that none is idle while the first seeds of a window are slow."""


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
    were are the executor's to cancel, for a process pool that breaks trips over futures that others cancelled.

    Raises what a trial raises (`PlanError` for a seed that draws an impossible plan), and `BrokenExecutor` if workers
    die faster than the executor can replace them.
    """
    coming = iter(seeds)
    waiting: deque[Future[list[Trial]]] = deque()
    while True:
        while len(waiting) < workers * AHEAD and (until is None or time.monotonic() < until):
            batch = list(islice(coming, BATCH))
            if not batch:
                break
            waiting.append(executor.submit(trials, source, tuple(settings), batch))
        if not waiting:
            return
        yield from waiting[0].result()
        waiting.popleft()
