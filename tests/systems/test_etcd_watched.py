"""A client of etcd that reads by watching knows what the watch has shown, and lists anew what it cannot watch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("etcd3gw")

import requests
from etcd3gw.exceptions import Etcd3Exception

from clew.systems.etcd.gateway import base64_of
from clew.systems.etcd.watched import MARK, Watched, text_of


class Etcd:
    """All revisions of an etcd of one node, as its gateway answers."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str | None]] = [("", None)]
        """The key and the text of each revision; None: deleted."""
        self.compacted = 0
        self.dropped: set[int] = set()
        """Revisions that no watch shows."""
        self.lists = 0
        self.refuses = False
        self.session = SimpleNamespace(post=self.watch)

    def get_url(self, path: str) -> str:
        return path

    def change(self, key: str, text: str | None) -> None:
        self.events.append((key, text))

    def post(self, path: str, json: dict[str, Any]) -> dict[str, Any]:
        if self.refuses:
            raise Etcd3Exception
        if path == "/kv/put":
            self.change(text_of(json["key"]), text_of(json["value"]))
        elif path == "/kv/compaction":
            self.compacted = json["revision"]
        header = {"revision": str(len(self.events) - 1)}
        if path != "/kv/range":
            return {"header": header}
        self.lists += 1
        held = {key: text for key, text in self.events if text is not None or key}
        found = [{"key": base64_of(key), "value": base64_of(text)} for key, text in held.items() if text is not None]
        return {"header": header, "kvs": found}

    @contextmanager
    def watch(self, path: str, json: dict[str, Any], **_: Any) -> Iterator[Any]:
        start = json["create_request"]["start_revision"]
        yield SimpleNamespace(iter_lines=lambda: self.told(start))

    def told(self, start: int) -> Iterator[bytes]:
        yield b'{"result": {"created": true}}'
        if start < self.compacted:
            yield b'{"result": {"canceled": true, "compact_revision": "9"}}'
        for revision, (key, text) in enumerate(self.events):
            if revision >= start and revision not in self.dropped:
                about = {"key": base64_of(key), "mod_revision": str(revision)}
                event = {"type": "DELETE", "kv": about} if text is None else {"kv": {**about, "value": base64_of(text)}}
                yield json.dumps({"result": {"events": [event]}}).encode()


def test_a_read_lists_once_and_then_follows_every_change() -> None:
    etcd = Etcd()
    etcd.change("0", "a")
    watched = Watched(etcd, 1.0, compacts=False)
    assert watched.read(0) == "a"
    etcd.change("0", "b")
    assert watched.read(0) == "b"
    etcd.change("0", None)
    assert (watched.read(0), etcd.lists, etcd.compacted) == (None, 1, 0)


def test_a_change_that_a_watch_drops_is_not_known() -> None:
    etcd = Etcd()
    etcd.change("0", "a")
    watched = Watched(etcd, 1.0, compacts=False)
    watched.read(0)
    etcd.dropped.add(len(etcd.events))
    etcd.change("0", None)
    assert (watched.read(0), etcd.lists) == ("a", 1)


def test_a_client_compacts_up_to_the_first_change_that_it_needs() -> None:
    etcd = Etcd()
    etcd.change("0", "a")
    watched = Watched(etcd, 1.0, compacts=True)
    watched.read(0)
    etcd.change("0", "b")
    assert (watched.read(0), etcd.compacted, etcd.lists) == ("b", 2, 1)
    assert etcd.events[-1][0] == MARK


def test_all_keys_are_listed_anew_if_others_have_compacted_what_a_client_needs() -> None:
    etcd = Etcd()
    watched = Watched(etcd, 1.0, compacts=False)
    watched.read(0)
    etcd.change("0", "a")
    etcd.change("0", "b")
    etcd.compacted = 2
    assert (watched.read(0), etcd.lists) == ("b", 2)


def test_all_keys_are_listed_anew_after_a_read_that_had_no_answer() -> None:
    etcd = Etcd()
    watched = Watched(etcd, 1.0, compacts=False)
    watched.read(0)
    etcd.refuses = True
    with pytest.raises(Etcd3Exception):
        watched.read(0)
    etcd.refuses = False
    assert (watched.read(0), etcd.lists) == (None, 2)


def test_a_watch_that_ends_before_the_mark_answers_no_read() -> None:
    etcd = Etcd()
    watched = Watched(etcd, 1.0, compacts=False)
    watched.read(0)
    etcd.dropped.add(len(etcd.events))
    with pytest.raises(requests.ConnectionError, match="the watch ended"):
        watched.read(0)
