"""The disk of a live node: what was synced is there in the next life, and nothing that is torn."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.harness.runtime.live.protocols import node_disk
from clew.harness.runtime.live.protocols.node_disk import NodeDisk
from clew.systems.node import NOTHING


def test_a_synced_write_is_there_in_the_next_life_and_an_unsynced_one_is_not(tmp_path: Path) -> None:
    disk = NodeDisk(tmp_path / "n1")
    disk.write("a", b"1")
    disk.write("b", b"2")
    disk.sync()
    disk.write("a", b"3")
    disk.flush()
    assert NodeDisk(tmp_path / "n1").contents == {"a": b"1", "b": b"2"}
    disk.sync()
    disk.flush()
    assert NodeDisk(tmp_path / "n1").contents == {"a": b"3", "b": b"2"}


def test_what_was_removed_is_gone_in_this_life_and_in_the_next(tmp_path: Path) -> None:
    disk = NodeDisk(tmp_path / "n1")
    for key, value in (("a", b"1"), ("b", b"2"), ("a", NOTHING), ("never", NOTHING)):
        disk.write(key, value)
    disk.sync()
    disk.flush()
    assert disk.contents == {"b": b"2"}
    assert NodeDisk(tmp_path / "n1").contents == {"b": b"2"}


def test_a_torn_tail_is_cut_off_wherever_it_is_torn(tmp_path: Path) -> None:
    disk = NodeDisk(tmp_path / "n1")
    disk.write("kept", b'"whole"')
    disk.sync()
    disk.flush()
    whole = (tmp_path / "n1").read_bytes()
    disk.write("lost", b'"torn"')
    disk.sync()
    disk.flush()
    data = (tmp_path / "n1").read_bytes()
    for length in range(len(whole), len(data)):
        (tmp_path / "torn").write_bytes(data[:length])
        torn = NodeDisk(tmp_path / "torn")
        assert torn.contents == {"kept": b'"whole"'}
        torn.write("next", b"0")
        torn.sync()
        torn.flush()
        assert NodeDisk(tmp_path / "torn").contents == {"kept": b'"whole"', "next": b"0"}


def test_a_byte_that_has_changed_ends_what_is_read(tmp_path: Path) -> None:
    disk = NodeDisk(tmp_path / "n1")
    for number in range(3):
        disk.write(f"key{number}", b"0")
    disk.sync()
    disk.flush()
    data = bytearray((tmp_path / "n1").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "n1").write_bytes(data)
    assert list(NodeDisk(tmp_path / "n1").contents) == ["key0"]


def test_a_file_that_holds_little_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_disk, "COMPACT_ABOVE", 1000)
    disk = NodeDisk(tmp_path / "n1")
    for number in range(500):
        disk.write("key", b"%d" % number)
        disk.sync()
        disk.flush()
    assert (tmp_path / "n1").stat().st_size < 2000
    assert NodeDisk(tmp_path / "n1").contents == {"key": b"499"}


def test_many_writes_without_a_sync_do_not_stay_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_disk, "WAITING_MOST", 100)
    disk = NodeDisk(tmp_path / "n1")
    disk.write("key", b"0" * 200)
    disk.flush()
    assert NodeDisk(tmp_path / "n1").contents == {"key": b"0" * 200}
