"""What `pip install clew` gives to a user: one package, `clew`, that works beside packages of the user's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("histories", "checkers", "nemesis", "systems", "harness")
OWN = ("harness", "checkers", "systems", "histories", "nemesis")
"""Packages of the user's, in their repository, with the names of our folders."""

PLAN = """\
name: small
system: {name: ./register.py, nodes: 3}
workload: {kind: cas-register, clients: 2, operations: 20, timeout: 1s}
network: {latency: {exponential: 5ms}}
"""

SYSTEM = """\
from dataclasses import replace

from clew.systems import find_system
from harness import MINE

assert MINE == "harness of the user"
system = replace(find_system("caspaxos"), name="register")
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


def _run(folder: Path, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | variables
    done = subprocess.run(
        [*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def _not_of_the_repository(folder: str, names: list[str]) -> set[str]:
    left_out = {name for name in names if name.startswith(".") or name.endswith((".egg-info", "__pycache__"))}
    return left_out | ({"store", "build", "dist"} if folder == str(ROOT) else set())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from the source distribution, as an index would have both; the checkout is left alone."""
    folder = tmp_path_factory.mktemp("wheel")
    checkout = folder / "clew"
    shutil.copytree(ROOT, checkout, symlinks=True, ignore=_not_of_the_repository)
    backend = "from setuptools import build_meta; print(build_meta.build_{}({!r}))"
    _run(checkout, sys.executable, "-c", backend.format("sdist", str(folder)))
    (source,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(source, folder, filter="data")
    _run(folder / source.name.removesuffix(".tar.gz"), sys.executable, "-c", backend.format("wheel", str(folder)))
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a clean environment with the wheel. Its dependencies are those of this environment."""
    environment = tmp_path_factory.mktemp("environment")
    _run(environment, sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    _run(
        environment, sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index", "--no-deps", wheel
    )
    (packages,) = environment.glob("lib/python*/site-packages")
    # A folder that a .pth file adds is searched last, and its own .pth files, such as that of an editable clew, are
    # not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A user's repository, with packages whose names are those of our folders."""
    for name in OWN:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"MINE = '{name} of the user'\n")
    (tmp_path / "small.yaml").write_text(PLAN)
    (tmp_path / "register.py").write_text(SYSTEM)
    return tmp_path


def test_the_wheel_has_one_package_with_all_its_files_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {PurePosixPath(name) for name in archive.namelist()}
    assert {path.parts[0] for path in held if not path.parts[0].endswith(".dist-info")} == {"clew"}
    there = {
        PurePosixPath("clew", path.relative_to(ROOT).as_posix())
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".nbi", ".nbc")
    }
    assert {path for path in held if path.parts[0] == "clew"} == {
        *there,
        PurePosixPath("clew/__init__.py"),
        PurePosixPath("clew/py.typed"),
    }
    assert {path.suffix for path in there} >= {".py", ".yaml", ".css", ".html", ".js"}


@pytest.mark.parametrize("nodes", ["inline", "process"])
def test_a_run_works_beside_packages_of_the_user_with_our_names(installed: Path, repository: Path, nodes: str) -> None:
    """The user's own system imports the user's `harness`, in the command and in the processes of its nodes."""
    ran = _run(repository, installed / "clew", "run", "small.yaml", "--nodes", nodes, PYTHONPATH=".")
    assert ran.stdout.startswith("VALID  small, seed 0\n")
    assert (repository / "store" / "latest" / "report.html").stat().st_size > 100_000


def test_the_command_starts_in_a_folder_with_packages_of_our_names(installed: Path, repository: Path) -> None:
    assert "caspaxos-happy-path" in _run(repository, installed / "clew", "plans").stdout


def test_python_finds_both_the_users_packages_and_ours(installed: Path, repository: Path) -> None:
    code = """
import checkers, harness, systems
import clew, clew.harness.testing

for mine in (checkers, harness, systems):
    assert mine.MINE == f"{mine.__name__} of the user"
for name in clew.__all__:
    getattr(clew, name)
print(clew.__file__, clew.__version__)
"""
    done = _run(repository, installed / "python", "-c", code)
    assert done.stdout.startswith(str(installed.parent))


def test_a_package_of_the_user_can_offer_a_system(installed: Path, repository: Path) -> None:
    """By an entry point, as installed packages do."""
    (repository / "systems" / "register.py").write_text(SYSTEM)
    metadata = repository / "mine-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[clew.systems]\nmine = systems.register:system\n")
    (repository / "small.yaml").write_text(PLAN.replace("./register.py", "mine"))
    ran = _run(repository, installed / "clew", "run", "small.yaml", PYTHONPATH=".")
    assert ran.stdout.startswith("VALID  small, seed 0\n")
