"""A live run again, on the terminal: a line while each run goes on, a line for each that ended, and how many failed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING

from clew.harness.cli.foreground import run_in_foreground
from clew.harness.cli.output.json_line import print_json
from clew.harness.cli.output.result import print_result
from clew.harness.cli.output.run_progress import RunProgress
from clew.harness.cli.output.wrap import plain
from clew.harness.repeat import Repeat, original_of, repeat, together, words
from clew.harness.store.folder import NotKept, RunFolder
from clew.histories.text import printable

if TYPE_CHECKING:
    import trio


def repeat_and_print(folder: RunFolder, times: int, *, into: Path, json: bool) -> int:
    """Run the plan of a live run again so many times, print what comes of it, and return the exit code.

    The first Ctrl-C stops the current run, which is judged, and ends the command; the second one raises
    `KeyboardInterrupt`. Raises what `original_of` and `run` raise.
    """
    repeats: list[Repeat] = []
    unkept: NotKept | None = None
    stops: list[trio.CancelScope] = []
    with contextlib.redirect_stdout(sys.stderr):
        original = original_of(folder)
    for number in range(1, times + 1):
        place = f"run {number} of {times}, {sum(one.failed for one in repeats)} failed  " if times > 1 else ""
        progress = RunProgress(original.plan, quiet=json, before=place)

        def again(stop: trio.CancelScope, progress: RunProgress = progress) -> Awaitable[Repeat]:
            # A run that is judged already is whole: only its scope knows that Ctrl-C has come.
            stops[:] = [stop]
            return repeat(original, into=into, watch=progress.watch, stop=stop)

        try:
            with contextlib.redirect_stdout(sys.stderr):
                repeats.append(run_in_foreground(again, progress.show))
        except NotKept as error:
            unkept = error
            break
        if times > 1 and not json:
            _print_line(number, repeats[-1])
        if repeats[-1].interrupted or stops[0].cancel_called:
            break
    if unkept is not None:
        print_result(unkept.result, json)
        raise unkept
    every = together(original, repeats)
    if times == 1:
        print_result(repeats[0].result, json)
        if not json:
            plain(printable(words(every, times)))
        return repeats[0].result.exit_code
    if json:
        print_json(every)
    else:
        plain(printable(words(every, times)))
    return every.exit_code


def _print_line(number: int, one: Repeat) -> None:
    result = one.result
    told = result.happened or (result.error or "").partition("\n")[0] or result.verdict
    other = "" if one.same or not one.failed else " (another failure)"
    ended = ", interrupted" if one.interrupted else ""
    print(f"run {number}{ended}: {printable(told)}{other}  {result.run}", flush=True)
