"""Whose workers try the seeds: a `concurrent.futures.Executor` and how many work for it."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from typing import ParamSpec, TypeVar

from clew.harness.errors import UserError
from clew.systems.fork_server import die_with

P = ParamSpec("P")
T = TypeVar("T")


@contextlib.contextmanager
def at_home(jobs: int | None = None) -> Iterator[tuple[Executor, int]]:
    """Processes on this machine, as many as it has cores unless told otherwise.

    They are spawned, not forked: a fork would copy the threads of numba and trio in whatever state they were. However
    the block ends, none is left; should this process be killed, they die with it. A worker that is killed takes the
    jobs of all with it (`BrokenExecutor`), and the next job is given to new ones.
    """
    jobs = jobs or len(os.sched_getaffinity(0))
    before = set(multiprocessing.active_children())
    pool = _Pool(jobs)
    try:
        yield pool, jobs
    finally:
        # Whoever leaves the block has what it wanted: what the workers are still at would be waited for in vain.
        for child in set(multiprocessing.active_children()) - before:
            child.kill()
        # Only now, and once: a shutdown that does not wait leaves nothing for a second one to wait for.
        pool.shutdown(cancel_futures=True)


class _Pool(Executor):
    """A process pool, and another one when it breaks."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool = self._new()

    def _new(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._jobs, context, initializer=_be_a_worker, initargs=(os.getpid(),))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        try:
            return self._pool.submit(fn, *args, **kwargs)
        except BrokenExecutor:
            self._pool.shutdown()
            self._pool = self._new()
            return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def _be_a_worker(parent: int) -> None:
    # Ctrl-C goes to the whole foreground group; the parent decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(parent)


@contextlib.contextmanager
def on_cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """The workers of a dask.distributed cluster, by the address of its scheduler (`tcp://host:8786`).

    A job whose worker dies is done again by another one, until dask gives it up (`gave_up`). The workers need clew, and
    a user's system, installed. However the block ends, nobody waits for the jobs that are left: those not begun are
    taken back, and a worker ends the one that it is at. Raises `UserError` if there is no such cluster, or no dask.
    """
    try:
        from distributed import Client
        from distributed.client import ClosedClientError
    except ImportError:
        raise UserError("--scheduler needs dask.distributed: pip install 'clew[cluster]'") from None
    try:
        client = Client(address, timeout=5)
    except (OSError, ValueError) as error:
        raise UserError(f"there is no scheduler at {address}: {error}") from None
    # A connection that is lost comes back as what becomes of the jobs; dask would print how it tries again, at length.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    with client:
        workers = sum(client.nthreads().values())
        if not workers:
            raise UserError(f"the scheduler at {address} has no workers")
        executor = client.get_executor(pure=False)
        try:
            yield executor, workers
        finally:
            # As a context of its own it would wait for all that was submitted. From a scheduler that is gone nothing
            # can be taken back.
            with contextlib.suppress(ClosedClientError):
                executor.shutdown(wait=False)


def gave_up() -> tuple[type[Exception], ...]:
    """What a job ends with whose workers died again and again, for `except`; a process pool has no such thing."""
    distributed = sys.modules.get("distributed")
    return () if distributed is None else (distributed.KilledWorker,)
