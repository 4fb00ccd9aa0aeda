"""Where operations stand in a picture: their lanes, their ends, and when they took effect.

A process ends with its first operation of unknown outcome, and a fresh process takes its thread. So a long run has
very many processes but few threads, and a picture has one lane for each thread.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clew.histories.history import FOREVER, INFO, Operations


def operation_lanes(operations: Operations, time: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lane of each operation, counted from 0. The operations of a lane do not overlap.

    With `n` threads, process `p` is followed by process `p + n`, as in Jepsen. So the lane is the process modulo `n`.
    If no `n` fits, each process gets its own lane. `time` is the column of the history.
    """
    processes = operations.process
    if not len(processes):
        return np.zeros(0, np.int64)
    unknown = np.flatnonzero(operations.outcome == INFO)
    first = int(unknown[0]) if len(unknown) else len(processes)
    threads = max(int(processes[: first + 1].max()) + 1, 1)
    # Threads that begin late are not among the processes before the first unknown outcome: add threads until they fit.
    for n in range(threads, min(threads + 64, int(processes.max()) + 2)):
        lane = processes % n
        if _fits(lane, operations, time):
            return lane
    _, own = np.unique(processes, return_inverse=True)
    return own.astype(np.int64)


def _fits(lane: NDArray[np.int64], operations: Operations, time: NDArray[np.int64]) -> bool:
    order = np.lexsort((operations.start, lane))
    over = completion_times(operations, time)[order]
    starts, lane, process = operations.start[order], lane[order], operations.process[order]
    same = lane[1:] == lane[:-1]
    # In a lane, process numbers must grow: a fresh process has a larger number.
    return not bool((same & ((starts[1:] < over[:-1]) | (process[1:] < process[:-1]))).any())


def completion_times(operations: Operations, time: NDArray[np.int64]) -> NDArray[np.int64]:
    """When each operation completed, in ns, whether `ok`, `fail` or `info`; the last time if it never completed.

    `time` is the column of the history.
    """
    last = int(time[-1]) if len(time) else 0
    return np.where(operations.completed >= 0, time[operations.completed], last)


def linearization_points(operations: Operations, order: Sequence[int], last: int) -> NDArray[np.int64]:
    """A time (ns) for each operation of a linearization: during the operation, and not before that of its predecessor.

    It is the middle of the interval in which the operation can have taken effect, given this order. `last` is the time
    of the last event. If the order is no linearization, the times are not ascending.
    """
    number = np.asarray(order, np.int64)
    if not len(number):
        return number
    earliest = np.maximum.accumulate(operations.start[number])
    end = operations.end[number]
    bound = np.where(end == FOREVER, last, end)
    latest = np.minimum.accumulate(bound[::-1])[::-1]
    middle: NDArray[np.int64] = earliest + (latest - earliest) // 2
    return middle
