"""How clients that add to one count keep out of each other's way: by its version, under a lock, or as the leader.

    version    read the count; set it if its version is still the one that was read
    lock       take a lock; read, work, set; give the lock back
    leader     stand for election; read, work, set; stay the leader for as long as the database says so

A lock and a leadership end by themselves when the database hears nothing of their holder, so that one that has crashed
does not stop the others. But a holder that is only slow does not know that. Its last change may arrive when another
holds the lock, and undo what that one has done. With a *fencing token* it cannot: taking the lock gives a name that no
other taking has, and the change is made on the condition that the lock is still held with that token
(https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html).
"""

from __future__ import annotations

import time
from typing import Any, Literal, Protocol

import msgspec

from clew.systems.database import Duration
from clew.systems.program import Failed, ProgramCluster
from clew.systems.service import BadParameters


class Guarded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan may set of it: the parameters of a database whose clients can hold locks derive from this."""

    guard: Literal["version", "lock", "leader"] = "version"
    """What keeps two clients from adding to a counter at once."""

    fenced: bool = False
    """Whether a change under a lock carries the lock's token, and is refused if the lock was lost."""

    work: Duration = 0
    """How long a client that holds a lock works between reading a counter and setting it."""

    def check_guard(self, kept: str) -> None:
        """Raise `BadParameters` for a guard that there is nothing to use on. `kept` is the database's `object`."""
        if self.guard != "version" and kept != "counter":
            raise BadParameters("guard", f"a {self.guard} guards the object counter, not {kept}")
        if self.fenced and self.guard == "version":
            raise BadParameters("fenced", "without a lock there is no token; expected guard: lock or leader")


class Holder(Protocol):
    """A client that can hold the lock of a key. A method that raises `Failed` has changed nothing."""

    def take(self, key: Any, within: float) -> Any:
        """Take the lock of a key within so many seconds. Returns its token, or None if another holds it."""

    def holds(self, key: Any, token: Any) -> bool:
        """Whether the database still says that this client holds the lock. Renews it if it has to be renewed."""

    def give_back(self, key: Any, token: Any) -> None:
        """Give the lock back. Raises nothing: if it cannot be given back, it ends by itself."""

    def count(self, key: Any) -> int:
        """What the count is."""

    def set_count(self, key: Any, count: int, token: Any) -> bool:
        """Set the count, whatever it is. With a token, only if the lock is still held with it; tell whether it was."""


def adding(holder: Holder, cluster: ProgramCluster) -> Adding | None:
    """How a client of this cluster adds to counts. None: by their versions, without a lock."""
    parameters = cluster.parameters
    if parameters.guard == "version":
        return None
    stays = parameters.guard == "leader"
    return Adding(holder, stays=stays, fenced=parameters.fenced, work=parameters.work / 1e9, within=cluster.timeout / 2)


class Adding:
    """Adds to counts under the locks of one client.

    `stays` keeps a lock after the change: its holder leads. `fenced` sends the token with each change. Between reading
    and setting, the holder works for `work` seconds. It waits `within` seconds for a lock.
    """

    def __init__(self, holder: Holder, *, stays: bool, fenced: bool, work: float, within: float) -> None:
        self._holder = holder
        self._stays = stays
        self._fenced = fenced
        self._work = work
        self._within = 0.0 if stays else within
        self._held: dict[Any, Any] = {}

    def add(self, key: Any, amount: int) -> int:
        """Add to a count, and return what it is now. Raises `Failed` if that certainly did not happen."""
        holder = self._holder
        token = self._held.pop(key, None)
        if token is None or not holder.holds(key, token):
            token = holder.take(key, self._within)
        if token is None:
            raise Failed("another client leads" if self._stays else "another client holds the lock")
        try:
            count = holder.count(key) + amount
            time.sleep(self._work)
            if not holder.set_count(key, count, token if self._fenced else None):
                raise Failed("the lock was lost")
        except Failed:
            # Any other error leaves open whether the count was set, or will be: then the lock is left to end by itself.
            holder.give_back(key, token)
            raise
        if self._stays:
            self._held[key] = token
        else:
            holder.give_back(key, token)
        return count
