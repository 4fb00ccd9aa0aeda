"""`clew bench`: find the known bugs, and write how long it took into the docs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from clew.harness.errors import UserError

bench_app = typer.Typer(help="Measure how fast clew finds known bugs.", no_args_is_help=True, rich_markup_mode=None)


@bench_app.callback()
def bench() -> None:
    """Measure how fast clew finds known bugs."""


@bench_app.command("bugs")
def bugs(
    system: Annotated[
        list[str] | None, typer.Option(help="Measure only the variants of this system; repeatable.")
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            help="Write the tables into this page, in place of those there; with --system only the rows of these."
        ),
    ] = None,
) -> None:
    """Hunt and shrink every broken variant of every system."""
    from clew.harness.bench import bugs as known
    from clew.harness.cli.foreground import stop_signals
    from clew.harness.hunt import at_home
    from clew.harness.store.folder import write_whole
    from clew.systems import names

    for name in system or []:
        if name not in names():
            raise UserError(f"--system {name}: expected one of {', '.join(names())}")
    if system and write is not None:
        # Before anything is measured: that takes long.
        try:
            known.rows_of(_text(write))
        except ValueError as error:
            raise UserError(f"--write {write}: {error}") from None
    found = []
    with stop_signals(), at_home() as (executor, _):
        for bug in known.measured(list(known.bugs(system or [])), executor):
            found.append(bug)
            print(known.table([bug]).splitlines()[-1], file=sys.stderr, flush=True)
    print(known.table(found), end="")
    if write is not None:
        write_whole(write, known.rewritten(_text(write), found, system or []).encode())


def _text(page: Path) -> str:
    return page.read_text() if page.exists() else ""
