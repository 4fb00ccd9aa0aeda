"""Which jobs the invariants remember: the last ones.

A client has one job at a time, and the master ends a client's last job when it gets the next one. So when many others
have begun after a job, what is still sent about it is late, and nobody waits for it. It is compared with nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

JOBS_KEPT = 64
"""How many jobs are remembered: more than there are clients in any shipped plan."""


class LastJobs:
    """The jobs of one run that are remembered. All its invariants share them."""

    def __init__(self) -> None:
        self._kept: dict[str, None] = {}
        self._dropped = -1
        self._memories: list[Callable[[str], None]] = []

    def share(self, forget: Callable[[str], None]) -> None:
        """Call `forget` with each job that is forgotten."""
        self._memories.append(forget)

    def has(self, job: str) -> bool:
        """Whether a job is remembered. A new one is from now on, and the oldest one is forgotten.

        The name of a job begins with the number of its operation. Once a job is forgotten, one with a lower number that
        is not remembered may have been forgotten too. It is not remembered again: half of what is known of a job would
        be compared with all that is sent.
        """
        if job in self._kept:
            return True
        if _number(job) <= self._dropped:
            return False
        self._kept[job] = None
        if len(self._kept) > JOBS_KEPT:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self._dropped = max(self._dropped, _number(oldest))
            for forget in self._memories:
                forget(oldest)
        return True


class OfJobs(Generic[T]):
    """Something for each job that is remembered."""

    def __init__(self, jobs: LastJobs, make: Callable[[], T]) -> None:
        self._jobs = jobs
        self._make = make
        self._known: dict[str, T] = {}
        jobs.share(self._forget)

    def of(self, job: str) -> T | None:
        """What is known of a job; for a new one, what `make` returns. None if the job is forgotten."""
        if job not in self._known and self._jobs.has(job):
            self._known[job] = self._make()
        return self._known.get(job)

    def _forget(self, job: str) -> None:
        self._known.pop(job, None)


def _number(job: str) -> int:
    return int(job.partition(".")[0])
