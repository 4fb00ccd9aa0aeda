"""The folder with the data of a live run: where it is, and what is kept of it."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from clew.harness.runtime.live import data_folder as module
from clew.harness.runtime.live.data_folder import data_folder, keep


@pytest.mark.parametrize(("room", "home"), [(0, "memory"), (1 << 62, "temporary")])
def test_the_data_is_in_memory_only_where_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, home: str
) -> None:
    for name in ("memory", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(module, "MEMORY", tmp_path / "memory")
    monkeypatch.setattr(module, "ROOM", room)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with data_folder() as folder:
        assert folder.parent == tmp_path / home
    assert not folder.exists()


def test_what_is_no_file_is_left_out_of_what_is_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "n1").mkdir(parents=True)
    (data / "n1" / "log").write_text("kept")
    (data / "n1" / "link").symlink_to("nowhere")
    os.mkfifo(data / "n1" / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(data / "n1" / "socket"))
        keep(data, tmp_path / "kept")
    assert sorted(path.name for path in (tmp_path / "kept" / "n1").iterdir()) == ["link", "log"]
