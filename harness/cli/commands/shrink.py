"""`clew shrink`: make a failing run small."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clew.harness.cli.options import RunArgument, StoreOption, VerdictJsonOption


def shrink(
    run: RunArgument,
    any_failure: Annotated[bool, typer.Option("--any", help="Accept any failure, not only the same one.")] = False,
    time: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Of a live run: take this long at most. Default: 5m.")
    ] = None,
    store: StoreOption = Path("store"),
    json: VerdictJsonOption = False,
) -> None:
    """Find the smallest plan that still fails as a run did."""
    from clew.harness.cli.hunt_options import seconds_of
    from clew.harness.cli.output.shrink import live_shrink_progress, print_shrunk, print_shrunk_live, shrink_progress
    from clew.harness.cli.signals import stop_signals
    from clew.harness.errors import UserError
    from clew.harness.shrink import shrink_live_run, shrink_run
    from clew.harness.shrink.run_live import SECONDS
    from clew.harness.store.folder import find_run

    folder = find_run(run)
    seconds = None if time is None else seconds_of(time)
    if folder.read_plan().runtime == "live":
        with stop_signals(), live_shrink_progress(quiet=json) as watch:
            live = shrink_live_run(folder, any_failure=any_failure, seconds=seconds or SECONDS, into=store, watch=watch)
        print_shrunk_live(live, json)
        raise typer.Exit(live.result.exit_code)
    if seconds is not None:
        raise UserError(f"--time {time}: only for live runs; a shrink of a simulation counts events, not seconds")
    with stop_signals():
        shrunk = shrink_run(folder, any_failure=any_failure, into=store, watch=shrink_progress(quiet=json))
    print_shrunk(shrunk, json)
    if shrunk.error is not None:
        raise shrunk.error
    raise typer.Exit(shrunk.result.exit_code)
