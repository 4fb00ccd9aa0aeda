"""Who may know whom, held by reading every import there is."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("histories", "checkers", "nemesis", "systems", "harness")
KNOWS = {
    "histories": set(),
    "checkers": {"histories"},
    "nemesis": {"histories"},
    "systems": {"histories"},
    "harness": {"histories", "checkers", "nemesis", "systems"},
}


def imported(path: Path) -> set[str]:
    """The top-level names that a file imports, wherever in it the import stands."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a name comes from"
            assert node.module is not None
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_knows_only_those_below_it(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        strangers = (imported(path) & set(PACKAGES)) - KNOWS[package] - {package}
        assert not strangers, f"{path.relative_to(ROOT)} imports {sorted(strangers)}"


def test_there_is_no_other_code_folder_at_the_top() -> None:
    tracked = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    folders = {line.split("/")[0] for line in tracked.stdout.split() if "/" in line}
    assert folders <= {*PACKAGES, "tests", "docs"}


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        (
            "import clew.harness.cli.app; clew.harness.cli.app.app(['--help'], standalone_mode=False)",
            {"numba", "numpy", "trio", "yaml"},
        ),
        ("import clew.systems.stdio, clew.systems.caspaxos", {"numba", "numpy", "trio", "yaml"}),
        ("import checkers", {"numba"}),
        ("import clew.harness.run", {"numba"}),
        ("import clew.harness.check, clew.harness.cli.console", {"numba", "trio"}),
    ],
)
def test_what_starts_often_imports_little(statement: str, forbidden: set[str]) -> None:
    code = f"{statement}; import sys; print('LOADED', *sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/").stdout
    loaded = set(output.split("LOADED", 1)[1].split())
    assert not loaded & forbidden
