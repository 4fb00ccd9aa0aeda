"""The final reads of a run: when everything has healed, every client thread reads every key until it is answered.

The reads show what the faults have left behind. A read of a queue is a dequeue, and every client takes elements until
it finds the queue empty: an element that never came out is lost. A read of a lock is to acquire and to release it. The
reads also show whether the cluster still lives: a
read that is not answered in time is a liveness failure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from clew.harness.plan import Plan
from clew.harness.plan.workload import READS
from clew.harness.runtime.script import Request
from clew.harness.runtime.thread import Thread
from clew.systems.node import Complete

NAMED = 5
"""A liveness failure names this many clients and unread keys, and counts the others."""
RETRY = 20_000_000
"""A final read that was not `ok` is tried again after this many nanoseconds: a few round trips of the slower plans."""


class FinalReads:
    """What each thread has yet to read."""

    def __init__(self, plan: Plan, threads: int) -> None:
        self._within = plan.recovery.within
        self._read = READS[plan.workload.kind]
        self._drains = plan.workload.kind == "queue"
        self._locks = plan.workload.kind == "mutex"
        self._acquired = [False] * threads
        self._unread = [deque(range(plan.workload.keys)) for _ in range(threads)]

    @property
    def all_answered(self) -> bool:
        """Whether every read of every thread was answered."""
        return not any(self._unread)

    def next(self, thread: Thread, now: int) -> Request | None:
        """The first read of a thread. None if there is nothing to read."""
        return self._request(thread, now + 1)

    def answered(self, thread: Thread, result: Complete, now: int) -> Request | None:
        """A read of the thread has ended. Returns the next one: the next key, or the same key again after a while.

        A queue is asked again at once, until it is empty.
        """
        ok = result.type == "ok"
        if self._locks:
            return self._after_lock(thread, ok, now)
        if ok and (not self._drains or result.value is None):
            self._unread[thread.number].popleft()
        return self._request(thread, now + (1 if ok else RETRY))

    def _request(self, thread: Thread, time: int) -> Request | None:
        unread = self._unread[thread.number]
        return Request(time, self._read, unread[0], None) if unread else None

    def _after_lock(self, thread: Thread, ok: bool, now: int) -> Request | None:
        """Acquire each lock and release it again.

        What is refused may be refused because the thread holds the lock since the workload, or because it does not
        hold it: then it is the turn of the other function.
        """
        number = thread.number
        unread = self._unread[number]
        released = thread.request is not None and thread.request.f == "release"
        if ok and released and self._acquired[number]:
            unread.popleft()
        self._acquired[number] = ok and not released
        if not unread:
            return None
        f = self._read if released else "release"
        return Request(now + (1 if ok else RETRY), f, unread[0], None)

    def unanswered(self) -> Iterator[str]:
        """One sentence for all threads that are left with the same unread keys; the first few such sentences."""
        threads: dict[tuple[int, ...], list[str]] = {}
        for number, left in enumerate(self._unread):
            if left:
                threads.setdefault(tuple(left), []).append(f"c{number}")
        for keys, clients in list(threads.items())[:NAMED]:
            reads = "final read of client" if len(clients) == 1 else "final reads of clients"
            read = f"the {reads} {_first(clients)} had no answer for key {_first([str(key) for key in keys])}"
            yield f"{self._within / 1e9:g} s after recovery {read}"
        more = sum(map(len, list(threads.values())[NAMED:]))
        if more:
            yield f"neither had the final reads of {more:,} more {'client' if more == 1 else 'clients'}"


def _first(names: list[str]) -> str:
    """The first few of these names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
