"""The names of `clew` itself: all are there, and none costs anything before it is used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import clew

SOURCE = Path(clew.__file__).read_text()


@pytest.mark.parametrize("name", clew.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert name in dir(clew)
    assert getattr(clew, name) is not None


def test_the_version_is_that_of_the_package() -> None:
    assert clew.__version__ == version("clew")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'clew' has no attribute 'cheque'"):
        clew.cheque  # noqa: B018


def test_type_checkers_and_python_see_the_same_names() -> None:
    """The names stand three times in the module; all three are sorted and equal."""
    block = next(node for node in ast.parse(SOURCE).body if isinstance(node, ast.If))
    typed = {
        (alias.asname or alias.name, statement.module, alias.name)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    loaded = {(name, home, clew._NAMED_DIFFERENTLY.get(name, name)) for name, home in clew._HOME.items()}
    assert typed == loaded
    assert clew.__all__ == list(clew._HOME) == sorted(clew._HOME)


def test_importing_clew_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import clew; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, cwd=Path(clew.__file__).parents[1]
    )
    loaded = {name for name in done.stdout.split() if name.startswith("clew") or name in ("typing", "numpy")}
    assert loaded <= {"clew", "typing"}, done.stderr


def test_the_examples_of_the_docstring_run(tmp_path: Path) -> None:
    assert clew.__doc__ is not None
    examples = "\n".join(re.findall(r"^    (.*)$", clew.__doc__, re.MULTILINE))
    history = '{"clew-history":1}\n{"index":0,"time":1,"process":0,"type":"invoke","f":"read"}\n'
    (tmp_path / "history.jsonl").write_text(history)
    code = f"import clew, trio\nfrom pathlib import Path\n{examples}"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "store" / "latest" / "verdict.json").exists()
