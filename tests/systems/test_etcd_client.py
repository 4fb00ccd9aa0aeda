"""A client of etcd repeats only what etcd says did nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("etcd3gw")

from etcd3gw.exceptions import ConnectionTimeoutError

from clew.systems import ProgramCluster, ProgramNode
from clew.systems.etcd import Parameters
from clew.systems.etcd.client import EtcdClient
from clew.systems.program import Failed


class Etcd:
    """A key, and what becomes of each transaction: `done`, `refused`, or `silence` (done, and no answer)."""

    def __init__(self, *outcomes: str) -> None:
        self.outcomes = list(outcomes)
        self.asked = 0
        self.held: list[Any] = []

    def get(self, key: str, **_: Any) -> list[Any]:
        return [(json.dumps(self.held), {"mod_revision": "7"})] if self.held else []

    def transaction(self, change: dict[str, Any]) -> dict[str, Any]:
        self.asked += 1
        outcome = self.outcomes.pop(0)
        if outcome == "refused":
            # Another client was faster.
            self.held.append("other")
            return {}
        self.held.append("mine")
        if outcome == "silence":
            raise ConnectionTimeoutError
        return {"succeeded": True}


def client(etcd: Etcd, timeout: float = 60.0) -> EtcdClient:
    node = ProgramNode("n1", "127.0.0.1", {"client": 2379}, Path(), Path())
    made = EtcdClient(node, ProgramCluster((node,), Parameters(object="list"), timeout))
    made._etcd = etcd
    return made


def test_an_append_that_etcd_refused_is_tried_again_on_the_new_list() -> None:
    etcd = Etcd("refused", "refused", "done")
    client(etcd).append(0, "mine")
    assert etcd.held == ["other", "other", "mine"]


def test_an_append_without_an_answer_is_not_tried_again_and_its_outcome_is_unknown() -> None:
    etcd = Etcd("refused", "silence", "done")
    with pytest.raises(OSError, match="ConnectionTimeout"):
        client(etcd).append(0, "mine")
    assert (etcd.asked, etcd.held) == (2, ["other", "mine"])


def test_an_append_that_was_refused_until_its_time_was_over_did_not_happen() -> None:
    etcd = Etcd("refused", "done")
    with pytest.raises(Failed, match="others were faster"):
        client(etcd, timeout=0).append(0, "mine")
    assert etcd.held == ["other"]
