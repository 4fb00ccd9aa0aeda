"""A client of ZooKeeper, on `kazoo`. It speaks to one node, and keeps one session for as long as the node does.

A key that is absent is a znode without text, or none at all. Znodes are never deleted: one that is made anew begins
again at version 0, and a compare-and-set by version would take it for the old one.
"""

from __future__ import annotations

from typing import Any

from kazoo.exceptions import BadVersionError, KazooException, NodeExistsError, NoNodeError

from clew.systems.guard import adding
from clew.systems.program import Failed, ProgramCluster, ProgramNode
from clew.systems.stored import decoded, encoded
from clew.systems.zookeeper.locks import ZookeeperLocks
from clew.systems.zookeeper.znodes import path, said, session

ABSENT = -1
"""The version that stands for a znode that is not there."""


class ZookeeperClient:
    """One client. All that it asks goes to its own node."""

    def __init__(self, node: ProgramNode, cluster: ProgramCluster) -> None:
        parameters = cluster.parameters
        self._timeout = cluster.timeout
        self._syncs = parameters.reads == "sync"
        self._counts = parameters.object == "counter"
        self._zookeeper = session(node, parameters.session_timeout / 1e9)
        self._connected = self._zookeeper.start_async()
        needs_locks = parameters.guard != "version" or parameters.object == "mutex"
        self._locks = ZookeeperLocks(self._zookeeper, node, cluster) if needs_locks else None
        self._adding = None if self._locks is None else adding(self._locks, cluster)

    def read(self, key: Any) -> Any:
        """What a key holds, as the plan's `reads` says."""
        value, _ = self._read(key, self._syncs)
        return 0 if self._counts and value is None else value

    get = read

    def write(self, key: Any, value: Any) -> None:
        """Set a key, whatever it holds."""
        text = (encoded(value) or "").encode()
        while True:
            try:
                self._ask(self._zookeeper.set_async, path(key), text)
                return
            except NoNodeError:
                pass
            try:
                self._ask(self._zookeeper.create_async, path(key), text)
                return
            except NodeExistsError:
                pass

    put = write

    def delete(self, key: Any) -> None:
        """Leave a key without a text."""
        self.write(key, None)

    def cas(self, key: Any, old: Any, new: Any) -> None:
        """Set a key at the version at which it was read and held `old`.

        If it held something else, the failure says so: it has read that. If another change came first, the failure
        says nothing of the value.
        """
        value, version = self._read(key, self._syncs)
        if value != old:
            raise Failed("mismatch")
        if not self._set_at(key, version, new):
            raise Failed("another change came first")

    def add_and_get(self, key: Any, amount: int) -> int:
        """Add to a count: read it, and set it at the version that was read, until nobody was faster; or use a lock."""
        if self._adding is not None:
            self._wait_for_a_connection()
            return self._adding.add(key, amount)
        while True:
            value, version = self._read(key, syncs=False)
            count: int = (value or 0) + amount
            if self._set_at(key, version, count):
                return count

    def acquire(self, key: Any) -> None:
        """Take a lock."""
        self._wait_for_a_connection()
        assert self._locks is not None
        self._locks.acquire(key)

    def release(self, key: Any) -> None:
        """Give a lock back."""
        assert self._locks is not None
        self._locks.release(key)

    def close(self) -> None:
        """End the session, or give it up where the node does not answer."""
        for one in (self._zookeeper, *((self._locks.session,) if self._locks is not None else ())):
            one.stop()
            one.close()

    def _read(self, key: Any, syncs: bool) -> tuple[Any, int]:
        """The value of a key and its version; None and `ABSENT` if there is no znode."""
        self._wait_for_a_connection()
        try:
            # One after the other in one session: if the connection breaks in between, both fail.
            synced = self._zookeeper.sync_async(path(key)) if syncs else None
            found = self._zookeeper.get_async(path(key))
            if synced is not None:
                synced.get(timeout=self._timeout)
            text, about = found.get(timeout=self._timeout)
        except NoNodeError:
            return None, ABSENT
        except (KazooException, self._zookeeper.handler.timeout_exception) as error:
            # A read changes nothing.
            raise Failed(said(error)) from error
        return decoded(text or None), about.version

    def _set_at(self, key: Any, version: int, value: Any) -> bool:
        """Set a key whose znode still has this version; tell whether it had."""
        text = (encoded(value) or "").encode()
        try:
            if version == ABSENT:
                self._ask(self._zookeeper.create_async, path(key), text)
            else:
                self._ask(self._zookeeper.set_async, path(key), text, version)
        except (BadVersionError, NodeExistsError):
            return False
        return True

    def _ask(self, call: Any, *arguments: Any) -> Any:
        """Make a call that changes something. Raises `Failed` only if there was no connection to send it on."""
        self._wait_for_a_connection()
        return call(*arguments).get(timeout=self._timeout)

    def _wait_for_a_connection(self) -> None:
        # Without a connection the library would keep a request, and send it when nobody waits for it any more.
        if not self._connected.wait(self._timeout / 2):
            raise Failed("no connection")
