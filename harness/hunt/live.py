"""One seed of a hunt as a live run: run once, written aside, and kept if it failed.

A simulated seed that fails is run once more to be kept. A live run that fails may not fail again, so its own recording
is what is kept:

    worker   runs the seed into a hidden folder; drops the folder if the seed did not fail
    hunt     moves the folder of a failing seed to its place, in the order of the seeds
    at last  folders that nobody came for are removed: later seeds than the first failure, or a hunt that was stopped
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from clew.harness.hunt.executor import at_home
from clew.harness.hunt.trial import Trial, trial_of
from clew.harness.plan import Plan, PlanError, Source, resolve
from clew.harness.run import Attempt, attempt, keep_aside
from clew.harness.store.folder import RunFolder, remove_leftovers
from clew.harness.verdict.result import Result

GRACE_SECONDS = 5.0
"""How long a worker may take to end its run when the hunt is over. Then it is killed, and the kernel ends its run."""

_aside: list[Attempt] = []
"""In a worker: the failing runs that the hunt has not come for yet. While they are here, their folders are locked."""


def is_live(source: Source, settings: Sequence[str] = (), seed: int = 0) -> bool:
    """Whether the runs of a plan are live. False if this seed draws an impossible plan."""
    try:
        return resolve(source, seed, settings).runtime == "live"
    except PlanError:
        return False


def live_jobs() -> int:
    """How many live runs go on at a time by default: one for two cores, because each has several busy processes."""
    return max(1, len(os.sched_getaffinity(0)) // 2)


def live_trial(plan: Plan, into: Path, campaign: str) -> Trial:
    """Run a live plan once. If it fails, its recording waits in a hidden folder, which `Trial.aside` names.

    Raises `OSError` if the disk is full.
    """
    for one in _aside:
        if not one.folder.path.exists():
            one.folder.unlock()
    _aside[:] = [one for one in _aside if one.folder.path.exists()]
    tried = attempt(plan, into, campaign)
    found = trial_of(plan, tried.result, tried.history, tried.outcome)
    if found.signature is None:
        tried.drop()
        return found
    try:
        tried.write()
    except BaseException:
        tried.drop()
        raise
    _aside.append(tried)
    return trial_of(plan, tried.result, tried.history, tried.outcome, aside=str(tried.folder.path))


def keep(trial: Trial, into: Path | None) -> Result | None:
    """Move the recording of a failing live trial to its place below `into`; drop it if `into` is None."""
    assert trial.aside is not None
    path = Path(trial.aside)
    if into is None:
        RunFolder(path).discard()
        return None
    return keep_aside(path, path.with_name(path.name.removeprefix(".")))


@contextlib.contextmanager
def live_workers(jobs: int | None, store: Path) -> Iterator[tuple[Executor, int]]:
    """Workers for live trials: as `at_home`, but at the end of the block each may first end its run by itself.

    Nothing that they have written aside is left in the store afterwards.
    """
    try:
        with at_home(jobs or live_jobs()) as workers:
            before = set(multiprocessing.active_children())
            try:
                yield workers
            finally:
                ending = set(multiprocessing.active_children()) - before
                for worker in ending:
                    worker.terminate()
                for worker in ending:
                    worker.join(GRACE_SECONDS)
    finally:
        remove_leftovers(store)
