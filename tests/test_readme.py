"""Every command of the README does what it says there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from clew.checkers.models import find_model, names
from clew.harness.plan import loads, resolve
from clew.harness.plan.source import SHIPPED
from tests import readme


@pytest.mark.parametrize("page", readme.PAGES, ids=lambda page: page.name)
def test_the_commands_print_what_the_page_shows(tmp_path: Path, page: Path) -> None:
    readme.prepare(tmp_path, page)
    for block in readme.blocks("console", page):
        assert readme.execute(block, tmp_path) == block


def test_the_page_of_models_has_them_all_with_all_their_functions() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.*) \|", (readme.ROOT / "docs" / "models.md").read_text(), re.MULTILINE)
    assert sorted(name for name, _ in rows) == list(names())
    told = dict(rows)
    told["versioned-register"] += told["cas-register"]
    for name in names():
        assert all(re.search(rf"`{f}\b", told[name]) for f in find_model(name).functions), name


def test_the_picture_is_part_of_a_real_counterexample(tmp_path: Path) -> None:
    picture = readme.blocks("text")[0]
    shown = "".join(block for block in readme.blocks("console") if "$ clew show" in block)
    for line in picture.splitlines():
        assert line in shown


def test_the_python_of_the_readme_runs(tmp_path: Path) -> None:
    for block in readme.blocks("python"):
        done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_plan_of_the_readme_is_the_shipped_one() -> None:
    shown = next(block for block in readme.blocks("yaml") if "contention-storm" in block)
    shipped = (SHIPPED / "caspaxos-contention-storm.yaml").read_text()
    assert shown.strip() == re.sub(r"\A(#.*\n)+", "", shipped).strip()
    resolve(loads(shown, "README.md", Path()))


@pytest.mark.parametrize("target", ["demo", "test", "bench", "fuzz", "check"])
def test_make_has_the_targets_that_are_spoken_of(target: str) -> None:
    makefile = (readme.ROOT / "Makefile").read_text()
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


PAGES = (readme.README, readme.ROOT / "CONTRIBUTING.md", *(readme.ROOT / "docs").glob("*.md"))


def test_every_picture_is_shown_somewhere() -> None:
    shown = {Path(target).name for page in PAGES for target in re.findall(r"\]\(([^)#]+\.png)", page.read_text())}
    assert {path.name for path in (readme.ROOT / "docs" / "images").iterdir()} == shown


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if not target.startswith("https://"):
                assert (page.parent / target).exists(), (page.name, target)
