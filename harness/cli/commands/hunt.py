"""`clew hunt`: try many seeds of a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clew.harness.cli.options import PlanArgument, SettingsOption, StoreOption, Until, VerdictJsonOption


def hunt(
    plan: PlanArgument,
    seeds: Annotated[
        str | None, typer.Option(metavar="A:B", help="Try the seeds from A up to B, without B. Default: 0:1000.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Try seeds from 0 on for this long, e.g. 10m.")
    ] = None,
    until: Annotated[Until, typer.Option(help="Stop at the first failure, or try all seeds.")] = Until.first,
    jobs: Annotated[
        int | None,
        typer.Option(help="Seeds to try at a time. Default: the number of cores; for live runs, half of it."),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Use the workers of this dask.distributed cluster.")
    ] = None,
    settings: SettingsOption = None,
    store: StoreOption = Path("store"),
    json: VerdictJsonOption = False,
) -> None:
    """Try many seeds of a plan, on all cores or a cluster."""
    from clew.harness.cli.hunt_options import seeds_and_seconds
    from clew.harness.cli.output.hunt import hunt_progress, print_failing_seed, print_hunt
    from clew.harness.cli.signals import stop_signals
    from clew.harness.errors import UserError
    from clew.harness.hunt import at_home, is_live, live_workers, on_cluster
    from clew.harness.hunt import hunt as hunt_seeds
    from clew.harness.plan import load, resolve

    source = load(plan)
    chosen, seconds = seeds_and_seconds(seeds, time, jobs, scheduler)
    name = resolve(source, 0 if chosen is None else chosen[0], settings or []).name
    if is_live(source, settings or [], 0 if chosen is None else chosen[0]):
        if scheduler is not None:
            raise UserError(f"--scheduler: the runs of {name} are live and take place on this machine; use --jobs")
        workers = live_workers(jobs, store)
    else:
        workers = at_home(jobs) if scheduler is None else on_cluster(scheduler)
    total = None if chosen is None else len(chosen)
    progress = hunt_progress(name, quiet=json, total=total, limit=seconds)
    with stop_signals(), progress as watch, workers as (executor, count):
        hunted = hunt_seeds(
            source,
            executor,
            count,
            settings=settings or [],
            seeds=chosen,
            seconds=seconds,
            until=until.value,
            into=store,
            every_verdict=json,
            found=lambda found, result: print_failing_seed(found, result, json),
            watch=watch,
        )
    print_hunt(hunted, json)
    if hunted.error is not None:
        raise hunted.error
    raise typer.Exit(hunted.exit_code)
