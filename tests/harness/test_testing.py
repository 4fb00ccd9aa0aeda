"""The page on testing, followed to the letter: a user's system, plan and test."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness import testing
from harness.plan import load, resolve
from harness.testing import Broken, assert_holds

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder with the three files of the page."""
    system, test = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (plan,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "register.py").write_text(system)
    (tmp_path / "register.yaml").write_text(plan)
    (tmp_path / "test_register.py").write_text(test)
    return tmp_path


def pytest_in(suite: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=1"]
    return subprocess.run(command, cwd=suite, capture_output=True, text=True, check=False, timeout=120)


def test_the_test_of_the_page_fails_and_prints_a_plan_that_runs(suite: Path) -> None:
    done = pytest_in(suite)
    assert done.returncode == 1, done.stdout
    assert "# Shrunk from register, seed " in done.stdout
    assert "crash n1" in done.stdout
    assert (suite / ".hypothesis").exists(), "Hypothesis keeps the failing seed"


def test_a_register_that_syncs_passes_it(suite: Path) -> None:
    register = suite / "register.py"
    register.write_text(register.read_text().replace('ctx.set_timer("sync", 20_000_000)', "ctx.disk.sync()"))
    done = pytest_in(suite)
    assert done.returncode == 0, done.stdout


def test_an_assertion_shrinks_only_when_it_is_printed() -> None:
    plan = resolve(load("caspaxos-highest-version"))
    with pytest.raises(Broken) as caught:
        assert_holds(plan)
    assert not testing._known
    assert "# Shrunk from caspaxos-highest-version, seed 2" in str(caught.value)
    assert_holds(resolve(load("caspaxos-highest-version"), 2, ["system.variant=none"]))
