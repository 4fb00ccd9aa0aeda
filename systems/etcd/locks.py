"""Locks of etcd: a key with a lease, as `etcd3gw` makes them. The token is the text of that key."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from etcd3gw.client import Etcd3Client
from etcd3gw.exceptions import Etcd3Exception
from etcd3gw.lock import Lock

from clew.systems.etcd.gateway import base64_of, changed, said
from clew.systems.program import Failed
from clew.systems.stored import decoded, encoded

ASK_AGAIN_AFTER = 0.02
"""Seconds after which a client that waits for a lock looks whether it is free."""


class EtcdLocks:
    """The locks of one client. See `clew.systems.guard.Holder`."""

    def __init__(self, etcd: Etcd3Client, seconds_to_live: int) -> None:
        self._etcd = etcd
        self._seconds_to_live = seconds_to_live
        self._acquired: dict[Any, Lock] = {}

    def take(self, key: Any, within: float) -> Any:
        """Take a lock, each time with a lease of its own."""
        end = time.monotonic() + within
        lock = Lock(str(key), self._seconds_to_live, client=self._etcd)
        try:
            while self._etcd.get(lock.key) or not lock.acquire():
                if time.monotonic() >= end:
                    return None
                time.sleep(ASK_AGAIN_AFTER)
        except Etcd3Exception as error:
            raise Failed(said(error)) from error
        return lock

    def holds(self, key: Any, token: Any) -> bool:
        """Renew the lease. One that has ended cannot be renewed."""
        try:
            return bool(token.refresh() > 0)
        except Etcd3Exception as error:
            raise Failed(said(error)) from error

    def acquire(self, key: Any) -> None:
        """Take a lock, without waiting for it. It ends by itself if it is not released in time: nothing renews it."""
        if key in self._acquired:
            raise Failed("this client has it already")
        lock = Lock(str(key), self._seconds_to_live, client=self._etcd)
        if not changed(lock.acquire):
            with contextlib.suppress(Etcd3Exception):
                lock.lease.revoke()
            raise Failed("another client has it")
        self._acquired[key] = lock

    def release(self, key: Any) -> None:
        """Give a lock back. If it has ended by itself, it is given back already."""
        lock = self._acquired.get(key)
        if lock is None:
            raise Failed("this client does not have it")
        changed(lock.release)
        del self._acquired[key]
        with contextlib.suppress(Etcd3Exception):
            lock.lease.revoke()

    def give_back(self, key: Any, token: Any) -> None:
        """Remove the lock if it is still this one, and its lease."""
        with contextlib.suppress(Etcd3Exception):
            token.release()
            token.lease.revoke()

    def count(self, key: Any) -> int:
        """What the count is, as a majority says."""
        try:
            found = self._etcd.get(str(key))
        except Etcd3Exception as error:
            raise Failed(said(error)) from error
        return decoded(found[0]) if found else 0

    def set_count(self, key: Any, count: int, token: Any) -> bool:
        """Set the count. With a token in one transaction, which compares the text of the lock."""
        text = encoded(count) or ""
        if token is None:
            changed(lambda: self._etcd.put(str(key), text))
            return True
        held = {"key": base64_of(token.key), "result": "EQUAL", "target": "VALUE", "value": base64_of(token.uuid)}
        put = {"request_put": {"key": base64_of(str(key)), "value": base64_of(text)}}
        answer = changed(lambda: self._etcd.transaction({"compare": [held], "success": [put], "failure": []}))
        return bool(answer.get("succeeded", False))
