"""The final reads of a run: when all is healed and quiet, every thread reads every key, once it is answered.

They show what the faults have left behind, and whether the cluster lives: what is not answered in time is a liveness
failure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from clew.harness.plan import Plan
from clew.harness.plan.work import READS
from clew.harness.runtime.script import Request
from clew.harness.runtime.thread import Thread

KEYS_NAMED = 5
"""Keys named in a liveness failure; more are counted."""
RETRY = 20_000_000
"""Nanoseconds until a final read that was not `ok` is tried again."""


class FinalReads:
    """What each thread has yet to read. `ask` has a thread make a request."""

    def __init__(self, plan: Plan, threads: Sequence[Thread], ask: Callable[[Thread, Request], None]) -> None:
        self._plan = plan
        self._read = READS[plan.workload.kind]
        self._unread = {thread.name: deque(range(plan.workload.keys)) for thread in threads}
        self._ask = ask

    @property
    def over(self) -> bool:
        """Whether everything was answered."""
        return not any(self._unread.values())

    def next(self, thread: Thread, now: int) -> None:
        """Have the thread read the key that it is at, if there is one left."""
        self._again(thread, now + 1)

    def answered(self, thread: Thread, ok: bool, now: int) -> None:
        """A read of the thread has ended: on to the next key, or the same one again after a while."""
        if ok:
            self._unread[thread.name].popleft()
        self._again(thread, now + (1 if ok else RETRY))

    def _again(self, thread: Thread, time: int) -> None:
        unread = self._unread[thread.name]
        if unread:
            self._ask(thread, Request(time, self._read, unread[0], None))

    def unanswered(self) -> Iterator[str]:
        """The liveness failures, in words, once the cluster had its time."""
        within = self._plan.recovery.within / 1e9
        for name, left in self._unread.items():
            if left:
                unread = list(left)
                keys = ", ".join(str(key) for key in unread[:KEYS_NAMED])
                more = f" and {len(unread) - KEYS_NAMED} more" if len(unread) > KEYS_NAMED else ""
                read = f"the final read of client {name} had no answer for key {keys}{more}"
                yield f"{within:g} s after recovery {read}"
