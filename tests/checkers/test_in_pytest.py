"""A test of five lines in a user's own suite: `assert verdict.valid`, and a failure that says what happened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from clew.checkers import Verdict, check
from clew.histories import Event, EventType, History
from clew.histories.codecs import write

FIVE_LINES = """
from pathlib import Path
from clew.checkers import check
from clew.histories import load
def test_my_database():
    assert check(load(Path("history.jsonl")), "register").valid
"""


def history_of(*rows: tuple[int, EventType, str, object]) -> History:
    return History.of(Event(at, at, process, kind, f, None, value) for at, (process, kind, f, value) in enumerate(rows))


STALE = history_of(
    (0, "invoke", "write", 1),
    (0, "ok", "write", 1),
    (0, "invoke", "write", 2),
    (0, "ok", "write", 2),
    (1, "invoke", "read", None),
    (1, "ok", "read", 1),
)


def test_a_failure_in_pytest_is_told_by_the_sentence_and_the_counterexample(tmp_path: Path) -> None:
    with (tmp_path / "history.jsonl").open("wb") as file:
        write(STALE, file)
    (tmp_path / "test_mine.py").write_text(FIVE_LINES)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "<invalid: A read returned 1 after 2 was acknowledged. " in done.stdout
    assert "client 0: write 1; client 0: write 2; client 1: read → 1>" in done.stdout


def test_a_valid_history_passes_and_says_so() -> None:
    verdict = check(history_of((0, "invoke", "write", 1), (0, "ok", "write", 1)), "register")
    assert verdict.valid
    assert verdict.happened is None
    assert repr(verdict) == "<valid: 1 operations of a register>"


def test_a_long_counterexample_is_told_by_its_beginning() -> None:
    rows: list[tuple[int, EventType, str, object]] = []
    for _ in range(20):
        rows += [(0, "invoke", "add", 1), (0, "ok", "add", 1)]
    verdict = check(history_of(*rows, (0, "invoke", "read", None), (0, "ok", "read", 21)), "counter")
    assert not verdict.valid
    assert verdict.happened == "A read returned 21, but only 20 adds of 1 had begun by then."
    assert len(verdict.core) <= 13


def test_an_undecided_history_is_not_valid_and_says_what_ran_out() -> None:
    verdict = Verdict("unknown", "register", "competition", 3, (), why="time")
    assert not verdict.valid
    assert repr(verdict) == "<unknown, out of time: 3 operations of a register>"


def test_the_page_shows_these_lines() -> None:
    page = (Path(__file__).parents[2] / "docs" / "checking.md").read_text().splitlines()
    assert "\n".join(FIVE_LINES.split("\n")[1:-1]) in "\n".join(line for line in page if line)
