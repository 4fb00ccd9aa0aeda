"""What a client of etcd knows because it watches all keys, as caches and controllers do.

It lists the keys once, and then applies every change that a watch shows. If watches keep their promises, what it reads
is linearizable.

    list ── revision 7 ── watch from 8 ── put 8, delete 9, put 10 ── read ── watch from 11 ── ...

A read puts a mark first, and waits until the watch shows it: all that was changed before the mark is known then.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import requests
from etcd3gw.client import Etcd3Client
from etcd3gw.exceptions import Etcd3Exception

from clew.systems.etcd.gateway import base64_of

MARK = "mark"
"""The key of the marks. No plan has a key of this name."""
ALL = {"key": base64_of("\0"), "range_end": base64_of("\0")}
"""How the gateway takes a range of all keys."""


class Watched:
    """All keys, as one client has learnt them at one node."""

    def __init__(self, etcd: Etcd3Client, timeout: float, compacts: bool) -> None:
        self._etcd = etcd
        self._timeout = timeout
        self._compacts = compacts
        self._texts: dict[str, str] | None = None
        self._revision = 0

    def read(self, key: Any) -> str | None:
        """The text of a key; None if it is absent. Raises `Etcd3Exception` or `OSError` if the node does not answer."""
        texts = self._listed() if self._texts is None else self._followed()
        # If one of the two raised, the next read lists anew.
        self._texts = texts
        return texts.get(str(key))

    def _listed(self) -> dict[str, str]:
        """All keys at the newest revision."""
        found = self._etcd.post(self._etcd.get_url("/kv/range"), json=ALL)
        self._revision = int(found["header"]["revision"])
        return {text_of(one["key"]): text_of(one.get("value", "")) for one in found.get("kvs", ())}

    def _followed(self) -> dict[str, str]:
        """All keys after every change up to a new mark. If others have compacted the changes, they are listed anew."""
        texts, self._texts = self._texts or {}, None
        put = self._etcd.post(self._etcd.get_url("/kv/put"), json={"key": base64_of(MARK), "value": ""})
        mark = int(put["header"]["revision"])
        start = self._revision + 1
        if self._compacts:
            self._compact(start)
        asked = {"create_request": {**ALL, "start_revision": start}}
        where = self._etcd.get_url("/watch")
        with self._etcd.session.post(where, json=asked, stream=True, timeout=self._timeout) as answer:
            for line in answer.iter_lines():
                told = json.loads(line).get("result", {})
                if told.get("canceled"):
                    return self._listed()
                for event in told.get("events", ()):
                    self._apply(event, texts)
                if self._revision >= mark:
                    return texts
        raise requests.ConnectionError("the watch ended")

    def _compact(self, revision: int) -> None:
        """Have etcd forget all changes before a revision. It is no matter if another client has gone further."""
        try:
            self._etcd.post(self._etcd.get_url("/kv/compaction"), json={"revision": revision, "physical": True})
        except Etcd3Exception:
            return

    def _apply(self, event: dict[str, Any], texts: dict[str, str]) -> None:
        """Carry out one change that a watch has shown."""
        about = event["kv"]
        self._revision = max(self._revision, int(about["mod_revision"]))
        if event.get("type") == "DELETE":
            texts.pop(text_of(about["key"]), None)
        else:
            texts[text_of(about["key"])] = text_of(about.get("value", ""))


def text_of(encoded: str) -> str:
    """A key or a value that the gateway gave."""
    return base64.b64decode(encoded).decode()
