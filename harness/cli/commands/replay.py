"""`clew replay`: run a recorded run again."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clew.harness.cli.options import NodesChoice, NodesOption, RunArgument, StoreOption, VerdictJsonOption

if TYPE_CHECKING:
    from collections.abc import Awaitable

    import trio

    from clew.harness.cli.output.run_progress import RunProgress
    from clew.harness.replay import Replay


def replay(
    run: RunArgument,
    nodes: NodesOption = NodesChoice.process,
    times: Annotated[
        int, typer.Option(help="Replay this many times, and say how often it failed.", min=1, max=1000)
    ] = 1,
    store: StoreOption = Path("store"),
    json: VerdictJsonOption = False,
) -> None:
    """Run a recorded run again and compare the histories.

    Those of a simulation must be the same, byte for byte. Live runs never are: they are counted.
    """
    from clew.harness.cli.foreground import run_in_foreground
    from clew.harness.cli.output.json_line import print_json
    from clew.harness.cli.output.result import print_result
    from clew.harness.cli.output.run_progress import RunProgress
    from clew.harness.cli.output.wrap import plain
    from clew.harness.cli.signals import stop_signals
    from clew.harness.exit_codes import INTERNAL_ERROR
    from clew.harness.replay import difference, together, words
    from clew.harness.replay import replay as replay_run
    from clew.harness.store.folder import NotKept, find_run
    from clew.histories.text import printable

    folder = find_run(run)
    if folder.read_plan().runtime == "live":
        from clew.harness.cli.output.repeats import repeat_and_print

        raise typer.Exit(repeat_and_print(folder, times, into=store, json=json))
    replays: list[Replay] = []
    unkept: NotKept | None = None
    stops: list[trio.CancelScope] = []
    with contextlib.redirect_stdout(sys.stderr), stop_signals():
        plan = folder.read_plan()
        while len(replays) < times and not any(stop.cancel_called for stop in stops):
            progress = RunProgress(plan, quiet=json)

            def again(stop: trio.CancelScope, progress: RunProgress = progress) -> Awaitable[Replay]:
                # A run that is judged already is whole: only its scope knows that Ctrl-C has come.
                stops[:] = [stop]
                return replay_run(folder, nodes=nodes.value, into=store, watch=progress.watch, stop=stop)

            try:
                replays.append(run_in_foreground(again, progress.show))
            except NotKept as error:
                unkept = error
                break
            except KeyboardInterrupt:
                # Between two runs, or the second one within a run. What is known by now is told.
                if not replays:
                    raise
                break
    if unkept is not None:
        # It cannot be compared. What it came to is told all the same.
        print_result(unkept.result, json)
        raise unkept
    summary, last = together(replays), replays[-1]
    if json and times > 1:
        print_json(summary)
    elif not json:
        for line in words(summary, last):
            plain(line)
    different = difference(folder.path, replays)
    if different is not None:
        plain(f"clew: {printable(different)}", indent=6, stderr=True)
        raise typer.Exit(INTERNAL_ERROR)
    if json and times > 1:
        raise typer.Exit(summary.exit_code)
    print_result(last.result, json)
    raise typer.Exit(last.result.exit_code)
