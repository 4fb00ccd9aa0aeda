"""Where seeds are tried: a `concurrent.futures.Executor`, with the number of its workers."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from multiprocessing import resource_tracker
from typing import ParamSpec, TypeVar

from clew.harness.errors import UserError
from clew.harness.worker import become_worker

P = ParamSpec("P")
Q = TypeVar("Q")
T = TypeVar("T")


@contextlib.contextmanager
def at_home(jobs: int | None = None) -> Iterator[tuple[Executor, int]]:
    """Workers that are processes on this machine: `jobs` of them, or one for each core.

    They are spawned, not forked: a fork would copy the threads of numba and trio in any state. When the block ends, no
    worker is left; if this process is killed, its workers die too. When a worker is killed, the jobs of all workers are
    lost (`BrokenExecutor`), and the next job gets new workers.
    """
    jobs = jobs or len(os.sched_getaffinity(0))
    before = set(multiprocessing.active_children())
    pool = _Pool(jobs)
    try:
        yield pool, jobs
    finally:
        # The caller has what it wanted. Do not wait for what the workers still do.
        for child in set(multiprocessing.active_children()) - before:
            child.kill()
        # Only now, and only once: after a shutdown that does not wait, a second one has nothing to wait for.
        pool.shutdown(cancel_futures=True)


class _Pool(Executor):
    """A process pool that is replaced by a new one when it breaks."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool = self._new()

    def _new(self) -> ProcessPoolExecutor:
        _start_tracker()
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._jobs, context, initializer=become_worker, initargs=(os.getpid(),))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        # A submit may start the workers, which inherit the mask. Ctrl-C reaches every process of the foreground group,
        # and the imports of a worker that is just starting would end in a traceback.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            return self._pool.submit(fn, *args, **kwargs)
        except BrokenExecutor:
            self._pool.shutdown()
            self._pool = self._new()
            return self._pool.submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def results(executor: Executor, do: Callable[[Q], T], many: Iterable[Q]) -> Iterator[T]:
    """What `do` makes of each of these, in their order, made in the executor.

    Unlike `Executor.map`, it cancels nothing when it is left early: a pool of CPython 3.11 whose workers are killed
    prints a traceback for each job that was cancelled before. The end of `at_home` cancels them.
    """
    for job in [executor.submit(do, one) for one in many]:
        yield job.result()


@contextlib.contextmanager
def on_cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """The workers of a dask.distributed cluster. `address` is that of its scheduler: `tcp://host:8786`.

    The workers need clew, and the user's system, installed. When a worker dies, another one does its job again, until
    dask gives up (`gave_up`). The end of the block waits for no job: jobs that were not begun are cancelled, and each
    worker ends its current one. Raises `UserError` if there is no such cluster, or no dask.
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
    # A lost connection shows in the jobs. dask would print at length how it tries again.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    with client:
        workers = sum(client.nthreads().values())
        if not workers:
            raise UserError(f"the scheduler at {address} has no workers")
        executor = client.get_executor(pure=False)
        try:
            yield executor, workers
        finally:
            # As a context manager, the executor would wait for all jobs. If the scheduler is gone, no job can be taken
            # back.
            with contextlib.suppress(ClosedClientError):
                executor.shutdown(wait=False)


def gave_up() -> tuple[type[Exception], ...]:
    """The exception of a job whose workers died again and again, for `except`. Only dask has one."""
    distributed = sys.modules.get("distributed")
    return () if distributed is None else (distributed.KilledWorker,)


def _start_tracker() -> None:
    """Start Python's process that frees the semaphores of a pool if this process is killed.

    It would also warn of them, on the user's terminal, and the user can do nothing about it. It takes its filters from
    this process when it starts.
    """
    sys.warnoptions.append("ignore:resource_tracker:UserWarning")
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.pop()
