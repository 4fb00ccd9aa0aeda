"""Styled lines on a terminal: in colour where there is one, through a pager where they are too many for it."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from clew.harness.cli.console import COLOUR
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


def page(lines: Callable[[int], Iterable[Line]]) -> None:
    """Print styled lines, made for the terminal's width: through a pager if they are too many, plain when piped."""
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    made = [Text.assemble(*((text, STYLES.get(style, "")) for text, style in line)) for line in lines(console.width)]
    pager = shlex.split(os.environ.get("MANPAGER") or os.environ.get("PAGER") or "less") or ["less"]
    if not console.is_terminal:
        for line in made:
            print(line.plain.rstrip())
    elif len(made) < console.height or shutil.which(pager[0]) is None:
        for line in made:
            console.print(line)
    else:
        # A pager that shows escape sequences as they are would make colours unreadable; less does without its -R.
        os.environ["LESS"] = f"{os.environ.get('LESS', '')} -R".strip()
        with console.pager(styles=any(word in Path(pager[0]).name for word in ("less", "cat"))):
            for line in made:
                console.print(line)
