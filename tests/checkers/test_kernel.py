"""Compiled code is kept between processes, and never longer than the source that it came from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import clew
import clew.checkers.kernel
from clew.checkers.kernel import kernel

IMPORT = "from toy.kernel import kernel\n"
INNER = IMPORT + "@kernel\ndef inner():\n    return {}\n"
OUTER = IMPORT + "from toy.inner import inner\n@kernel\ndef outer():\n    return inner()\n"
ASK = "from toy.outer import outer\nprint(outer(), sum(outer.stats.cache_hits.values()))"


@kernel
def doubled(number, times=2):  # type: ignore[no-untyped-def]
    return times * number


@kernel
def doubled_one_and_two():  # type: ignore[no-untyped-def]
    return doubled(1) + doubled(2)


COMPILING = (
    "clew: compiling the search that this history needs, once after an install; the budget does not count these seconds"
)


def test_a_kernel_is_compiled_again_when_what_it_calls_in_another_file_changes(tmp_path: Path) -> None:
    package = tmp_path / "toy"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(clew.checkers.kernel.__file__, package)
    (package / "outer.py").write_text(OUTER)

    def ask() -> str:
        return subprocess.run([sys.executable, "-c", ASK], cwd=tmp_path, capture_output=True, text=True).stdout.strip()

    (package / "inner.py").write_text(INNER.format(1))
    assert ask() == "1 0"
    (package / "inner.py").write_text(INNER.format(2))
    assert ask() == "2 0"


def test_code_kept_for_a_class_that_has_moved_is_compiled_again(tmp_path: Path) -> None:
    package = tmp_path / "toy"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(clew.checkers.kernel.__file__, package)
    ask = "from toy.outer import Pair, outer\nprint(outer(Pair(7)), sum(outer.stats.cache_hits.values()))"

    def move(where: str) -> None:
        (package / f"{where}.py").write_text("from typing import NamedTuple\nclass Pair(NamedTuple):\n    one: int\n")
        (package / "outer.py").write_text(
            f"{IMPORT}from toy.{where} import Pair\n@kernel\ndef outer(pair):\n    return pair.one\n"
        )

    def asked() -> str:
        return subprocess.run([sys.executable, "-c", ask], cwd=tmp_path, capture_output=True, text=True).stdout.strip()

    move("here")
    assert asked() == "7 0"
    move("there")
    (package / "here.py").unlink()
    assert [asked(), asked()] == ["7 0", "7 1"]


def test_what_kernels_call_is_compiled_once_for_all_numbers_and_not_for_python() -> None:
    # Imported here, because not every worker needs it.
    from numba import types

    inner = doubled._numba_type_.dispatcher
    for number in (1, 2):
        inner.get_call_template((types.literal(number),), {})
    (compiled,) = inner.overloads.values()
    assert not compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cpython_wrapper_name)
    # Python calls code of its own.
    assert (doubled(3), doubled_one_and_two()) == (6, 6)


def read_only_install(folder: Path) -> Path:
    """A copy of clew that its user cannot write."""
    shutil.copytree(Path(clew.__file__).parent, folder / "clew", ignore=shutil.ignore_patterns("__pycache__"))
    for path in sorted(folder.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return folder


def as_anybody(command: list[str]) -> list[str]:
    """The command, without the right of root to write what is not writable."""
    if os.geteuid():
        return command
    if shutil.which("setpriv") is None:
        pytest.skip("root may write everything, and there is no setpriv")
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--", *command]


@pytest.mark.long
@pytest.mark.parametrize("temporary", [True, False], ids=["in TMPDIR", "nowhere"])
def test_a_read_only_install_and_an_unwritable_home_cost_no_verdict_and_are_said_once(
    tmp_path: Path, temporary: bool
) -> None:
    install = read_only_install(tmp_path / "install")
    home, place = tmp_path / "home", tmp_path / "temporary"
    for folder in (home, place):
        folder.mkdir()
    history = tmp_path / "history.jsonl"
    history.write_text(
        '{"clew-history":1,"model":"counter"}\n{"index":0,"time":1,"process":0,"type":"invoke","f":"read"}\n'
        '{"index":1,"time":2,"process":0,"type":"ok","f":"read","value":0}\n'
    )
    home.chmod(0o555)
    if not temporary:
        # Python finds another folder for temporary files if the one it is told of cannot be written. So a file is in
        # the way.
        (place / f"clew-compiled-{os.geteuid()}").touch()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(install), "TMPDIR": str(place)}
    script = "from clew.harness.cli.app import main; main()"
    command = [sys.executable, "-P", "-c", script, "check", str(history), "--engine", "linear"]
    said = []
    for _ in range(2 if temporary else 1):
        done = subprocess.run(as_anybody(command), env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("VALID")
        said.append(done.stderr)
    if temporary:
        kept, compiling = said[0].splitlines()
        assert kept.startswith(f"clew: compiled code is kept in {place}/clew-compiled-")
        assert compiling == COMPILING
        assert said[1] == ""
        assert list(place.rglob("*.nbi"))
    else:
        not_kept, compiling = said[0].splitlines()
        assert not_kept.startswith("clew: compiled code cannot be kept")
        assert compiling == COMPILING
    for path in (install, *install.rglob("*")):
        path.chmod(0o755)


@pytest.mark.parametrize(
    "temporary",
    [pytest.param(True, id="in TMPDIR"), pytest.param(False, id="nowhere", marks=pytest.mark.long)],
)
def test_compiled_code_of_a_read_only_install_is_kept_elsewhere_or_nowhere_and_that_is_said_once(
    tmp_path: Path, temporary: bool
) -> None:
    """The smallest kernel is enough to see it: those of a check take ten seconds to compile."""
    install, home, place = read_only_install(tmp_path / "install"), tmp_path / "home", tmp_path / "temporary"
    for folder in (home, place):
        folder.mkdir()
    home.chmod(0o555)
    if not temporary:
        (place / f"clew-compiled-{os.geteuid()}").touch()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(install), "TMPDIR": str(place)}
    script = "import clew.checkers.kernel as k, numpy as np\na = np.zeros(3)\nk.copy(np.ones(3), a)\nprint(a.sum())"
    command = as_anybody([sys.executable, "-P", "-c", script])
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "3.0\n", done.stderr
    where = f"is kept in {place}/clew-compiled-" if temporary else "cannot be kept: "
    assert done.stderr.startswith(f"clew: compiled code {where}")
    assert done.stderr.splitlines()[1:] == [COMPILING]
    assert bool(list(place.rglob("*.nbi"))) == temporary
    for path in (install, *install.rglob("*")):
        path.chmod(0o755)


def test_that_a_kernel_is_compiled_is_said_once_and_not_if_it_was_kept(tmp_path: Path) -> None:
    script = (
        "from clew.checkers.kernel import copy\nimport numpy as np\n"
        "for kind in (np.int8, np.int16):\n copy(np.ones(3, kind), np.zeros(3, kind))"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for said in (f"{COMPILING}\n", ""):
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, said)


def test_a_disk_that_is_full_costs_the_kept_code_and_not_the_verdict(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "from clew.checkers.kernel import kernel\n"
        "import clew.checkers.kernel as k\nimport numpy as np\n"
        "a = np.zeros(3)\nk.copy(np.ones(3), a)\nprint(a.sum())"
    )
    # Python would leave half of a module that it compiles, and every later process would fail.
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "3.0\n", done.stderr


def test_kernels_are_compiled_before_pytest_is_installed() -> None:
    """`.ci/run` compiles them while pip installs what tests need."""
    script = "import sys; sys.modules['pytest'] = None; import tests.checkers.compile"
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", script], cwd=root, check=True, timeout=60)
