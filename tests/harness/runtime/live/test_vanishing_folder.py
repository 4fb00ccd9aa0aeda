"""A folder that is gone when the block ends, or the process does."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from clew.harness.runtime.live.vanishing_folder import vanishing_folder

PATIENCE = 20
"""Seconds until a folder counts as left for ever."""


def until_empty(home: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while left := list(home.iterdir()):
        assert time.monotonic() < deadline, left
        time.sleep(0.005)


def test_it_is_there_during_the_block_and_gone_after_it(tmp_path: Path) -> None:
    with vanishing_folder(tmp_path, "it-") as folder:
        assert folder.parent == tmp_path
        assert folder.name.startswith("it-")
        (folder / "data").mkdir()
        (folder / "data" / "file").write_text("something")
    until_empty(tmp_path)


def test_a_process_that_is_killed_leaves_none(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        with vanishing_folder(tmp_path, "it-") as folder:
            (folder / "data").mkdir()
            os.write(writing, b"!")
            # It writes until it is killed, and what it writes must not keep the folder.
            for number in range(1 << 30):
                (folder / "data" / str(number)).write_text("something")
    os.read(reading, 1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    until_empty(tmp_path)


def test_a_process_that_is_killed_at_any_moment_leaves_none(tmp_path: Path) -> None:
    for kill in range(20):
        pid = os.fork()
        if pid == 0:
            while True:
                with vanishing_folder(tmp_path, "it-"):
                    pass
        time.sleep(0.0007 * kill)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        until_empty(tmp_path)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), vanishing_folder(tmp_path / "nowhere", "it-"):
        pass
