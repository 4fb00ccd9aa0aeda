"""What cannot be shrunk is refused in one line, and nothing is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from clew.harness.errors import UserError
from clew.harness.plan import loads, resolve
from clew.harness.shrink.run import reproduced
from clew.harness.verdict.signature import Signature
from tests.harness.conftest import PLAN, Clew, clew_called_in
from tests.harness.echo import put


def test_a_run_that_does_not_fail_is_refused_with_the_counts_and_nothing_is_written(recorded: Path) -> None:
    before = sorted(recorded.parents[2].rglob("*"))
    done = clew_called_in(recorded.parents[2])("shrink", recorded, "--store", "shrunk")
    assert done.returncode == 254
    assert "fails 0 times out of 3" in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(recorded.parents[2].rglob("*")) == before


@pytest.mark.parametrize(("failing", "said"), [(1, "fails 1 time out of 3"), (2, "fails 2 times out of 3")])
def test_a_run_that_fails_now_and_then_is_refused_with_the_counts_and_nothing_is_written(
    clew: Clew, tmp_path: Path, failing: int, said: str
) -> None:
    # The system counts its runs in a process.
    plan = put(
        tmp_path,
        breaks="Node.runs, self.known = getattr(Node, 'runs', 0) + (not hasattr(self, 'known')), True",
        answer=f"4711 if Node.runs <= {failing} else self.value",
    )
    assert clew("run", plan, "--nodes", "inline").returncode == 1
    before = sorted(tmp_path.rglob("*"))
    # In this process it has not run yet.
    done = clew_called_in(tmp_path)("shrink", "store/latest")
    assert done.returncode == 254
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_that_fails_in_another_way_each_time_is_refused_with_the_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["clew.harness.shrink.run"]
    ways = iter(["linearizable", "liveness", "linearizable"])
    monkeypatch.setattr(module, "signature", lambda *_: Signature(next(ways)))
    plan = resolve(loads(PLAN, "small.yaml", Path()))
    with pytest.raises(UserError, match=r"fails in another way each time \(linearizable; liveness\)"):
        reproduced(plan)


def test_a_store_that_cannot_be_written_is_one_line(failing: Path, tmp_path: Path) -> None:
    clew = clew_called_in(tmp_path)
    (tmp_path / "file").write_text("")
    done = clew("shrink", failing, "--store", "file")
    assert done.returncode == 254
    assert done.stderr == "clew: --store file: no runs can be kept there: Not a directory\n"
    # This is found before the run is tried.
    done = clew("shrink", failing, "--store", "/proc/x")
    assert done.returncode == 254
    assert done.stderr == "clew: --store /proc/x: no runs can be kept there: No such file or directory\n"
