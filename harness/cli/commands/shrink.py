"""`clew shrink`: make a failing run small."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clew.harness.cli.options import RunArgument, StoreOption, VerdictJsonOption


def shrink(
    run: RunArgument,
    any_failure: Annotated[bool, typer.Option("--any", help="Accept any failure, not only the same one.")] = False,
    store: StoreOption = Path("store"),
    json: VerdictJsonOption = False,
) -> None:
    """Find the smallest plan that still fails as a run did."""
    from clew.harness.cli.output.shrink import print_shrunk, shrink_progress
    from clew.harness.cli.signals import stop_signals
    from clew.harness.shrink import shrink_run
    from clew.harness.store.folder import find_run

    folder = find_run(run)
    with stop_signals():
        shrunk = shrink_run(folder, any_failure=any_failure, into=store, watch=shrink_progress(quiet=json))
    print_shrunk(shrunk, json)
    if shrunk.error is not None:
        raise shrunk.error
    raise typer.Exit(shrunk.result.exit_code)
