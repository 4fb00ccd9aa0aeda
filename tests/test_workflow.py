"""The workflow of `docs/testing.md` is one that GitHub takes, and runs commands that clew has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
import yaml

from clew.harness.cli.app import app
from tests.readme import NAMED, ROOT

WORKFLOW = dict(NAMED.findall((ROOT / "docs" / "testing.md").read_text()))["hunt.yml"]


def test_a_linter_of_workflows_finds_nothing(tmp_path: Path) -> None:
    """zizmor is in the extra `dev`. It knows the schema of workflows, and what in them is a risk."""
    beside = Path(sys.executable).parent / "zizmor"
    linter = str(beside) if beside.exists() else shutil.which("zizmor")
    if linter is None:
        pytest.skip("zizmor, a linter of workflows, is not installed: pip install -e '.[dev]'")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "hunt.yml").write_text(WORKFLOW)
    command = [linter, "--offline", "--strict-collection", "--persona", "pedantic", "--no-progress", "hunt.yml"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "hunt.yml").write_text(WORKFLOW.replace("    steps:", "    stepz:"))
    assert subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode != 0, "it checks nothing"


def test_its_commands_and_options_exist() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    steps = yaml.safe_load(WORKFLOW)["jobs"]["hunt"]["steps"]
    said = [line for step in steps for line in re.findall(r"clew [^|\n]*", step.get("run", ""))]
    assert len(said) == 2
    for line in said:
        _, command, *words = line.split()
        options = {option for parameter in commands[command].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options


def test_it_keeps_the_pages_whatever_happens() -> None:
    *_, last = yaml.safe_load(WORKFLOW)["jobs"]["hunt"]["steps"]
    assert last["if"] == "always()"
    assert last["uses"].startswith("actions/upload-artifact@")
