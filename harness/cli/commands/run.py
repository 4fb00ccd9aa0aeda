"""`clew run`: run a plan once and check what its clients saw."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from clew.harness.cli.options import (
    NodesChoice,
    NodesOption,
    PlanArgument,
    SettingsOption,
    StoreOption,
    VerdictJsonOption,
)


def run(
    plan: PlanArgument,
    seed: Annotated[int | None, typer.Option(help="Use this seed instead of the plan's own.", min=0)] = None,
    settings: SettingsOption = None,
    nodes: NodesOption = NodesChoice.process,
    pcap: Annotated[
        bool, typer.Option("--pcap", help="Write the packets of a live run to packets.pcap, as live.pcap=true does.")
    ] = False,
    store: StoreOption = Path("store"),
    json: VerdictJsonOption = False,
) -> None:
    """Start the cluster, load it, break it, record it, check it."""
    from clew.harness.cli.foreground import run_in_foreground
    from clew.harness.cli.output.result import print_result
    from clew.harness.cli.output.run_progress import RunProgress
    from clew.harness.plan import load, resolve
    from clew.harness.run import run as run_plan
    from clew.harness.store.folder import NotKept

    unkept: NotKept | None = None
    # What a user's system prints must not mix with our own output.
    with contextlib.redirect_stdout(sys.stderr):
        resolved = resolve(load(plan), seed, [*(settings or []), *(["live.pcap=true"] if pcap else [])])
        progress = RunProgress(resolved, quiet=json)
        try:
            result = run_in_foreground(
                lambda stop: run_plan(resolved, nodes=nodes.value, into=store, watch=progress.watch, stop=stop),
                progress.show,
            )
        except NotKept as error:
            unkept, result = error, error.result
    print_result(result, json)
    if unkept is not None:
        raise unkept
    raise typer.Exit(result.exit_code)
