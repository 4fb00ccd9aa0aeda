"""A client of etcd, on `etcd3gw`, the library that OpenStack keeps. It speaks to the JSON gateway of one node."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import requests
from etcd3gw.client import Etcd3Client
from etcd3gw.exceptions import Etcd3Exception

from clew.systems.etcd.gateway import base64_of, changed, said
from clew.systems.etcd.locks import EtcdLocks
from clew.systems.etcd.watched import Watched
from clew.systems.guard import adding
from clew.systems.program import Failed, ProgramCluster, ProgramNode
from clew.systems.stored import decoded, encoded

PATH = "/v3/"
"""Where etcd 3.4 has its gateway. Asking the node for it would be a request of its own."""
BETWEEN, AFTER = "/", "0"
"""What stands between the name of a set and an element, and the letter after that: together they bound a range."""


class EtcdClient:
    """One client. All that it asks goes to its own node."""

    def __init__(self, node: ProgramNode, cluster: ProgramCluster) -> None:
        session = requests.Session()
        # The node is in a network of its own, which no proxy reaches.
        session.trust_env = False
        self._session = session
        self._etcd = Etcd3Client(
            node.host, node.ports["client"], timeout=cluster.timeout, api_path=PATH, session=session
        )
        self._serializable = cluster.parameters.reads == "serializable"
        self._timeout = cluster.timeout
        watches = cluster.parameters.reads == "watched"
        self._watched = Watched(self._etcd, cluster.timeout, cluster.parameters.compact) if watches else None
        empty: dict[str, Any] = {"counter": 0, "list": []}
        self._empty = empty.get(cluster.parameters.object)
        self._keeps_sets = cluster.parameters.object == "set"
        self._locks = EtcdLocks(self._etcd, cluster.parameters.lock_ttl // 10**9)
        self._adding = adding(self._locks, cluster)

    def read(self, key: Any) -> Any:
        """What a key holds, as the plan's `reads` says."""
        try:
            if self._keeps_sets:
                return self._elements(key)
            value = decoded(self._watched.read(key)) if self._watched else self._get(key, self._serializable)[0]
        except Etcd3Exception as error:
            # A read changes nothing.
            raise Failed(said(error)) from error
        except requests.RequestException as error:
            raise Failed(f"the watch: {type(error).__name__}") from error
        return self._empty if value is None else value

    get = read

    def write(self, key: Any, value: Any) -> None:
        """Set a key."""
        text = encoded(value)
        if text is None:
            self.delete(key)
        else:
            changed(lambda: self._etcd.put(str(key), text))

    put = write

    def delete(self, key: Any) -> None:
        """Remove a key."""
        changed(lambda: self._etcd.delete(str(key)))

    def cas(self, key: Any, old: Any, new: Any) -> None:
        """Set a key that holds `old`, in one transaction."""
        text = encoded(old)
        if text is None:
            expected = {"target": "CREATE", "create_revision": 0}
        else:
            expected = {"target": "VALUE", "value": base64_of(text)}
        if not self._set_if(key, expected, encoded(new)):
            raise Failed("mismatch")

    def add_and_get(self, key: Any, amount: int) -> int:
        """Add to a count: read it, and set it if nobody was faster, until nobody was. Or under a lock."""
        if self._adding is not None:
            return self._adding.add(key, amount)
        count: int = self._changed(key, lambda value: (value or 0) + amount)
        return count

    def add(self, key: Any, value: Any) -> None:
        """Add an element to a set. Each element is a key of its own, so nobody has to wait for another."""
        changed(lambda: self._etcd.put(f"{key}{BETWEEN}{json.dumps(value)}", "1"))

    def append(self, key: Any, value: Any) -> None:
        """Append an element to a list: read the list, and set it if nobody was faster, until nobody was."""
        self._changed(key, lambda elements: [*(elements or ()), value])

    def acquire(self, key: Any) -> None:
        """Take a lock."""
        self._locks.acquire(key)

    def release(self, key: Any) -> None:
        """Give a lock back."""
        self._locks.release(key)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _get(self, key: Any, serializable: bool) -> tuple[Any, int]:
        """The value of a key, and the revision that changed it last; None and 0 if it is absent."""
        found = self._etcd.get(str(key), metadata=True, serializable=serializable)
        if not found:
            return None, 0
        text, about = found[0]
        return decoded(text), int(about["mod_revision"])

    def _elements(self, key: Any) -> list[Any]:
        """The elements of a set: all of them in one read, as they were at one moment."""
        begin, end = f"{key}{BETWEEN}", f"{key}{AFTER}"
        found = self._etcd.get(begin, metadata=True, range_end=end, serializable=self._serializable)
        return sorted(json.loads(about["key"][len(begin) :]) for _, about in found)

    def _changed(self, key: Any, change: Callable[[Any], Any]) -> Any:
        """Make a new value of a key from what it holds, and return that.

        Only an attempt of which etcd said that it did nothing is followed by another. One without an answer is the
        last, and leaves open whether the key has changed.
        """
        end = time.monotonic() + self._timeout
        while True:
            try:
                value, revision = self._get(key, serializable=False)
            except Etcd3Exception as error:
                # Nothing has changed yet.
                raise Failed(said(error)) from error
            new = change(value)
            if self._set_if(key, {"target": "MOD", "mod_revision": revision}, encoded(new)):
                return new
            if time.monotonic() > end:
                raise Failed("others were faster, again and again")

    def _set_if(self, key: Any, expected: dict[str, Any], text: str | None) -> bool:
        """Set or delete a key if what is expected of it holds; tell whether it did."""
        name = base64_of(str(key))
        change: dict[str, Any] = (
            {"request_delete_range": {"key": name}}
            if text is None
            else {"request_put": {"key": name, "value": base64_of(text)}}
        )
        compare = [{"key": name, "result": "EQUAL", **expected}]
        answer = changed(lambda: self._etcd.transaction({"compare": compare, "success": [change], "failure": []}))
        return bool(answer.get("succeeded", False))
