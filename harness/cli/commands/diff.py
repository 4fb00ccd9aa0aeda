"""`clew diff`: compare two runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clew.harness.cli.options import JsonOption


def diff(
    one: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or a history in any format.")],
    other: Annotated[Path, typer.Argument(metavar="RUN", help="Another one, usually of the same plan.")],
    json: JsonOption = False,
) -> None:
    """Find the first event at which two runs differ.

    Exits with 0 if they are the same, with 1 if they differ.
    """
    from clew.harness.cli.output.json_line import print_json
    from clew.harness.cli.output.pager import print_paged
    from clew.harness.cli.signals import stop_signals
    from clew.harness.view.diff import compare, lines_of

    with stop_signals():
        found = compare(one, other)
        if json:
            print_json(found)
        else:
            print_paged(lambda width: lines_of(found, width))
    raise typer.Exit(0 if found.same else 1)
