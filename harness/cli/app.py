"""The command line: every command is one call into a function that a notebook or a test can call too.

Nothing heavy is imported before a command needs it, so that `clew --help` answers at once.
"""

from __future__ import annotations

import contextlib
import io
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from clew.harness.cli.bench import bench_app
from clew.harness.cli.options import (
    JsonOption,
    NodesChoice,
    NodesOption,
    PlanArgument,
    RunArgument,
    SettingsOption,
    StoreOption,
    Until,
)
from clew.harness.errors import MachineError, UserError
from clew.harness.exit_codes import BAD_ARGUMENTS, INTERNAL_ERROR, reader_gone

if TYPE_CHECKING:
    from clew.harness.verdict.result import Result

INTERRUPTED = 130
"""What typer makes of a KeyboardInterrupt."""

app = typer.Typer(
    help="Break a replicated system, record what its clients saw, and decide whether it was linearizable.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(bench_app, name="bench")


@app.command()
def run(
    plan: PlanArgument,
    seed: Annotated[int | None, typer.Option(help="Another seed than the plan's own.", min=0)] = None,
    settings: SettingsOption = None,
    nodes: NodesOption = NodesChoice.process,
    store: StoreOption = Path("store"),
    json: JsonOption = False,
) -> None:
    """Start the cluster, load it, break it, record it, check it."""
    from clew.harness.cli.foreground import foreground
    from clew.harness.plan import load, resolve
    from clew.harness.run import run as run_plan

    # What a user's system prints, on import or inline, must not get between us and whoever reads our output.
    with contextlib.redirect_stdout(sys.stderr):
        resolved = resolve(load(plan), seed, settings or [])
        result = foreground(
            resolved,
            json,
            lambda watch, stop: run_plan(resolved, nodes=nodes.value, into=store, watch=watch, stop=stop),
        )
    _tell(result, json)


@app.command()
def hunt(
    plan: PlanArgument,
    seeds: Annotated[
        str | None, typer.Option(metavar="A:B", help="The seeds from A up to, not including, B. Default: 0:1000.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Seeds from 0 on for this long, such as 10m.")
    ] = None,
    until: Annotated[Until, typer.Option(help="Stop at the first failure, or go through all seeds.")] = Until.first,
    jobs: Annotated[int | None, typer.Option(help="Seeds at a time; as many as there are cores if not given.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Use the workers of this dask.distributed cluster.")
    ] = None,
    settings: SettingsOption = None,
    store: StoreOption = Path("store"),
    json: JsonOption = False,
) -> None:
    """Many seeds of a plan, on all cores or a cluster, until something breaks."""
    from clew.harness.cli.hunt_output import interruptible, progress, tell_found, tell_hunt
    from clew.harness.cli.seeds import seeds_and_time
    from clew.harness.hunt import at_home, on_cluster
    from clew.harness.hunt import hunt as hunt_seeds
    from clew.harness.plan import load, resolve

    source = load(plan)
    chosen, seconds = seeds_and_time(seeds, time, jobs, scheduler)
    name = resolve(source, 0 if chosen is None else chosen[0], settings or []).name
    workers = at_home(jobs) if scheduler is None else on_cluster(scheduler)
    with interruptible(), progress(name, json) as watch, workers as (executor, count):
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
            found=lambda found, result: tell_found(found, result, json),
            watch=watch,
        )
    tell_hunt(hunted, json)
    if hunted.error is not None:
        raise hunted.error
    raise typer.Exit(hunted.exit_code)


@app.command()
def shrink(
    run: RunArgument,
    any_failure: Annotated[bool, typer.Option("--any", help="Let any failure count, not only the same one.")] = False,
    store: StoreOption = Path("store"),
    json: JsonOption = False,
) -> None:
    """Find the smallest workload and faults that still break a failing run."""
    from clew.harness.cli.hunt_output import interruptible
    from clew.harness.cli.shrink_output import progress, tell
    from clew.harness.shrink import shrink_run
    from clew.harness.store.folder import find_run

    folder = find_run(run)
    with interruptible(), progress(json) as watch:
        shrunk = shrink_run(folder, any_failure=any_failure, into=store, watch=watch)
    tell(shrunk, json)
    raise typer.Exit(shrunk.result.exit_code)


