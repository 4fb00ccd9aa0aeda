"""Where the locale has no UTF-8, everything is plain ASCII, and JSON loses nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clew.harness.cli.output.ascii import SIGNS, ascii_text, escaped
from tests.harness.cli.terminal import clew_on_terminal
from tests.harness.conftest import PLAN
from tests.harness.shown import STALE, history_file

CLEW = [sys.executable, "-c", "from clew.harness.cli.app import main; main()"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a history in which a client wrote `é`."""
    events = [(at, process, kind, f, key, "é" if value == 2 else value) for at, process, kind, f, key, value in STALE]
    history_file(tmp_path / "h.jsonl", events, model="cas-register")
    return tmp_path


def piped(folder: Path, *arguments: str, **environment: str) -> bytes:
    """What a command writes into a pipe, in a locale of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO"))}
    done = subprocess.run(
        [*CLEW, *arguments], cwd=folder, env={**kept, **environment}, capture_output=True, timeout=120
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("command", "locale"),
    [
        ("show", {"LC_ALL": "C"}),
        pytest.param("check", {"LC_ALL": "POSIX"}, marks=pytest.mark.long),
        pytest.param("check", {"LANG": "C"}, marks=pytest.mark.long),
        pytest.param("show", {"PYTHONIOENCODING": "latin-1"}, marks=pytest.mark.long),
    ],
)
def test_without_utf8_there_is_only_ascii(folder: Path, command: str, locale: dict[str, str]) -> None:
    text = piped(folder, command, "h.jsonl", **locale)
    assert text.isascii()
    assert b"\\u00e9" in text


@pytest.mark.parametrize(
    "locale", [{"LC_ALL": "C.UTF-8"}, pytest.param({"LANG": "en_US.utf8"}, marks=pytest.mark.long), {}]
)
def test_with_utf8_and_without_any_locale_signs_are_signs(folder: Path, locale: dict[str, str]) -> None:
    assert "┏" in piped(folder, "show", "h.jsonl", **locale).decode()


def test_a_terminal_and_a_pager_get_ascii_too(folder: Path) -> None:
    assert clew_on_terminal(folder, 80, "show", "h.jsonl", LC_ALL="C").raw.isascii()
    assert clew_on_terminal(folder, 80, "show", "h.jsonl", rows=5, LC_ALL="C").raw.isascii()
    assert not clew_on_terminal(folder, 80, "show", "h.jsonl", rows=5).raw.isascii()


def test_json_is_the_same_in_every_locale(folder: Path) -> None:
    ascii_, utf8 = (piped(folder, "show", "h.jsonl", "--json", LC_ALL=locale) for locale in ("C", "C.UTF-8"))
    assert ascii_.isascii()
    assert "→".encode() in utf8
    assert json.loads(ascii_) == json.loads(utf8)


def test_our_signs_keep_their_width_and_others_are_escaped() -> None:
    assert all(len(sign) == len(plain) == 1 and plain.isascii() for sign, plain in SIGNS.items())
    assert ascii_text("read → é") == r"read > \u00e9"
    assert json.loads(f'"{escaped("→ é 😀")}"') == "→ é 😀"


def test_the_progress_of_a_hunt_is_ascii_too(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    seen = clew_on_terminal(tmp_path, 100, "hunt", "plan.yaml", "--seeds", "0:2", "--jobs", "1", LC_ALL="C")
    assert seen.raw.isascii()
    assert b"\\u" not in seen.raw
