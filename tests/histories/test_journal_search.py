"""Finding messages in a journal, compared with reading all of it."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from clew.histories import HistoryError
from clew.histories.journal import Journal, entries
from clew.histories.journal_search import messages_between, node_lives


def journal(path: Path, messages: int) -> Path:
    random = Random(messages)
    with path.open("wb") as stream:
        written = Journal(stream)
        written.start(0, "n1", 0)
        for id in range(messages):
            time = id * 1000
            written.send(id, time, "n1", "n2", b'{"type":"ping","text":"{\\"event\\":\\"start\\""}' if id % 7 else b"3")
            if random.random() < 0.5:
                written.receive(id, time + 10)
            elif random.random() < 0.5:
                written.drop(id, time, "loss")
        written.crash(messages * 1000, "n1", 0)
        written.start(messages * 1000 + 5, "n1", 1)
        written.flush()
    return path


@pytest.mark.parametrize("messages", [0, 1, 2, 50, 400])
def test_messages_between_finds_what_reading_everything_finds(tmp_path: Path, messages: int) -> None:
    path = journal(tmp_path / "messages.jsonl", messages)
    sent = {entry.id: entry.time for entry in entries(path) if entry.event == "send"}
    for start, end in ((0, 10**9), (5000, 20_000), (7001, 7002), (messages * 1000, messages * 1000), (3000, 3010)):
        wanted = [id for id, time in sent.items() if start <= time <= end]
        arriving = {e.id for e in entries(path) if e.event == "receive" and start <= e.time <= end}
        found = [message.id for message in messages_between(path, start, end)]
        assert found == sorted({*wanted, *arriving})


@pytest.mark.parametrize("seconds", [1, 3, 30])
def test_a_message_is_found_however_long_it_was_under_way(tmp_path: Path, seconds: int) -> None:
    """A late accept is what breaks a protocol: a page must show where it came from."""
    path = tmp_path / "messages.jsonl"
    late = seconds * 1_000_000_000
    with path.open("wb") as stream:
        written = Journal(stream)
        arrivals = []
        for id in range(2000):
            time = id * late // 1000
            for due in [due for due in arrivals if due[0] <= time]:
                written.receive(due[1], due[0])
                arrivals.remove(due)
            written.send(id, time, "n1", "n2", b'{"type":"accept"}')
            # Every hundredth is late, and comes twice: the first copy before the passage.
            arrivals += [(time + 1000, id), (time + late, id)] if id % 100 == 0 else [(time + 1000, id)]
            arrivals.sort()
        written.flush()
    start, end = int(1.5 * late) - 10, int(1.5 * late) + 10
    (message,) = [m for m in messages_between(path, start, end) if m.id == 500]
    assert (message.sent, message.received) == (late // 2, [late // 2 + 1000, late // 2 + late])


def test_messages_have_fates_and_nodes_have_lives(tmp_path: Path) -> None:
    path = journal(tmp_path / "messages.jsonl", 200)
    found = messages_between(path, 0, 10**9)
    assert {len(message.received) for message in found} == {0, 1}
    assert {message.dropped for message in found} == {None, "loss"}
    assert {message.type for message in found} == {"ping", "message"}
    assert [(life.node, life.number, life.start, life.end) for life in node_lives(path)] == [
        ("n1", 0, 0, 200_000),
        ("n1", 1, 200_005, None),
    ]


def test_a_cut_journal_is_read_up_to_its_last_whole_line_and_a_broken_one_is_an_error(tmp_path: Path) -> None:
    path = journal(tmp_path / "messages.jsonl", 20)
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    assert len(messages_between(path, 0, 10**9)) == 20
    assert len(node_lives(path)) == 1
    path.write_bytes(b'{"event":"send","time":' + whole)
    with pytest.raises(HistoryError, match="journal entry"):
        messages_between(path, 0, 10**9)
