"""On a terminal: in colour, and through a pager where there is too much; a real pseudo-terminal stands in for one."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.harness.shown import STALE, history_file

COLOUR = "\x1b["


def on_terminal(folder: Path, rows: int, **environment: str) -> str:
    """What `clew show` of a stale read leaves on a terminal with this number of rows."""
    file = history_file(folder / "h.jsonl", STALE, model="cas-register")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 100, 0, 0))
    plain = {
        k: v for k, v in os.environ.items() if k not in ("LESS", "PAGER", "MANPAGER", "LINES", "COLUMNS", "NO_COLOR")
    }
    command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()", "show", str(file)]
    environment = {**plain, "TERM": "xterm-256color", **environment}
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=folder)
    os.close(slave)
    seen = b""
    while True:
        try:
            part = os.read(master, 1 << 16)
        except OSError:  # Linux says so when the other side is closed
            break
        if not part:
            break
        seen += part
    os.close(master)
    assert process.wait(60) == 0
    return seen.decode()


def pager(folder: Path, name: str) -> Path:
    """A pager that keeps what it is given, and how it was told to behave."""
    script = folder / name
    script.write_text(f'#!/bin/sh\necho "LESS=$LESS" > {folder}/paged\ncat >> {folder}/paged\n')
    script.chmod(0o755)
    return script


def test_what_fits_is_printed_in_colour(tmp_path: Path) -> None:
    kept = pager(tmp_path, "less")
    seen = on_terminal(tmp_path, 100, PAGER=str(kept))
    assert "A read returned 1 after" in seen
    assert f"{COLOUR}31minvalid" in seen.replace("\x1b[0m", ""), "the verdict is red"
    assert f"{COLOUR}1;31m" in seen, "so is the counterexample"
    assert not (tmp_path / "paged").exists()


@pytest.mark.parametrize("own", [None, "-i"])
def test_what_does_not_fit_goes_through_less_in_colour(tmp_path: Path, own: str | None) -> None:
    kept = pager(tmp_path, "less")
    seen = on_terminal(tmp_path, 5, PAGER=str(kept), **({} if own is None else {"LESS": own}))
    assert "no order" not in seen
    paged = (tmp_path / "paged").read_text()
    assert paged.splitlines()[0] == ("LESS=-R" if own is None else "LESS=-i -R")
    assert "A read returned 1 after" in paged
    assert COLOUR in paged


def test_without_a_pager_it_is_printed(tmp_path: Path) -> None:
    assert "A read returned 1 after" in on_terminal(tmp_path, 5, PAGER="/nonexistent")


def test_cat_gets_colours(tmp_path: Path) -> None:
    assert COLOUR in on_terminal(tmp_path, 5, PAGER="cat")


def test_another_pager_gets_no_colours(tmp_path: Path) -> None:
    kept = pager(tmp_path, "leaf")
    on_terminal(tmp_path, 5, PAGER=str(kept))
    paged = (tmp_path / "paged").read_text()
    assert "A read returned 1 after" in paged
    assert COLOUR not in paged
