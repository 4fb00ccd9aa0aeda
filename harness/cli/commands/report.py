"""`clew report`: a run as a web page in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clew.harness.cli.options import FieldsOption, HistoryArgument, ModelOption, RenumberOption, WordsOption


def report(
    history: HistoryArgument,
    out: Annotated[
        Path | None, typer.Option(help="The file to write. Default for a run: report.html in its folder.")
    ] = None,
    png: Annotated[
        bool, typer.Option("--png", help="Write the pictures as PNG files too. Needs a headless Chromium.")
    ] = False,
    dark: Annotated[bool, typer.Option("--dark", help="With --png: use a dark background.")] = False,
    model: ModelOption = None,
    fields: FieldsOption = None,
    words: WordsOption = None,
    renumber: RenumberOption = False,
) -> None:
    """Write the page of a run or a history, and its pictures."""
    from clew.harness.cli.signals import stop_signals
    from clew.harness.errors import UserError
    from clew.harness.view.report.write import write

    if dark and not png:
        raise UserError("--dark goes with --png; the page itself has the colours that its browser asks for")
    with stop_signals():
        pages = write(history, out, png=png, dark=dark, model=model, fields=fields, words=words, renumber=renumber)
        for path in pages:
            print(path)