@app.command()
def replay(
    run: RunArgument,
    nodes: NodesOption = NodesChoice.process,
    times: Annotated[int, typer.Option(help="Again so often, and say how often it failed.", min=1, max=1000)] = 1,
    store: StoreOption = Path("store"),
    json: JsonOption = False,
) -> None:
    """Run a recorded run again, and compare the histories byte for byte."""
    from clew.harness.cli.foreground import foreground
    from clew.harness.replay import difference, together, words
    from clew.harness.replay import replay as replay_run
    from clew.harness.store.folder import find_run

    folder = find_run(run)
    done = []
    with contextlib.redirect_stdout(sys.stderr):
        plan = folder.read_plan()
        for _ in range(times):
            again = foreground(
                plan,
                json,
                lambda watch, stop: replay_run(folder, nodes=nodes.value, into=store, watch=watch, stop=stop),
            )
            done.append(again)
            if again.interrupted:
                break
    every, differs = together(done), difference(folder.path, done)
    if json and times > 1:
        import msgspec

        print(msgspec.json.encode(every).decode())
    elif not json:
        print("".join(f"{line}\n" for line in words(every, again)), end="")
    if differs is not None:
        _refuse(differs, INTERNAL_ERROR)
    if json and times > 1:
        raise typer.Exit(every.exit_code)
    _tell(again.result, json)


