"""`clew bench`: find the known bugs, run the plans for databases, and measure how fast a live cluster is."""

from __future__ import annotations

import enum
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from clew.harness.cli.options import SettingsOption, StoreOption, help_without_command
from clew.harness.errors import UserError

bench_app = typer.Typer(rich_markup_mode=None)


class NetworkChoice(enum.StrEnum):
    """What carries the packets of a live run."""

    loopback = "loopback"
    tun = "tun"


@bench_app.callback(
    invoke_without_command=True, short_help="Measure how fast clew finds known bugs, and how fast a live cluster is."
)
def bench(context: typer.Context) -> None:
    """Measure how fast clew finds known bugs, and how fast a live cluster is."""
    help_without_command(context)


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
    from clew.harness.cli.signals import stop_signals
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


@bench_app.command("live-bugs")
def live_bugs(
    system: Annotated[
        list[str] | None, typer.Option(help="Only the variants of this system; repeatable.", metavar="SYSTEM")
    ] = None,
    correct: Annotated[bool, typer.Option(help="Run the correct systems in the same plans, too.")] = True,
    jobs: Annotated[int | None, typer.Option(help="Runs at a time. Default: half the number of cores.", min=1)] = None,
    write: Annotated[
        Path | None, typer.Option(help="Write the tables into this page, in place of those there.")
    ] = None,
) -> None:
    """Hunt every broken variant with live runs, 20 at most. Takes an hour."""
    from tempfile import TemporaryDirectory

    from clew.harness.bench import live_bugs as known
    from clew.harness.cli.signals import stop_signals
    from clew.harness.hunt import live_workers
    from clew.harness.store.folder import write_whole
    from clew.systems import names

    for name in system or []:
        if name not in names():
            raise UserError(f"--system {name}: expected one of {', '.join(names())}")
    found, right = [], []
    with stop_signals(), TemporaryDirectory() as store, live_workers(jobs, Path(store)) as (executor, _):
        for bug in known.measured(known.noticed(system or []), executor):
            found.append(bug)
            print(known.table([bug]).splitlines()[-1], file=sys.stderr, flush=True)
        for one in known.measured_correct(known.plans(system or []) if correct else [], executor):
            right.append(one)
            print(known.table_correct([one]).splitlines()[-1], file=sys.stderr, flush=True)
    tables = known.table(found) + ("\n" + known.table_correct(right) if correct else "")
    print(tables, end="")
    if write is not None:
        write_whole(write, known.rewritten(_text(write), tables).encode())


@bench_app.command("databases")
def databases(
    system: Annotated[list[str] | None, typer.Option(help="Run only the plans for this database; repeatable.")] = None,
    plan: Annotated[list[str] | None, typer.Option(help="Run only this plan; repeatable.")] = None,
    runs: Annotated[int, typer.Option(help="How often each plan is run.", min=1)] = 20,
    jobs: Annotated[int | None, typer.Option(help="Runs at a time. Default: half the number of cores.", min=1)] = None,
    write: Annotated[
        Path | None,
        typer.Option(help="Write the table into this page, between its two marks; rows of other plans stay."),
    ] = None,
) -> None:
    """Run every plan for a database, and count how often it shows what it is for."""
    from tempfile import TemporaryDirectory

    from clew.harness.bench import databases as known
    from clew.harness.cli.signals import stop_signals
    from clew.harness.hunt import live_workers
    from clew.harness.store.folder import write_whole

    wanted = known.cases(system or [], plan or [])
    for name in system or []:
        if not known.cases([name]):
            raise UserError(f"--system {name}: there is no plan for a database of this name")
    for name in plan or []:
        if not known.cases(plans=[name]):
            raise UserError(f"--plan {name}: there is no plan of this name for a database")
    for case in wanted:
        if (missing := known.missing(case)) is not None:
            raise UserError(f"{case.plan}: {missing}")
    if write is not None:
        try:
            known.rewritten(_text(write), [])
        except ValueError as error:
            raise UserError(f"--write {write}: {error}") from None
    found = []
    with stop_signals(), TemporaryDirectory() as store, live_workers(jobs, Path(store)) as (executor, _):
        for one in known.measured(wanted, executor, runs):
            found.append(one)
            print(known.table([one]).splitlines()[2], file=sys.stderr, flush=True)
    print(known.table(found), end="")
    if write is not None:
        write_whole(write, known.rewritten(_text(write), found).encode())


@bench_app.command("rsl")
def rsl(
    network: Annotated[
        list[NetworkChoice] | None, typer.Option(help="Measure on this network; repeatable. Both, if left out.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long the clients ask.", min=0.1)] = 30.0,
    clients: Annotated[int, typer.Option(help="How many clients ask, each without a pause.", min=1)] = 32,
    settings: SettingsOption = None,
    store: StoreOption = Path("store"),
    json: Annotated[bool, typer.Option("--json", help="Print what was measured as JSON, a line for each run.")] = False,
) -> None:
    """Measure how many requests a live RSL cluster serves in a second, and check that it counted them right."""
    from clew.harness.bench import rsl as bench
    from clew.harness.cli.foreground import run_in_foreground
    from clew.harness.cli.output.json_line import print_json
    from clew.harness.cli.output.run_progress import RunProgress
    from clew.harness.cli.output.wrap import plain

    plans = [
        bench.bench_plan(choice.value, seconds, clients, settings or [])
        for choice in network or (NetworkChoice.loopback, NetworkChoice.tun)
    ]
    measured = []
    for plan in plans:
        progress = RunProgress(plan, quiet=json)
        measured.append(run_in_foreground(partial(bench.measure, plan, store, watch=progress.watch), progress.show))
        if json:
            print_json(measured[-1])
        if not measured[-1].result.finished:
            break
    if not json:
        print(bench.table(measured), end="")
        for one in measured:
            if one.result.error:
                plain(f"clew: {one.result.error}", indent=6, stderr=True)
    raise typer.Exit(max(one.result.exit_code for one in measured))


def _text(page: Path) -> str:
    return page.read_text() if page.exists() else ""
