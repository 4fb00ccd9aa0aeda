"""The command line in the test's own process: importing numba for every command takes longer than most commands."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from unittest import mock

from clew.harness.cli.app import main
from tests.harness.conftest import Clew


def clew_here(folder: Path) -> Clew:
    """A function that runs `clew` with its arguments in this folder, and in this process.

    For commands whose claim does not need a process of their own. What a system's file remembers, and signals that
    kill, need `clew_in`.
    """

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        argv = ["clew", *map(str, arguments)]
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        code: object = None
        with (
            contextlib.chdir(folder),
            mock.patch.object(sys, "argv", argv),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as end:
                code = end.code
        said = [stream.buffer.getvalue().decode() for stream in (out, err) if isinstance(stream.buffer, io.BytesIO)]
        return subprocess.CompletedProcess(argv, int(code) if isinstance(code, int) else 0, *said)

    return run