@app.command()
def check(
    histories: Annotated[list[str], typer.Argument(metavar="RUN|HISTORY...", help="Run folders, files, patterns.")],
    model: Annotated[str | None, typer.Option(help="What they are histories of; they may say so themselves.")] = None,
    format: Annotated[str | None, typer.Option(help="jsonl, edn, jepsen-log, ...; found out unless given.")] = None,
    budget: Annotated[str, typer.Option(help="What the checker may use for each: time, memory or both.")] = "60s,1GiB",
    engine: Annotated[str, typer.Option(help="One engine instead of whichever is best.")] = "competition",
    cut: Annotated[
        bool, typer.Option("--cut", help="Check a file that is cut in the middle of a line up to there.")
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Look at all keys, and not only until one is not linearizable.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Decide whether recorded histories are linearizable."""
    from functools import partial

    from clew.harness.check import budget_of, check_file, check_files, exit_code, expand
    from clew.harness.cli.console import table, tell

    paths = expand(histories)
    judge = partial(
        check_file, model=model, format=format, budget=budget_of(budget), engine=engine, keep_going=keep_going, cut=cut
    )
    if len(paths) == 1:
        checked = [judge(paths[0])]
        assert checked[0].result is not None
        tell(checked[0].result, json, engine=checked[0].engine, seconds=checked[0].seconds)
    else:
        checked = table(check_files(paths, judge), json)
    raise typer.Exit(exit_code(checked))


@app.command()
def export(
    history: Annotated[Path, typer.Argument(metavar="RUN|HISTORY", help="A run folder or a history.")],
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; .edn or .jsonl says the format.")],
    to: Annotated[str | None, typer.Option(help="jsonl or edn, whatever the file is called.")] = None,
    format: Annotated[str | None, typer.Option(help="The format it is in; found out unless given.")] = None,
) -> None:
    """Write a history in another format: Jepsen's EDN or clew's JSON lines."""
    from clew.harness.check import export as write_history

    print(f"{write_history(history, target, read_as=format, write_as=to)} events written to {target}")


@app.command()
def show(
    history: Annotated[Path, typer.Argument(metavar="RUN|HISTORY", help="A run folder or a history in any format.")],
    process: Annotated[int | None, typer.Option(help="Only operations of this process.")] = None,
    key: Annotated[str | None, typer.Option(help="Only operations on this key.")] = None,
    f: Annotated[str | None, typer.Option("--f", help="Only operations of this function, e.g. cas.")] = None,
    type: Annotated[
        str | None, typer.Option(help="Only operations that ended so: ok, fail, info; invoke: open.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="TIME", help="Only after this, e.g. 1.5s.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Only before this.")] = None,
    around: Annotated[int | None, typer.Option(metavar="INDEX", help="Only what is around this event.")] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Only operations with an error.")] = False,
    stats: Annotated[
        bool, typer.Option("--stats", help="Counts, rates and latencies, also during each fault.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="What the history is a history of; it may say so itself.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Look at a recorded run: the verdict, and the part that matters as a diagram."""
    import msgspec

    from clew.harness.cli.pager import page
    from clew.harness.store.record import read_record
    from clew.harness.view.show import Filter, as_json, moment
    from clew.harness.view.show import show as lines

    wanted = Filter(process, key, f, type, moment(start, "--from"), moment(end, "--to"), around, errors)
    run = read_record(history, model)
    if json:
        print(msgspec.json.encode(as_json(run, wanted, stats)).decode())
    else:
        page(lambda width: lines(run, wanted, width=width, stats=stats))


@app.command()
def report(
    history: Annotated[Path, typer.Argument(metavar="RUN|HISTORY", help="A run folder or a history in any format.")],
    out: Annotated[Path | None, typer.Option(help="The file to write; a run's own report.html by default.")] = None,
    png: Annotated[bool, typer.Option("--png", help="Pictures as PNG files too; takes a headless Chromium.")] = False,
    dark: Annotated[bool, typer.Option("--dark", help="With --png: on a dark background.")] = False,
    model: Annotated[str | None, typer.Option(help="What the history is a history of; it may say so itself.")] = None,
) -> None:
    """Make the page of a run or a history, and pictures for a paper."""
    from clew.harness.view.report.write import write

    for path in write(history, out, png=png, dark=dark, model=model):
        print(path)


@app.command()
def diff(
    one: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or a history in any format.")],
    other: Annotated[Path, typer.Argument(metavar="RUN", help="Another one, of the same plan as a rule.")],
    json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Find the first event where two runs part. Exits with 0 if they do not, 1 if they do."""
    import msgspec

    from clew.harness.cli.pager import page
    from clew.harness.view.diff import diff as compare
    from clew.harness.view.diff import tell

    found = compare(one, other)
    if json:
        print(msgspec.json.encode(found).decode())
    else:
        page(lambda width: tell(found, width))
    raise typer.Exit(0 if found.same else 1)


@app.command()
def serve(
    store: StoreOption = Path("store"),
    host: Annotated[
        str,
        typer.Option(
            help="The address to listen on; if not this machine's own, all who reach it can read it, by its address or "
            "the name of this machine."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 for any that is free.", min=0, max=65535)] = 8080,
) -> None:
    """Serve the store as a local web page: all runs as a table, with their reports, until Ctrl-C."""
    from clew.harness.view.serve import serve as serve_store

    serve_store(store, host, port)


@app.command()
def plans() -> None:
    """List the shipped plans."""
    from clew.harness.plan import shipped

    for name, comment in shipped():
        print(name)
        for line in comment.splitlines():
            print(f"    {line}")


@app.command()
def systems() -> None:
    """List the systems there are, with their known-broken variants."""
    import clew.systems as known

    for name in known.names():
        system = known.find_system(name)
        print(f"{name}: {system.summary}")
        variants = system.variants.values() if isinstance(system, known.Protocol) else ()
        for variant in variants:
            print(f"    {variant.name}: {variant.summary}")


def _tell(result: Result, json: bool) -> NoReturn:
    from clew.harness.cli.console import tell

    tell(result, json)
    raise typer.Exit(result.exit_code)


def _refuse(message: str, code: int) -> NoReturn:
    from clew.histories.text import printable

    print(f"clew: {printable(message)}", file=sys.stderr)
    sys.exit(code)


def main() -> None:
    """The console script. A user's mistake is one line on stderr and exit code 254, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A plan's name need not fit the terminal's encoding.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(standalone_mode=False)
        if sys.stdout is not None:
            # What is still held back may find its reader gone, and that is to be known here.
            sys.stdout.flush()
    except SystemExit as end:
        # This is how typer and rich end when whoever reads our output is gone; 1 would mean invalid.
        if end.code != 1:
            raise
        reader_gone()
    except BrokenPipeError:
        reader_gone()
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        _refuse(f"{error.strerror or error}{place}", INTERNAL_ERROR)
    except Exception as error:
        if isinstance(error, MachineError):
            _refuse(str(error), INTERNAL_ERROR)
        if _is_mistake(error):
            _refuse(error.format_message() if hasattr(error, "format_message") else str(error), BAD_ARGUMENTS)
        traceback.print_exc()
        _refuse("this is a mistake in clew, not yours", INTERNAL_ERROR)
    if code == INTERRUPTED:
        _refuse("interrupted", INTERNAL_ERROR)
    sys.exit(code)


def _is_mistake(error: Exception) -> bool:
    """Whether an exception is about what the user asked for: a plan, a history, a run, an option."""
    if hasattr(error, "format_message"):
        # Whatever the parser of the command line raises: typer brings it along, in a module that is not public.
        return True
    from clew.harness.plan import PlanError
    from clew.harness.store.folder import NoRun
    from clew.harness.view.browser import NoBrowser
    from clew.histories import HistoryError

    return isinstance(error, PlanError | NoRun | NoBrowser | HistoryError | UserError)
