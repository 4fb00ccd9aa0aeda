"""The logs of a live run keep what processes print, up to a bound, and hold nobody up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import trio

from clew.harness.runtime.live import logs as module
from clew.harness.runtime.live.logs import open_logs


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs of 100 bytes, with the last 20 kept in any case."""
    monkeypatch.setattr(module, "LARGEST", 100)
    monkeypatch.setattr(module, "TAIL", 20)


def test_each_life_is_appended_below_a_line_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "nodes" / "n1.log"
    with open_logs() as logs:
        for life, said in ((None, b"first"), ("2, 3.201 s", b"second\n"), ("3, 5 s", b"third\n")):
            with logs.writer("n1", log, life) as out:
                os.write(out, said)
            trio.run(logs.last_words, "n1")
    assert log.read_text() == "first\n--- life 2, 3.201 s\nsecond\n--- life 3, 5 s\nthird\n"


def test_the_last_words_are_the_last_lines_of_the_last_life(tmp_path: Path) -> None:
    with open_logs() as logs:
        for said in ("an old life\n", "".join(f"line {i}\n" for i in range(100))):
            with logs.writer("n1", tmp_path / "log") as out:
                os.write(out, said.encode())
        words = trio.run(logs.last_words, "n1")
    assert words == "\n".join(f"line {i}" for i in range(80, 100))


def test_nobody_has_no_last_words(tmp_path: Path) -> None:
    with open_logs() as logs:
        assert trio.run(logs.last_words, "n1") == ""


@pytest.mark.usefixtures("small")
def test_a_full_log_leaves_out_the_middle_and_says_how_much(tmp_path: Path) -> None:
    with open_logs() as logs:
        with logs.writer("n1", tmp_path / "log") as out:
            for _ in range(1000):
                os.write(out, b"nine char\n")
            os.write(out, b"the reason\n")
        assert trio.run(logs.last_words, "n1").endswith("the reason")
    assert (tmp_path / "log").read_text() == (
        "nine char\n" * 10 + f"--- {10_011 - 100 - 20} bytes are left out here: the log is full\nine char\nthe reason\n"
    )


def test_two_processes_can_share_a_log(tmp_path: Path) -> None:
    with open_logs() as logs:
        for name in ("c0", "c1"):
            with logs.writer(name, tmp_path / "log") as out:
                os.write(out, f"I am {name}\n".encode())
            assert trio.run(logs.last_words, name) == f"I am {name}"
    assert (tmp_path / "log").read_text() == "I am c0\nI am c1\n"


def test_what_is_printed_last_is_in_the_log_although_the_writer_still_runs(tmp_path: Path) -> None:
    with open_logs() as logs, logs.writer("n1", tmp_path / "log") as out:
        kept = os.dup(out)
        os.write(kept, b"not over yet\n")
    assert (tmp_path / "log").read_text() == "not over yet\n"
    with pytest.raises(BrokenPipeError):
        os.write(kept, b"too late\n")
    os.close(kept)
