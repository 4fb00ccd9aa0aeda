"""Where operations stand in a picture: one lane for each thread, and the moments at which they took effect.

A process ends with its first operation of unknown outcome, and a fresh one takes its thread: a picture of a long run
needs the threads as its lanes, not the processes, or it would be taller than wide.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clew.histories.history import FOREVER, INFO, Operations


def operation_lanes(operations: Operations, time: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lane of each operation, counted from 0: no two operations of a lane are going on at once.

    A thread of `n` hands on from process `p` to `p + n`, here as in Jepsen, so the lane is the process modulo `n`;
    where that does not fit, each process has a lane of its own. `time` is the column of that name of the history.
    """
    processes = operations.process
    if not len(processes):
        return np.zeros(0, np.int64)
    unknown = np.flatnonzero(operations.outcome == INFO)
    first = int(unknown[0]) if len(unknown) else len(processes)
    threads = max(int(processes[: first + 1].max()) + 1, 1)
    # A thread that came late is not among the processes before the first handover: add threads until they fit.
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
    # A process that comes before one with a smaller number in its lane took no thread over.
    return not bool((same & ((starts[1:] < over[:-1]) | (process[1:] < process[:-1]))).any())


def completion_times(operations: Operations, time: NDArray[np.int64]) -> NDArray[np.int64]:
    """When each operation completed in any way, unknown outcomes included; the last time if it never did.

    `time` is the column of that name of the history.
    """
    last = int(time[-1]) if len(time) else 0
    return np.where(operations.completed >= 0, time[operations.completed], last)


def linearization_points(operations: Operations, order: Sequence[int], last: int) -> NDArray[np.int64]:
    """A moment (ns) for each operation of a linearization: inside the operation, and never before its predecessor's.

    Of all the moments that an operation may have taken effect at, given this order, the one in the middle. An order
    that is no linearization has no such moments; then the points run backwards.
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
