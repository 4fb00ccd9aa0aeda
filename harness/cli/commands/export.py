"""`clew export`: write a history in another format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clew.harness.cli.options import FieldsOption, HistoryArgument, RenumberOption, WordsOption


def export(
    history: HistoryArgument,
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write. Its name ends with .edn or .jsonl.")
    ],
    to: Annotated[str | None, typer.Option(help="jsonl or edn, if the name of the file does not say it.")] = None,
    format: Annotated[
        str | None, typer.Option(help="The format of the history. Default: detect it from the file.")
    ] = None,
    fields: FieldsOption = None,
    words: WordsOption = None,
    renumber: RenumberOption = False,
    model: Annotated[str | None, typer.Option(help="The model that the written history names.")] = None,
) -> None:
    """Write a history as Jepsen's EDN or clew's JSON lines."""
    from clew.harness.check import export as write_history
    from clew.harness.cli.output.wrap import plain
    from clew.harness.cli.signals import stop_signals

    options = {"fields": fields, "words": words, "model": model}
    with stop_signals():
        count = write_history(history, target, read_as=format, write_as=to, renumber=renumber, **options)
    plain(f"{count} events written to {target}")
