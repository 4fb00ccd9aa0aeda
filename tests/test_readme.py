"""Every command of the pages does what the page says."""

from __future__ import annotations

import functools
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from clew.checkers.models import find_model, names
from clew.harness.cli.app import app
from clew.harness.plan import loads, resolve
from clew.harness.plan.source import SHIPPED
from tests import readme

TEXT = {page.name: page.read_text() for page in readme.ALL_PAGES}
MAKEFILE = (readme.ROOT / "Makefile").read_text()
PROGRAM = r"(?:clew|make|python -m tests\.[\w.]+)"


NEEDS = {"your-own-system.md": ("namespaces", "node_js")}
"""What the commands of a page need of the machine: fixtures that skip where it is missing."""


@functools.cache
def group() -> Any:
    """The commands of clew. typer makes them anew each time that it is asked."""
    return typer.main.get_command(app)


def shown_commands(text: str) -> set[str]:
    """The commands of a page: in fenced blocks, in indented ones, and quoted in a sentence."""
    fenced = "".join(block for kind, block in readme.BLOCK.findall(text) if kind in ("sh", "console"))
    whole = [
        *re.findall(rf"^(?:\$ )?({PROGRAM} .*)$", fenced, re.MULTILINE),
        *re.findall(rf"^ {{4}}({PROGRAM} .*)$", readme.BLOCK.sub("", text), re.MULTILINE),
        *re.findall(rf"`({PROGRAM}(?: [^`]+)?)`", readme.BLOCK.sub("", text)),
    ]
    # What stands behind a command, after two spaces or a hash, describes it.
    return {re.split(r" {2,}|\s#", command)[0].strip() for command in whole}


COMMANDS = sorted((name, command) for name, text in TEXT.items() for command in shown_commands(text))


@pytest.mark.parametrize("page", readme.PAGES, ids=lambda page: page.name)
def test_the_commands_print_what_the_page_shows(tmp_path: Path, page: Path, request: pytest.FixtureRequest) -> None:
    for needed in NEEDS.get(page.name, ()):
        request.getfixturevalue(needed)
    readme.prepare(tmp_path, page)
    for block in readme.blocks("console", page):
        assert readme.execute(block, tmp_path) == block, "python -m tests.readme --write writes it anew"


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_every_command_that_a_page_shows_exists(page: str, command: str) -> None:
    """Its options too: whatever is not run is understood at least."""
    program, *words = shlex.split(command)
    if program == "make":
        assert all(re.search(rf"^{word}:", MAKEFILE, re.MULTILINE) for word in words if re.fullmatch(r"\w+", word))
    elif program == "python":
        assert importlib.util.find_spec(words[1]) is not None
    elif words and words[0] != "--help":
        found = group()
        while hasattr(found, "commands") and words:
            found = found.commands[words.pop(0)]
        options = {option for parameter in found.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options


def test_an_output_that_is_left_out_in_the_middle_keeps_its_first_and_last_lines(tmp_path: Path) -> None:
    (tmp_path / "five.txt").write_text("1\n2\n3\n4\n5\n")
    assert readme.execute("$ cat five.txt\n1\n...\n4\n5\n", tmp_path) == "$ cat five.txt\n1\n...\n4\n5\n"
    assert readme.execute("$ cat five.txt\nx\n...\n", tmp_path) == "$ cat five.txt\n1\n...\n"
    assert readme.execute("$ cat five.txt\n...\n", tmp_path) == "$ cat five.txt\n...\n"


def test_the_page_of_models_has_them_all_with_all_their_functions() -> None:
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|", TEXT["models.md"], re.MULTILINE))
    assert sorted(rows) == list(names())
    rows["versioned-register"] += rows["cas-register"]
    for name in names():
        assert all(re.search(rf"`{f}\b", rows[name]) for f in find_model(name).functions), name


def test_the_python_of_the_readme_runs(tmp_path: Path) -> None:
    for block in readme.blocks("python"):
        done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_readme_is_short() -> None:
    assert len(TEXT["README.md"].splitlines()) < 250
    tour = TEXT["README.md"].split("\n## A tour\n")[1].split("\n## ")[0]
    assert len(tour.splitlines()) <= 80


def test_the_plan_of_the_tour_is_the_shipped_one() -> None:
    shown = next(block for block in readme.blocks("yaml", readme.ROOT / "docs" / "tour.md"))
    shipped = (SHIPPED / "caspaxos-contention-storm.yaml").read_text()
    assert shown.strip() == re.sub(r"\A(#.*\n)+", "", shipped).strip()
    resolve(loads(shown, "tour.md", Path()))


def test_every_target_of_make_is_described() -> None:
    targets = set(re.findall(r"^(\w+):", MAKEFILE, re.MULTILINE)) - {"help"}
    assert targets == set(re.findall(r"^\t@echo 'make (\w+)", MAKEFILE, re.MULTILINE))
    contributing = TEXT["CONTRIBUTING.md"]
    assert all(f"make {target}" in contributing for target in targets - {"clean"})


def test_the_tour_comes_to_every_command() -> None:
    assert all(f"clew {name}" in TEXT["tour.md"] for name in group().commands)


def test_every_picture_is_shown_somewhere() -> None:
    shown = {Path(target).name for text in TEXT.values() for target in re.findall(r"\]\(([^)#]+\.png)", text)}
    assert {path.name for path in (readme.ROOT / "docs" / "images").iterdir()} == shown


def test_every_link_leads_somewhere() -> None:
    for page in readme.ALL_PAGES:
        for target in re.findall(r"\]\(([^)#]+)", TEXT[page.name]):
            if not target.startswith("https://"):
                assert (page.parent / target).exists(), (page.name, target)
