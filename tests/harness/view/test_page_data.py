"""The columns of a page, of a hand-made run in which everything happens once."""

from __future__ import annotations

import pytest

from clew.harness.store.fault_windows import FaultWindow
from clew.harness.store.record import Record, read_record
from clew.harness.view.report.gather import gather
from clew.harness.view.report.page_data import Data
from clew.histories import NEMESIS, Header, Recorder
from clew.histories.event import FORMAT
from clew.histories.journal import Journal
from clew.nemesis import Fault, FaultEvent
from clew.nemesis.crash import Crash
from clew.nemesis.fault import name, to_value
from clew.nemesis.network import BadNetwork
from clew.nemesis.node_fault import NodeFault
from clew.nemesis.partition import Partition

MS = 1_000_000
PLAN = "name: by hand\nsystem: {name: caspaxos, nodes: 3}\n"
CUT = Partition({"n1": ("n2", "n3"), "n2": ("n1",), "n3": ("n1",)})


class Slow(NodeFault, frozen=True, tag="slow"):
    """A kind of fault that no file of the report knows."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Record:
    folder = tmp_path_factory.mktemp("by-hand")
    (folder / "plan.yaml").write_text(PLAN)
    with (folder / "history.jsonl").open("wb", buffering=0) as stream:
        recorder = Recorder(Header(FORMAT, "by hand", 1, "cas-register", {}))
        recorder.write_to(stream)

        def nemesis(ms: int, word: str, number: int, fault: Fault) -> None:
            value = to_value(FaultEvent(number, ms * MS, None, fault))
            recorder.record(ms * MS, NEMESIS, "info", f"{word}-{name(fault)}", None, value)

        recorder.record(0, 0, "invoke", "write", None, 7)
        recorder.record(10 * MS, 0, "ok", "write", None, 7)
        recorder.record(20 * MS, 1, "invoke", "read")
        nemesis(30, "start", 0, Crash(("n3",)))
        nemesis(40, "start", 1, CUT)
        recorder.record(45 * MS, 1, "ok", "read", None, 7)
        recorder.record(46 * MS, 1, "invoke", "cas", None, [7, 8])
        nemesis(50, "stop", 0, Crash(("n3",)))
        recorder.record(56 * MS, 1, "fail", "cas", None, [7, 8], "mismatch 9")
        nemesis(60, "stop", 1, CUT)
        nemesis(70, "start", 2, BadNetwork(drop=0.5, nodes=("n2",)))
        recorder.record(75 * MS, 2, "invoke", "write", None, 9)
        nemesis(80, "stop", 2, BadNetwork(drop=0.5, nodes=("n2",)))
        recorder.record(100 * MS, 2, "info", "write", None, 9, "timeout")
    with (folder / "messages.jsonl").open("wb") as stream:
        journal = Journal(stream)
        for node in ("n1", "n2", "n3"):
            journal.start(0, node, 0)
        prepare = b'{"type":"prepare","ballot":[1,"n1"],"sequence":%d}'
        journal.send(0, 5 * MS, "n1", "n2", prepare % 1)
        journal.send(1, 5 * MS, "n1", "n3", prepare % 2)
        journal.receive(0, 6 * MS)
        journal.receive(1, 6 * MS)
        journal.receive(1, 7 * MS)
        journal.send(2, 8 * MS, "n2", "n1", b'{"type":"promise","ballot":[1,"n1"]}')
        journal.send(3, 8 * MS, "n3", "n1", b'{"type":"promise","ballot":[1,"n1"]}')
        journal.receive(2, 9 * MS)
        journal.crash(30 * MS, "n3", 0)
        journal.drop(3, 30 * MS, "down")
        journal.send(4, 31 * MS, "n2", "n1", b'{"type":"prepare","ballot":[2,"n2"]}')
        journal.receive(4, 41 * MS)
        journal.start(50 * MS, "n3", 1)
        journal.send(5, 89 * MS, "n1", "n2", b"3")
        journal.receive(5, 95 * MS)
        journal.flush()
    return read_record(folder)


@pytest.fixture(scope="module")
def data(recorded: Record) -> Data:
    return gather(recorded)


def test_every_message_has_its_fate(data: Data) -> None:
    found = data.messages
    told = [
        (found["id"][row], found["who"][row], found["type"][row], found["fate"][row], found["until"][row])
        for row in range(len(found["id"]))
    ]
    assert told == [
        (0, "n1 → n2", "prepare", "delivered", pytest.approx(0.006)),
        (1, "n1 → n3", "prepare", "delivered", pytest.approx(0.006)),
        (1, "n1 → n3", "prepare", "duplicated", pytest.approx(0.007)),
        (2, "n2 → n1", "promise", "delivered", pytest.approx(0.009)),
        (3, "n3 → n1", "promise", "dropped", pytest.approx(0.00875)),
        (4, "n2 → n1", "prepare", "delayed", pytest.approx(0.041)),
        # It came at 0.095 s, after what is shown.
        (5, "n1 → n2", "message", "under way", pytest.approx(0.08975)),
    ]
    assert data.places == ["client 0", "client 1", "client 2", "n1", "n2", "n3"]
    assert found["words"][4] == "lost: down"
    assert found["from"][4] > found["to"][4] > 3, "what is lost ends on its way"


def test_nodes_are_up_down_and_cut_off(data: Data) -> None:
    lives = data.lives
    told = sorted(
        (data.nodes[lives["lane"][row]], lives["state"][row], lives["start"][row], lives["end"][row], words)
        for row, words in enumerate(lives["words"])
    )
    assert told == [
        ("n1", "cut off", 0.04, 0.06, "cut off from n2 n3"),
        ("n1", "up", 0.0, 0.1, "life 0"),
        ("n2", "disturbed", 0.07, 0.08, "network of n2: drop 0.5"),
        ("n2", "parted", 0.04, 0.06, "parted from n1"),
        ("n2", "up", 0.0, 0.1, "life 0"),
        ("n3", "down", 0.03, 0.05, "down"),
        ("n3", "parted", 0.04, 0.06, "parted from n1"),
        ("n3", "up", 0.0, 0.03, "life 0"),
        ("n3", "up", 0.05, 0.1, "life 1"),
    ]


def test_new_ballots_are_marked_once_and_nothing_else_is(data: Data) -> None:
    marks = data.marks
    assert list(zip(marks["lane"], marks["time"], marks["epoch"], strict=True)) == [
        (0, 0.005, "ballot 1/n1"),
        (1, 0.031, "ballot 2/n2"),
    ]


def test_a_valid_run_leads_to_its_elections_crashes_and_slowest_operation(data: Data) -> None:
    assert [(moment.name, moment.at) for moment in data.moments] == [
        ("new ballot 2/n2", 0.031),
        ("crash n3", 0.03),
        ("slowest operation", 0.045),
    ]
    assert not any(moment.wrong for moment in data.moments)
    assert data.moments[2].words == "read → 7"


def test_a_valid_run_leads_to_the_first_faults_of_a_new_kind_that_hits_nodes(
    recorded: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = [FaultWindow(i * MS, (i + 1) * MS, "slow", f"slow n{i}", Slow((f"n{i}",))) for i in range(1, 10)]
    monkeypatch.setattr(Record, "fault_windows", windows)
    found = [moment.name for moment in gather(recorded).moments]
    assert found == ["new ballot 2/n2", "slow n1", "slow n2", "slowest operation"]


def test_faults_operations_and_points_are_where_they_were(data: Data) -> None:
    assert list(zip(*(data.windows[name] for name in ("start", "end", "kind", "words")), strict=True)) == [
        (0.03, 0.05, "crash", "crash n3"),
        (0.04, 0.06, "partition", "partition n1 | n2 n3"),
        (0.07, 0.08, "network", "network of n2: drop 0.5"),
    ]
    operations = data.operations
    assert operations["label"] == ["write 7", "read → 7", "cas [7, 8]", "write 9 ?"]
    assert operations["outcome"] == ["ok", "ok", "fail", "info"]
    assert operations["start"] == [0.0, 0.02, 0.046, 0.075]
    assert operations["end"] == [0.01, 0.045, 0.056, 0.1]
    assert operations["latency"] == [10.0, 25.0, 10.0, 25.0]
    assert operations["error"] == ["", "", "mismatch 9", "timeout"]
    (key,) = data.keys
    assert key.verdict == "valid"
    assert key.points["state"][:2] == ["7", "7"]


def test_rates_and_quantiles_are_over_the_axis_of_time_of_the_run(data: Data) -> None:
    rates = data.rates
    assert (rates["start"][0], rates["end"][-1]) == (0.0, 0.1)
    counted = {
        name: sum(
            rate * (end - start) for rate, start, end in zip(rates[name], rates["start"], rates["end"], strict=True)
        )
        for name in ("ok", "fail", "info")
    }
    assert counted == {"ok": pytest.approx(2), "fail": pytest.approx(1), "info": pytest.approx(1)}
    assert rates["info"][-1] > 0, "the one of unknown outcome was given up at the end"
    assert data.quantiles == {
        "time": [0.01, 0.05],
        "p50": [10.0, 25.0],
        "p95": [None, None],
        "p99": [None, None],
        "max": [10.0, 25.0],
    }
