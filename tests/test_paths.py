"""Every file and folder that a page, a docstring or a comment names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("histories", "checkers", "nemesis", "systems", "harness", "tests", "docs")
NAMED = re.compile(rf"(?<![\w/.<>*-])(?:{'|'.join(FOLDERS)})/(?:[\w.-]+/)*(?:[\w-]+\.(?:py|md)\b|(?=[`,;:.\s]))")
"""A path from the root, such as `checkers/forms.py` or `checkers/online/`. `systems/<name>/` is no such path."""
TEXTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    + [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
)


def test_paths_are_recognized() -> None:
    text = "see `checkers/forms.py`, checkers/online/, `systems/<name>/variants.py` and store/tests/a.py"
    assert NAMED.findall(text) == ["checkers/forms.py", "checkers/online/"]


def test_every_path_that_a_text_names_exists() -> None:
    named = {(file, path) for file in TEXTS for path in NAMED.findall(file.read_text())}
    missing = [f"{file.relative_to(ROOT)}: {path}" for file, path in named if not (ROOT / path).exists()]
    assert len(named) > 50
    assert not missing
