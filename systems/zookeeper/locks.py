"""Locks of ZooKeeper, by kazoo's recipe: of several ephemeral znodes with running numbers, the lowest holds the lock.

The token is the znode of the holder: no other has its number. A session of its own changes the counts, with a longer
timeout. It stands for whatever a lock guards, such as a disk or another service, which knows nothing of the session
of the lock. ZooKeeper itself refuses a change by a session that has ended.
"""

from __future__ import annotations

import contextlib
from typing import Any

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, NoNodeError
from kazoo.recipe.lock import Lock

from clew.systems.program import Failed, ProgramCluster, ProgramNode
from clew.systems.stored import decoded, encoded
from clew.systems.zookeeper import PATIENCE
from clew.systems.zookeeper.znodes import path, said, session

LOCKS = "/locks"
"""The folder of the locks."""


class ZookeeperLocks:
    """The locks of one client. See `clew.systems.guard.Holder`."""

    def __init__(self, zookeeper: KazooClient, node: ProgramNode, cluster: ProgramCluster) -> None:
        self._locking = zookeeper
        self._timeout = cluster.timeout
        self.session = session(node, PATIENCE * cluster.parameters.session_timeout / 1e9)
        """The session that changes the counts."""
        self._connected = self.session.start_async()
        self._acquired: dict[Any, Lock] = {}
        self._errors = (KazooException, zookeeper.handler.timeout_exception)

    def take(self, key: Any, within: float) -> Any:
        """Take a lock: stand in line, and leave the line again if it takes too long."""
        lock = Lock(self._locking, f"{LOCKS}/{key}")
        try:
            return lock if lock.acquire(blocking=within > 0, timeout=within or None) else None
        except self._errors as error:
            raise Failed(said(error)) from error

    def holds(self, key: Any, token: Any) -> bool:
        """Whether the session has not ended, as far as it knows. Pings of the library keep it alive."""
        try:
            return self._locking.exists(place(token)) is not None
        except self._errors as error:
            raise Failed(said(error)) from error

    def acquire(self, key: Any) -> None:
        """Take a lock, without waiting for it. It ends with the session."""
        if key in self._acquired:
            raise Failed("this client has it already")
        lock = Lock(self._locking, f"{LOCKS}/{key}")
        if not lock.acquire(blocking=False):
            # The library says nothing if it cannot take its own znode out of the line. One that stays gets the lock
            # some day, and nobody knows that it has it.
            with contextlib.suppress(NoNodeError):
                self._locking.delete(place(lock))
            raise Failed("another client has it")
        self._acquired[key] = lock

    def release(self, key: Any) -> None:
        """Give a lock back. If it has ended with its session, it is given back already."""
        lock = self._acquired.get(key)
        if lock is None:
            raise Failed("this client does not have it")
        lock.release()
        del self._acquired[key]

    def give_back(self, key: Any, token: Any) -> None:
        """Leave the line."""
        with contextlib.suppress(*self._errors):
            token.release()

    def count(self, key: Any) -> int:
        """What the count is, after `sync`."""
        if not self._connected.wait(self._timeout / 2):
            raise Failed("no connection")
        try:
            synced = self.session.sync_async(path(key))
            found = self.session.get_async(path(key))
            synced.get(timeout=self._timeout)
            text, _ = found.get(timeout=self._timeout)
            return int(decoded(text))
        except NoNodeError:
            return self._new(key)
        except self._errors as error:
            raise Failed(said(error)) from error

    def set_count(self, key: Any, count: int, token: Any) -> bool:
        """Set the count. With a token in one transaction, which checks that the znode of the lock is still there."""
        if not self._connected.wait(self._timeout / 2):
            raise Failed("no connection")
        text = (encoded(count) or "").encode()
        if token is None:
            self.session.set_async(path(key), text).get(timeout=self._timeout)
            return True
        change = self.session.transaction()
        change.check(place(token), version=0)
        change.set_data(path(key), text)
        checked, _ = change.commit_async().get(timeout=self._timeout)
        return not isinstance(checked, Exception)

    def _new(self, key: Any) -> int:
        """Make the znode of a count."""
        try:
            self.session.create_async(path(key), b"0").get(timeout=self._timeout)
        except self._errors as error:
            raise Failed(said(error)) from error
        return 0


def place(token: Lock) -> str:
    """The znode of a lock that is held."""
    return f"{token.path}/{token.node}"
