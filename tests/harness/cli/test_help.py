"""Help, version, and what `clew` does if it is not told anything."""

from __future__ import annotations

import re

import pytest

import clew as package
from tests.harness.cli.terminal import clew_on_terminal
from tests.harness.conftest import Clew

COMMANDS = ("run", "hunt", "shrink", "replay", "check", "export", "show", "report", "diff", "serve", "plans", "systems",
            "bench")  # fmt: skip


@pytest.mark.parametrize("group", [(), ("bench",)])
def test_without_a_command_the_help_is_printed_and_nothing_passes_as_valid(
    clew_call: Clew, group: tuple[str, ...]
) -> None:
    """A script that calls `clew $COMMAND` with an empty variable must not be told 0, which is "valid"."""
    done = clew_call(*group)
    assert done.returncode == 254
    assert done.stdout == clew_call(*group, "--help").stdout
    assert "Commands:\n" in done.stdout
    assert not done.stderr


def test_the_version_is_printed(clew_call: Clew) -> None:
    done = clew_call("--version")
    assert (done.returncode, done.stdout) == (0, f"clew {package.__version__}\n")


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS), ("bench", "bugs")])
def test_h_is_help(clew_call: Clew, command: tuple[str, ...]) -> None:
    done = clew_call(*command, "-h")
    assert done.returncode == 0
    assert done.stdout == clew_call(*command, "--help").stdout
    assert done.stdout.startswith("Usage: ")


@pytest.mark.parametrize("columns", [40, 80, *(pytest.param(columns, marks=pytest.mark.long) for columns in (47, 200))])
def test_no_summary_of_a_command_is_cut_and_no_line_is_longer_than_the_terminal(
    clew_call: Clew, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    words = " ".join(clew_call("--help").stdout.split())
    for name in COMMANDS:
        assert re.search(rf" {name} [A-Z][^.]*\.(?: |$)", words), name
    assert "..." not in words.replace("[ARGS]...", "")
    for command in ((), *((name,) for name in COMMANDS), ("bench", "bugs")):
        for line in clew_call(*command, "--help").stdout.splitlines():
            assert len(line) <= columns or " " not in line.strip(), line


def test_the_help_on_a_real_terminal_is_the_same(tmp_path) -> None:  # type: ignore[no-untyped-def]
    seen = clew_on_terminal(tmp_path, 40, "--help")
    assert seen.code == 0
    assert "  hunt     Try many seeds of a plan," in seen.text
    assert max(map(len, seen.lines)) <= 40
