"""The line of a hunt: how many of how many seeds, how fast, and how long it will take."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from clew.harness.cli.output.hunt import HuntLine
from clew.harness.hunt.hunt import Found, Hunt
from clew.harness.verdict.signature import Signature
from tests.harness.cli.terminal import clew_on_terminal
from tests.harness.conftest import PLAN


def said(seeds: int, at: float, total: int | None = 60, limit: float | None = None, failures: int = 0) -> str:
    """The line when so many seeds are tried, `at` seconds after the hunt began."""
    clock = iter((100.0, 100.0 + at))
    line = HuntLine("swarm", total, limit, lambda: next(clock))
    broke = [Found(seed, Signature("linearizable"), None, 0.0) for seed in range(failures)]
    line.watch(Hunt(seeds=seeds, failures=broke, counts={"faults": Counter(crash=seeds)}))
    return line.text()


def test_a_line_says_how_many_of_how_many_how_fast_and_how_long_it_will_take() -> None:
    assert said(41, 4.1) == "swarm  41 of 60 seeds  10.0 a second  about 2 s left  41 faults  0 failures"
    assert said(1, 120.0, failures=1) == "swarm  1 of 60 seeds  0.0 a second  about 2.0 h left  1 fault  1 failure"


def test_before_the_first_seed_has_ended_it_says_what_is_known() -> None:
    assert said(0, 0.3) == "swarm  0 of 60 seeds  0 s"
    assert said(0, 3.0, total=None, limit=600.0) == "swarm  0 seeds  about 10 min left"
    line = HuntLine("swarm", 60, None, lambda: 0.0)
    assert line.text() == "swarm  0 of 60 seeds  0 s"


def test_a_hunt_over_time_says_how_much_is_left_of_it() -> None:
    assert (
        said(10, 20.0, total=None, limit=60.0)
        == "swarm  10 seeds  0.5 a second  about 40 s left  10 faults  0 failures"
    )


def test_the_earlier_end_counts() -> None:
    assert "about 10 s left" in said(30, 50.0, limit=60.0)


def test_a_terminal_shows_the_line_before_the_first_seed_is_tried(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    seen = clew_on_terminal(tmp_path, 100, "hunt", "plan.yaml", "--seeds", "0:9", "--jobs", "1", "--until", "all")
    assert re.search(r"small  0 of 9 seeds  0 s", seen.text)
