"""The examples of docs/examples: each has a mistake that clew finds, and a mode without it that clew finds valid."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clew.harness.store.folder import find_run
from tests.harness.conftest import Clew

EXAMPLES = Path(__file__).parents[4] / "docs" / "examples"
EXAMPLE = [
    ("http-kv", "kvd.yaml", "system.environment.CAS=atomic"),
    ("maelstrom", "kv.yaml", "system.environment="),
]
"""The folder of an example, its plan, and the setting that takes the mistake out."""
SEEDS = 3
"""How many seeds must do to find the mistake. One does, nearly always."""

pytestmark = pytest.mark.usefixtures("namespaces", "node_js")


@pytest.fixture(params=EXAMPLE, ids=lambda example: example[0])
def example(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """A copy of an example: its plan, and the setting of its correct mode."""
    folder, plan, setting = request.param
    shutil.copytree(EXAMPLES / folder, tmp_path, dirs_exist_ok=True)
    return plan, setting


@pytest.mark.parametrize(
    "example",
    [pytest.param(EXAMPLE[0], id="http-kv", marks=pytest.mark.long), pytest.param(EXAMPLE[1], id="maelstrom")],
    indirect=True,
)
def test_clew_run_finds_the_mistake(clew_call: Clew, example: tuple[str, str]) -> None:
    assert any(clew_call("run", example[0], "--seed", str(seed)).returncode == 1 for seed in range(SEEDS))


@pytest.mark.long
def test_clew_hunt_finds_the_mistake(clew: Clew, example: tuple[str, str], tmp_path: Path) -> None:
    done = clew("hunt", example[0], "--seeds", f"0:{SEEDS}", "--jobs", "1")
    assert done.returncode == 1, done.stderr
    assert "linearizable" in done.stdout
    result = find_run(tmp_path / "store" / "latest").read_result()
    assert result is not None
    assert result.verdict == "invalid"


def test_without_the_mistake_the_same_faults_leave_it_valid(clew_call: Clew, example: tuple[str, str]) -> None:
    plan, setting = example
    done = clew_call("run", plan, "--set", setting)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "faults" in done.stdout
