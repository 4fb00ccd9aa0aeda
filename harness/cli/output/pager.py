"""Styled lines on a terminal: in colour, and through a pager if they do not fit."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from clew.harness.cli.output.ascii import ascii_text, is_ascii
from clew.harness.cli.output.result import COLOUR
from clew.harness.cli.output.wrap import wrapped
from clew.histories.diagram import Line

STYLES = {
    **COLOUR,
    "ok": "blue",
    "fail": "bright_black",
    "info": "yellow",
    "counterexample": "bold red",
    "stuck": "bold white on red",
    "point": "bold green",
    "fault": "magenta",
    "quiet": "dim",
}
"""How rich draws each style of a span."""


def print_paged(lines_for: Callable[[int], Iterable[Line]]) -> None:
    """Print lines. `lines_for` makes them for a width in characters.

    On a terminal they are in colour, and go through a pager if they are more than its rows. Piped, they are plain.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    # A pager gets the text through a pipe, which has its own encoding.
    shown = ascii_text if is_ascii(sys.stdout) else str
    whole = [
        Text.assemble(*((shown(text), STYLES.get(style, "")) for text, style in line))
        for line in lines_for(console.width)
    ]
    lines = [part for line in whole for part in wrapped(line, console.width)] if console.is_terminal else whole
    pager = shlex.split(os.environ.get("MANPAGER") or os.environ.get("PAGER") or "less") or ["less"]
    if not console.is_terminal:
        for line in lines:
            print(line.plain.rstrip())
    elif len(lines) < console.height or shutil.which(pager[0]) is None:
        for line in lines:
            console.print(line)
    else:
        # less shows colours only with -R. Other pagers but cat would print the escape sequences: they get plain text.
        os.environ["LESS"] = f"{os.environ.get('LESS', '')} -R".strip()
        with console.pager(styles=any(word in Path(pager[0]).name for word in ("less", "cat"))):
            for line in lines:
                console.print(line)
