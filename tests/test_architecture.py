"""Who may know whom, held by reading every import there is."""

from __future__ import annotations

import ast
import functools
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
GROUND = {"errors", "exit_codes", "exception_groups", "quantity", "worker"}
"""The files of harness that every room may import. They import none."""
ROOMS = {
    "plan": set(),
    "runtime": {"plan"},
    "verdict": {"plan", "runtime"},
    "store": {"plan", "verdict"},
    "view": {"plan", "verdict", "store"},
    "check": {"plan", "verdict", "store"},
    "run": {"plan", "runtime", "verdict", "store", "view"},
    "replay": {"runtime", "verdict", "store", "run"},
    "repeat": {"plan", "runtime", "verdict", "store", "run"},
    "hunt": {"plan", "runtime", "verdict", "store", "run"},
    "shrink": {"plan", "runtime", "verdict", "store", "run"},
    "testing": {"plan", "verdict", "run", "shrink"},
    "bench": {"plan", "runtime", "verdict", "store", "run", "hunt", "shrink"},
    "cli": {"plan", "runtime", "verdict", "store", "view", "check", "run", "replay", "repeat", "hunt", "shrink"}
    | {"bench"},
}
"""The rooms of harness, from the ground up, and the rooms that each may import. All of these lie below it.

A room is a folder, or one of the files at the root of harness.
"""


@functools.cache
def imported(path: Path) -> frozenset[str]:
    """The modules that a file imports, by their full names, wherever in it the import stands."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a name comes from"
            assert node.module is not None
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def packages(path: Path) -> set[str]:
    """The packages of clew that a file imports."""
    return {name.split(".")[1] for name in imported(path) if name.startswith("clew.")}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_knows_only_those_below_it(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        strangers = (packages(path) & set(PACKAGES)) - KNOWS[package] - {package}
        assert not strangers, f"{path.relative_to(ROOT)} imports {sorted(strangers)}"


def room(module: str) -> str:
    """The room of harness that a module is in."""
    return module.split(".")[2]


def test_the_rooms_of_harness_are_these_and_no_arrow_runs_up() -> None:
    there = {path.stem for path in (ROOT / "harness").iterdir() if path.suffix == ".py" or any(path.glob("*.py"))}
    assert there - {"__init__"} == {*GROUND, *ROOMS}
    below: set[str] = set()
    for name, known in ROOMS.items():
        assert known <= below, f"{name} stands below {sorted(known - below)}"
        below.add(name)


@pytest.mark.parametrize("name", [*sorted(GROUND), *ROOMS])
def test_a_room_of_harness_knows_only_those_that_it_may_know(name: str) -> None:
    folder = ROOT / "harness" / name
    for path in folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]:
        rooms = {room(module) for module in imported(path) if module.startswith("clew.harness.")}
        strangers = rooms - ROOMS.get(name, set()) - {name} - (GROUND if name in ROOMS else set())
        assert not strangers, f"{path.relative_to(ROOT)} imports {sorted(strangers)}"


def test_the_packages_are_imported_by_their_full_names() -> None:
    """`import harness` would work in this checkout, and be somebody else's package elsewhere."""
    for package in (*PACKAGES, "tests"):
        for path in (ROOT / package).rglob("*.py"):
            short = {name for name in imported(path) if name.split(".")[0] in PACKAGES}
            assert not short, f"{path.relative_to(ROOT)} imports {sorted(short)}"


def test_only_the_runtime_knows_the_simulation() -> None:
    simulation = "clew.harness.runtime.simulation"
    for path in (ROOT / "harness").rglob("*.py"):
        if (ROOT / "harness" / "runtime") not in path.parents:
            strangers = {name for name in imported(path) if name.startswith(simulation)}
            assert not strangers, f"{path.relative_to(ROOT)} imports {sorted(strangers)}"


def test_there_is_no_other_code_folder_at_the_top() -> None:
    tracked = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    folders = {line.split("/")[0] for line in tracked.stdout.split() if "/" in line}
    assert folders <= {*PACKAGES, "src", "tests", "docs"}


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        (
            "import clew.harness.cli.app; clew.harness.cli.app.app(['--help'], standalone_mode=False)",
            {"numba", "numpy", "trio", "yaml"},
        ),
        ("import clew.systems.fork_server, clew.systems.caspaxos", {"numba", "numpy", "trio", "yaml"}),
        (
            "import clew.harness.runtime.live.world.world_process",
            {"json", "msgspec", "numpy", "subprocess", "trio", "yaml"},
        ),
        ("import clew.harness.runtime.live.protocols.host_server", {"numba", "numpy", "trio"}),
        ("import clew.harness.runtime.live.packets.switch_process", {"numba", "numpy", "trio"}),
        ("import clew", {"numba", "numpy", "trio", "yaml"}),
        ("import clew.checkers.competition, clew.checkers.evidence.counterexample", {"numba"}),
        ("import clew.harness.run", {"numba"}),
        (
            "import clew.harness.check, clew.harness.cli.output.result",
            {"numba", "trio", "yaml", "clew.harness.plan", "clew.systems", "rich", "http"}
            | {"hashlib", "logging", "multiprocessing", "numpy.ma", "numpy.random", "tempfile"},
        ),
        ("import clew.harness.plan, clew.systems.etcd", {"http", "trio"}),
    ],
)
def test_what_starts_often_imports_little(statement: str, forbidden: set[str]) -> None:
    code = f"{statement}; import sys; print('LOADED', *sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/").stdout
    loaded = set(output.split("LOADED", 1)[1].split())
    assert not loaded & forbidden
