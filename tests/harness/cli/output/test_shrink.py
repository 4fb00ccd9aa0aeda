"""What a shrink prints on a terminal: the story wraps, the plan does not."""

from __future__ import annotations

import io
import os
import shutil

import pytest

from clew.harness.cli.output.shrink import print_shrunk_live
from clew.harness.plan import load, resolve
from clew.harness.shrink.frequency import Rule
from clew.harness.shrink.run_live import ShrunkLive
from clew.harness.shrink.shrink import Tried
from clew.harness.verdict.result import CheckResult, result_of
from clew.harness.verdict.signature import Signature


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_story_of_a_live_shrink_wraps_and_its_plan_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_, **__: os.terminal_size((60, 24)))
    long = "seed: 7  " + "x " * 60
    shrunk = ShrunkLive(
        plan=resolve(load("caspaxos-happy-path")),
        signature=Signature("linearizable"),
        result=result_of(
            {"linearizable": CheckResult("invalid", "why")}, plan="p", seed=7, operations=2, run="store/x"
        ),
        operations=2,
        faults=1,
        failed=4,
        times=5,
        hurried=False,
        rule=Rule(3, 5),
        candidates=12,
        runs=40,
        seconds=100.0,
        tried=Tried.PART,
        interrupted=False,
        text="# " + "many words " * 12 + "\n" + long,
    )
    print_shrunk_live(shrunk, json=False)
    lines = terminal.getvalue().splitlines()
    assert long in lines
    assert max(len(line) for line in lines if line != long) <= 60
    assert sum(line.startswith("# ") for line in lines) == 3
    assert "run: store/x" in lines
