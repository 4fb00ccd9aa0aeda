"""The message journal: what is written is what is read, as far as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.histories import HistoryError
from clew.histories.journal import Journal, entries


def test_a_journal_is_read_up_to_its_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    with path.open("wb") as stream:
        journal = Journal(stream)
        journal.start(0, "n1", 0)
        journal.send(17, 5, "n1", "n2", b'{"type":"prepare"}')
        journal.receive(17, 9)
        journal.drop(18, 9, "loss")
        journal.crash(12, "n1", 0)
        journal.flush()
    found = list(entries(path))
    assert [entry.event for entry in found] == ["start", "send", "receive", "drop", "crash"]
    assert bytes(found[1].body) == b'{"type":"prepare"}'
    assert (found[3].id, found[3].why) == (18, "loss")
    path.write_bytes(path.read_bytes()[:-3])
    assert len(list(entries(path))) == 4


def test_a_malformed_line_is_refused_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    path.write_text('{"event":"start","time":0}\n{"event":"vanish","time":0}\n')
    with pytest.raises(HistoryError, match=r"messages\.jsonl:2: "):
        list(entries(path))
