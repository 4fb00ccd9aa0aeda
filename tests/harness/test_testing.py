"""The system, the plan and the test of docs/testing.md do what the page says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis.database import ExampleDatabase, InMemoryExampleDatabase

from clew.harness import testing
from clew.harness.plan import Plan, dump, load, resolve
from clew.harness.testing import Broken, assert_holds, plans
from tests.harness.conftest import clew_called_in
from tests.harness.echo import put

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder with the three files of the page."""
    system, test = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    plan, _workflow = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "register.py").write_text(system)
    (tmp_path / "register.yaml").write_text(plan)
    (tmp_path / "test_register.py").write_text(test)
    return tmp_path


def pytest_in(suite: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=1"]
    return subprocess.run(command, cwd=suite, capture_output=True, text=True, check=False, timeout=120)


def test_the_test_of_the_page_fails_and_prints_a_plan_that_fails_the_same_way(suite: Path, tmp_path: Path) -> None:
    done = pytest_in(suite)
    assert done.returncode == 1, done.stdout
    printed = [line.removeprefix("E").strip("\n") for line in done.stdout.splitlines() if line.startswith("E")]
    (first,) = (i for i, line in enumerate(printed) if "# Shrunk from register, seed " in line)
    indent = len(printed[first]) - len(printed[first].lstrip())
    text = "".join(f"{line[indent:]}\n" for line in printed[first:]).partition("\n\n")[0] + "\n"
    assert "crash n1" in text
    assert "clew run ./plan.yaml" in text
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "plan.yaml").write_text(text)
    clew, run = clew_called_in(elsewhere), ("run", "./plan.yaml", "--nodes", "inline", "--json")
    again = clew(*run)
    assert again.returncode == 1, again.stderr
    why = json.loads(again.stdout)["checks"]["linearizable"]["why"]
    assert why
    words = " ".join(line.removeprefix("#") for line in text.splitlines() if line.startswith("#"))
    assert f"What breaks: linearizable. {' '.join(why.split())}" in " ".join(words.split())
    # It also works where the system is in another place.
    (suite / "register.py").rename(elsewhere / "moved.py")
    moved = clew(*run, "--set", "system.name=moved.py")
    assert json.loads(moved.stdout)["checks"]["linearizable"]["why"] == why


def seeds_tried(plan: Path, most: int, first: int | None = None, database: ExampleDatabase | None = None) -> list[int]:
    """The seeds that a test of this plan tries: `most` examples, with the seed `first` of Hypothesis."""
    tried = []

    @settings(max_examples=most, deadline=None, database=database, print_blob=False)
    @given(plan=plans(plan))
    def a_test(plan: Plan) -> None:
        tried.append(plan.seed)
        if plan.seed >= 1000:
            assert_holds(plan)

    with suppress(Broken):
        (a_test if first is None else seed(first)(a_test))()
    return tried


def test_the_failing_seed_is_tried_first_the_next_time_for_it_is_in_the_database_of_hypothesis(tmp_path: Path) -> None:
    plan, database = put(tmp_path, answer="4711"), InMemoryExampleDatabase()
    once = seeds_tried(plan, 50, database=database)
    again = seeds_tried(plan, 50, database=database)
    assert once[0] != again[0] >= 1000
    assert again[0] == once[-1], "the simplest that fails, tried once more before it is told"


def test_settings_and_seed_of_hypothesis_are_honoured(tmp_path: Path) -> None:
    plan = put(tmp_path)
    assert len(seeds_tried(plan, 3)) == 3
    once, again, other = (seeds_tried(plan, 12, first) for first in (1, 1, 2))
    assert len(set(once)) == 12
    assert once == again != other


def test_a_register_that_syncs_passes_it(suite: Path) -> None:
    register = suite / "register.py"
    register.write_text(register.read_text().replace('ctx.set_timer("sync", 20_000_000)', "ctx.disk.sync()"))
    done = pytest_in(suite)
    assert done.returncode == 0, done.stdout


def test_an_assertion_shrinks_only_when_it_is_printed(tmp_path: Path) -> None:
    plan = resolve(load(str(put(tmp_path, answer="4711"))))
    with pytest.raises(Broken) as caught:
        assert_holds(plan)
    assert dump(plan) not in testing._smallest
    assert f"# Shrunk from echo, seed {plan.seed}" in str(caught.value)
    assert dump(plan) in testing._smallest
    right = tmp_path / "right"
    right.mkdir()
    assert_holds(resolve(load(str(put(right)))))
