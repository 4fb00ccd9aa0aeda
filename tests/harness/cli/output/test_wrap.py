"""Long lines wrap at words and keep their indentation, on a terminal of any width."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from clew.harness.cli.output.wrap import parts, wrapped
from tests.harness.cli.terminal import clew_called_on_terminal, clew_on_terminal
from tests.harness.conftest import PLAN
from tests.harness.shown import STALE, history_file

WIDTHS = (40, 57, 80, 120, 200)
WORDS = st.lists(st.text("abc,[]", min_size=1, max_size=12), min_size=1, max_size=30)


def laid_out(line: str, width: int, indent: int | None = None) -> list[str]:
    return [" " * spaces + line[begin:end] for begin, end, spaces in parts(line, width, indent)]


@given(WORDS, st.integers(0, 20), st.integers(40, 200), st.none() | st.integers(0, 30))
def test_every_word_is_kept_and_no_line_is_too_long(
    words: list[str], first: int, width: int, indent: int | None
) -> None:
    line = " " * first + "  ".join(words)
    lines = laid_out(line, width, indent)
    assert [word for part in lines for word in part.split()] == line.split()
    assert max(map(len, lines)) <= width
    assert lines[0].startswith(" " * first)
    for part in lines[1:]:
        spaces = len(part) - len(part.lstrip())
        assert spaces == min(first + 2 if indent is None else indent, width - 24)


def test_a_short_line_is_left_alone() -> None:
    assert laid_out("  read → 1", 40) == ["  read → 1"]


def test_a_word_that_fits_on_no_line_is_not_broken() -> None:
    path = "store/" + "x" * 60
    assert laid_out(f"run  {path} and more words that go on and on", 40, 5)[0].endswith(path)


def test_wide_characters_count_as_two() -> None:
    assert laid_out("日本語 " * 10, 40, 0)[0] == ("日本語 " * 5).rstrip()


def test_styles_go_with_their_words() -> None:
    lines = wrapped(Text.assemble(("valid ", "green"), ("word " * 20, "red")), 40)
    assert {str(span.style) for line in lines[1:] for span in line.spans if span.end > span.start} == {"red"}
    assert lines[0].spans[0].style == "green"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wrap")
    history_file(folder / "h.jsonl", STALE, model="cas-register")
    (folder / "plan.yaml").write_text(PLAN)
    return folder


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize(
    "command", [("check", "h.jsonl"), ("show", "h.jsonl"), ("systems",), ("plans",), ("check", "nowhere")]
)
def test_commands_wrap_at_words_and_keep_their_indentation(
    folder: Path, command: tuple[str, ...], columns: int
) -> None:
    seen = clew_called_on_terminal(folder, columns, *command)
    assert seen.lines
    for line in seen.lines:
        # An address stays whole: half of one leads nowhere.
        assert len(line) <= columns or "https://" in line, line
    wide = clew_called_on_terminal(folder, 2000, *command)
    if command != ("show", "h.jsonl"):  # A diagram is laid out for the width.
        told = re.sub(r"in \d\.\d\d s", "", " ".join(seen.text.split()))
        assert told == re.sub(r"in \d\.\d\d s", "", " ".join(wide.text.split()))


def test_what_follows_a_label_stands_below_its_text(folder: Path) -> None:
    seen = clew_on_terminal(folder, 60, "check", "h.jsonl")
    at = next(i for i, line in enumerate(seen.lines) if line.startswith("  linearizable"))
    assert seen.lines[at + 1].startswith(" " * 15)
    assert not seen.lines[at + 1].startswith(" " * 16)


def test_what_is_piped_is_not_wrapped(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.harness.conftest import clew_in

    done = clew_in(folder)("check", "h.jsonl")
    assert any(len(line) > 200 for line in done.stdout.splitlines())
