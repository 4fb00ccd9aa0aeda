"""`clew bench`: the known bugs, measured and written into the docs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from clew.harness.errors import UserError

bench_app = typer.Typer(help="Measure clew by what it finds.", no_args_is_help=True, rich_markup_mode=None)


@bench_app.callback()
def bench() -> None:
    """Measure clew by what it finds."""


@bench_app.command("bugs")
def bench_bugs(
    system: Annotated[list[str] | None, typer.Option(help="Only this system; repeatable.")] = None,
    write: Annotated[Path | None, typer.Option(help="Put the table into this page, in place of the one there.")] = None,
) -> None:
    """Hunt and shrink every wrong variant of every system."""
    from clew.harness.bench.bugs import bugs, measured, rewritten, table
    from clew.harness.cli.hunt_output import interruptible
    from clew.harness.hunt import at_home
    from clew.harness.store.folder import write_whole
    from clew.systems import names

    for name in system or []:
        if name not in names():
            raise UserError(f"--system {name}: expected one of {', '.join(names())}")
    if system and write is not None:
        raise UserError("--system and --write: a page with the variants of some systems would lack the others")
    found = []
    with interruptible(), at_home() as (executor, _):
        for bug in measured(list(bugs(system or [])), executor):
            found.append(bug)
            print(table([bug]).splitlines()[-1], file=sys.stderr, flush=True)
    print(table(found), end="")
    if write is not None:
        page = rewritten(write.read_text() if write.exists() else "", found)
        write_whole(write, page.encode())
