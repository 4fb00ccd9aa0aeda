"""`clew show`: a run as text."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from clew.harness.cli.options import (
    FieldsOption,
    HistoryArgument,
    JsonOption,
    ModelOption,
    RenumberOption,
    WordsOption,
)


def show(
    history: HistoryArgument,
    process: Annotated[int | None, typer.Option(help="Show only the operations of this process.")] = None,
    key: Annotated[str | None, typer.Option(help="Show only the operations on this key.")] = None,
    f: Annotated[str | None, typer.Option("--f", help="Show only the operations of this function, e.g. cas.")] = None,
    type: Annotated[
        str | None,
        typer.Option(help="Show only the operations that ended ok, fail or info; or invoke: those never completed."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Show only what happened after this time, e.g. 1.5s.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Show only what happened before this time.")
    ] = None,
    around: Annotated[
        int | None, typer.Option(metavar="INDEX", help="Show only the operations near the event of this index.")
    ] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Show only the operations with an error.")] = False,
    stats: Annotated[
        bool, typer.Option("--stats", help="Show counts, rates and latencies: of all, and during each fault.")
    ] = False,
    model: ModelOption = None,
    fields: FieldsOption = None,
    words: WordsOption = None,
    renumber: RenumberOption = False,
    json: JsonOption = False,
) -> None:
    """Show a run as text: its verdict, and a diagram of what matters.

    On a terminal, text that does not fit goes through a pager: MANPAGER, PAGER or less (leave it with q). PAGER=cat
    prints everything at once. Without a terminal, as in a pipe, there is no pager and no colour.
    """
    from clew.harness.cli.output.json_line import print_json
    from clew.harness.cli.output.pager import print_paged
    from clew.harness.cli.signals import stop_signals
    from clew.harness.store.record import read_record
    from clew.harness.view.operation_filter import OperationFilter, parse_time
    from clew.harness.view.show import as_json, lines_of

    wanted = OperationFilter(
        process=process,
        key=key,
        f=f,
        type=type,
        start=parse_time(start, "--from"),
        end=parse_time(end, "--to"),
        around=around,
        errors=errors,
    )
    with stop_signals():
        run = read_record(history, model, fields=fields, words=words, renumber=renumber)
        if json:
            print_json(as_json(run, wanted, stats))
        else:
            print_paged(lambda width: lines_of(run, wanted, width=width, stats=stats, whole=not sys.stdout.isatty()))
