"""Whose workers try the seeds: a `concurrent.futures.Executor` and how many work for it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

from harness.mistake import Mistake
from systems.stdio import die_with


@contextlib.contextmanager
def at_home(jobs: int | None = None) -> Iterator[tuple[Executor, int]]:
    """Processes on this machine, as many as it has cores unless told otherwise.

    They are spawned, not forked: a fork would copy the threads of numba and trio in whatever state they were. However
    the block ends, none is left; should this process be killed, they die with it.
    """
    jobs = jobs or len(os.sched_getaffinity(0))
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, initializer=_be_a_worker, initargs=(os.getpid(),))
    try:
        yield pool, jobs
    finally:
        # Whoever leaves the block has what it wanted: what the workers are still at would be waited for in vain.
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - before:
            child.kill()
        pool.shutdown()


def _be_a_worker(parent: int) -> None:
    # Ctrl-C goes to the whole foreground group; the parent decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(parent)


@contextlib.contextmanager
def on_cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """The workers of a dask.distributed cluster, by the address of its scheduler (`tcp://host:8786`).

    A job whose worker dies is done again by another one. The workers need clew, and a user's system, installed.
    Raises `Mistake` if there is no such cluster, or no dask.
    """
    try:
        from distributed import Client
    except ImportError:
        raise Mistake("--scheduler needs dask.distributed: pip install 'clew[cluster]'") from None
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise Mistake(f"there is no scheduler at {address}: {error}") from None
    with client:
        workers = sum(client.nthreads().values())
        if not workers:
            raise Mistake(f"the scheduler at {address} has no workers")
        with client.get_executor(pure=False, retries=3) as executor:
            yield executor, workers
