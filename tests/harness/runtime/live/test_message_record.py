"""The messages of a live run come out in the order of time, whoever told of them first."""

from __future__ import annotations

from collections import Counter
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import trio

from clew.harness.plan import load, resolve
from clew.harness.runtime.live.protocols import message_record
from clew.harness.runtime.live.protocols.hosts import Host
from clew.harness.runtime.live.protocols.message_record import CRASHED, STARTED, MessageRecord
from clew.harness.runtime.live.protocols.messages import Messages, message_types
from clew.harness.runtime.live.protocols.node_wire import DROPPED, ENDED, HEAD, RECEIVED, SENT
from clew.harness.runtime.live.protocols.protocol_cluster import ProtocolCluster
from clew.harness.runtime.monitors import Monitors
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.watchdog import Watchdog
from clew.histories.journal import Journal
from clew.systems import find_protocol
from clew.systems.caspaxos.ballot import Ballot
from clew.systems.caspaxos.messages import Prepare

BODY = msgspec.json.encode(Prepare(0, Ballot(1, "n1")))
ENDPOINTS = ("n1", "n2", "c0")


class Told:
    """A record, and the lines of its journal."""

    def __init__(self) -> None:
        plan, system = resolve(load("caspaxos-happy-path")), find_protocol("caspaxos")
        self.stream = BytesIO()
        self.journal = Journal(self.stream)
        outcome = Outcome()
        self.fates: Counter[str] = outcome.progress.messages
        monitors = Monitors(plan, system, outcome, Watchdog(outcome.progress))
        self.seen: list[int] = []
        monitors.look = lambda sent: self.seen.append(sent.id)  # type: ignore[method-assign]
        place = message_types(system.messages)[Prepare]
        self.place = place
        self.record = MessageRecord(
            ENDPOINTS, frozenset({place}), Messages(system.messages), monitors, self.journal, self.fates
        )

    def sent(self, time: int, source: str, id: int, destination: int) -> None:
        self.record.add(time, SENT, source, id, self.place, destination, BODY)

    def lines(self) -> list[tuple[str, int, object]]:
        self.journal.flush()
        found = [msgspec.json.decode(line) for line in self.stream.getvalue().splitlines()]
        return [(line["event"], line["time"], line.get("id", line.get("node"))) for line in found]


def test_what_was_told_out_of_order_comes_out_by_time_and_numbers_grow_with_it() -> None:
    told = Told()
    told.sent(30, "n2", 71, 0)
    told.record.add(40, RECEIVED, "n1", 71)
    told.sent(10, "n1", 5, 1)
    told.record.add(20, RECEIVED, "n2", 5)
    told.record.release(100)
    assert told.lines() == [("send", 10, 0), ("receive", 20, 0), ("send", 30, 1), ("receive", 40, 1)]
    assert told.seen == [0, 1]


def test_what_may_still_have_a_cause_that_was_not_told_waits() -> None:
    told = Told()
    told.sent(30, "n2", 71, 0)
    told.record.release(29)
    assert told.lines() == []
    told.sent(20, "n1", 5, 1)
    told.record.release(30)
    assert [time for _, time, _ in told.lines()] == [20, 30]


def test_a_late_record_gets_the_time_of_the_last_one_that_was_passed_on() -> None:
    told = Told()
    told.sent(30, "n2", 71, 0)
    told.record.release(30)
    told.sent(20, "n1", 5, 1)
    told.record.release(40)
    assert told.lines() == [("send", 30, 0), ("send", 30, 1)]


def test_what_was_under_way_to_a_node_that_crashes_is_lost_and_so_is_what_is_sent_while_it_is_down() -> None:
    told = Told()
    told.sent(10, "n1", 5, 1)
    told.sent(11, "n1", 6, 1)
    told.record.add(12, RECEIVED, "n2", 5)
    told.record.add(15, CRASHED, "n2", 0)
    told.sent(16, "n1", 7, 1)
    told.record.add(20, STARTED, "n2", 1)
    told.sent(21, "n1", 8, 1)
    told.record.release(100)
    drops = [(time, id) for event, time, id in told.lines() if event == "drop"]
    assert drops == [(15, 1), (16, 2)]
    assert told.fates == {"down": 2}


def test_a_loss_is_noted_once_with_its_reason() -> None:
    told = Told()
    told.sent(10, "n1", 5, 1)
    told.record.add(10, DROPPED, "n1", 5, body=b"loss")
    told.record.add(12, CRASHED, "n2", 0)
    told.record.release(100)
    assert [line for line in told.lines() if line[0] == "drop"] == [("drop", 10, 0)]


def test_only_the_numbers_of_the_last_messages_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_record, "NUMBERS_MOST", 2)
    told = Told()
    for number in range(3):
        told.sent(10 + number, "n1", number, 1)
    for number in range(3):
        told.record.add(20 + number, RECEIVED, "n2", number)
    told.record.release(100)
    assert [id for event, _, id in told.lines() if event == "receive"] == [1, 2]


def test_messages_of_which_nothing_is_told_are_forgotten_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_record, "NUMBERS_MOST", 2)
    told = Told()
    for number in range(5):
        told.sent(10 + number, "n1", number, 1)
    told.record.add(20, CRASHED, "n2", 0)
    told.record.release(100)
    assert [line for line in told.lines() if line[0] == "drop"] == [("drop", 20, 3), ("drop", 20, 4)]
    assert told.fates == {"down": 2}


class Says:
    """The control socket of a host that tells what it is given. `then` is called when it has told the first of it."""

    def __init__(self, *told: bytes) -> None:
        self.told = list(told)
        self.then = lambda: None

    def send(self, order: bytes) -> None:
        pass

    def recv(self, most: int) -> bytes:
        if not self.told:
            raise BlockingIOError
        data = self.told.pop(0)
        then, self.then = self.then, lambda: None
        then()
        return data


def test_the_end_of_a_run_shows_no_effect_before_its_cause(tmp_path: Path) -> None:
    # n1 goes on after it has answered, and n2 hears of that before it answers.
    told = Told()
    ended = HEAD.pack(ENDED, 0, 0, 0, 0, 0)
    cause = HEAD.pack(SENT, told.place, 1, len(BODY), 5, 100) + BODY
    effect = HEAD.pack(SENT, told.place, 0, len(BODY), 6, 200) + BODY
    n1, n2 = Says(ended), Says(effect + ended)
    n2.then = lambda: n1.told.append(cause)

    plan = resolve(load("caspaxos-happy-path"))
    stage: Any = SimpleNamespace(plan=plan, outcome=Outcome(), folder=tmp_path, now=lambda: 10)
    clients: Any = SimpleNamespace(handlers=lambda: ())
    none: Any = None
    cluster = ProtocolCluster(stage, none, none, told.record, clients, None, none)
    for name, says in (("n1", n1), ("n2", n2)):
        control: Any = says
        cluster._hosts[name] = host = Host(name, 0, control)
        cluster._telling.add(host)
    trio.run(cluster.end)
    told.journal.flush()
    sent = [msgspec.json.decode(line) for line in told.stream.getvalue().splitlines()]
    assert [(line["time"], line["src"]) for line in sent] == [(5, "n1"), (6, "n2")]
    cluster._epoll.close()
