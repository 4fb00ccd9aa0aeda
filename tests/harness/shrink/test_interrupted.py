"""A shrink that is interrupted keeps the smallest plan that it has found."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from clew.harness.cli.signals import stop_signals
from clew.harness.plan import Plan, load, loads, resolve
from clew.harness.shrink import Tried, shrink_run
from clew.harness.shrink.smallest import Smallest
from clew.harness.store.folder import RunFolder
from clew.harness.verdict.result import Result
from tests.harness.shrink.runs import ONE_RESTART, broken, recorded_run


def test_the_best_so_far_is_the_smallest_whatever_fails_after_it() -> None:
    whole = resolve(loads(ONE_RESTART, "one-restart.yaml", Path()))
    calm = msgspec.structs.replace(whole, nemesis=())
    told: list[Plan] = []
    best = Smallest(whole, told.append)
    for plan in (calm, whole, calm):
        best.offer(plan)
    assert best.plan == calm
    assert told == [calm]


def test_ctrl_c_keeps_the_best_so_far_and_names_it(tmp_path: Path) -> None:
    # This shrink takes many seconds, but soon finds something smaller.
    recorded_run(tmp_path / "store", resolve(load("caspaxos-dirty-reads")))
    ours, theirs = os.openpty()
    command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()", "shrink", "store/latest"]
    shrinking = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    said = b""
    while b" operations, " not in said:
        # Once the first step is on the terminal, there is something to keep.
        said += os.read(ours, 1000)
    shrinking.send_signal(signal.SIGINT)
    output, _ = shrinking.communicate(timeout=60)
    with suppress(OSError):
        # Reading raises at the end of the terminal.
        while more := os.read(ours, 1000):
            said += more
    os.close(ours)
    assert shrinking.returncode == 1
    steps = re.findall(rb"(\d+) operations?, (\d+) faults?, (\d+) nodes?", said)
    kept = re.search(r"interrupted: shrunk so far to (\d+) operations? and (\d+) faults? on (\d+) nodes?", output)
    assert kept is not None, output
    assert [int(number) for number in kept.groups()] == [int(number) for number in steps[-1]]
    folder = tmp_path / output.split("run: ")[1].strip()
    plan = resolve(load(str(folder / "plan.yaml")))
    assert broken(plan) == "linearizable"
    assert (folder / "verdict.json").exists()
    assert (folder / "plan.yaml").read_text().startswith("# Shrunk from caspaxos-dirty-reads, seed 0, to ")


def test_ctrl_c_while_the_best_is_kept_keeps_it_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = recorded_run(tmp_path / "store", resolve(loads(ONE_RESTART, "one-restart.yaml", Path())))
    interrupts = [signal.SIGINT]
    finish = RunFolder.finish

    def interrupted(folder: RunFolder, result: Result, page: str | None) -> Result:
        for number in interrupts:
            interrupts.remove(number)
            signal.raise_signal(number)
        return finish(folder, result, page)

    monkeypatch.setattr(RunFolder, "finish", interrupted)
    # Nothing smaller is looked for: the run itself is the best so far.
    monkeypatch.setattr(sys.modules["clew.harness.shrink.run"], "shrink", lambda plan, fails: Tried.EVERYTHING)
    with stop_signals():
        shrunk = shrink_run(RunFolder(failing), into=tmp_path / "shrunk")
    assert not interrupts
    assert shrunk.interrupted
    (folder,) = (tmp_path / "shrunk").glob("one-restart*/*")
    assert shrunk.result.run is not None
    assert folder.samefile(shrunk.result.run)
    assert RunFolder(folder).read_result() is not None
