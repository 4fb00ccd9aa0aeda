"""A shrink on the terminal: a line for each smaller plan, and the smallest plan at the end."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from clew.harness.cli.output.ascii import spinner
from clew.harness.cli.output.json_line import print_json
from clew.harness.cli.output.wrap import plain, story
from clew.harness.plan import Plan
from clew.harness.shrink.fails_live import Search
from clew.harness.shrink.run import Shrunk
from clew.harness.shrink.run_live import ShrunkLive
from clew.harness.shrink.shrink import Tried
from clew.histories.text import plural

LINES_MOST = 40
"""A live plan with its story that has more lines is not printed whole on a terminal."""
STORY_LINES = 20
"""The lines of the story that are printed then."""


def shrink_progress(*, quiet: bool) -> Callable[[Plan], None]:
    """A function that prints the size of a plan, if stderr is a terminal and not `quiet`."""

    def show(plan: Plan) -> None:
        if not quiet and sys.stderr.isatty():
            print(_size(plan), file=sys.stderr)

    return show


def _size(plan: Plan) -> str:
    operations = plan.workload.operations
    count = len(operations) if isinstance(operations, tuple) else 0
    return ", ".join(
        (plural(count, "operation"), plural(len(plan.nemesis), "fault"), plural(plan.system.nodes, "node"))
    )


@contextlib.contextmanager
def live_shrink_progress(*, quiet: bool) -> Iterator[Callable[[Search], None]]:
    """Yield a function that shows how far the shrink of a live run is, in one line, if stderr is a terminal."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield lambda search: None
        return
    from rich.console import Console
    from rich.text import Text

    class Line:
        """Written anew whenever the terminal is refreshed: the seconds go on during a run."""

        def __init__(self, search: Search) -> None:
            self.search = search

        def __rich__(self) -> Text:
            return Text(live_line(self.search), no_wrap=True, overflow="ellipsis")

    with Console(stderr=True).status("starting", spinner=spinner()) as status:
        yield lambda search: status.update(Line(search))


def live_line(search: Search) -> str:
    """The line of progress: time, what is being found out, and the smallest plan so far."""
    place = f"{search.spent:.0f} of {search.seconds:.0f} s  {plural(search.runs, 'run')}  "
    count = search.count
    if search.rule is None:
        return f"{place}how often does it fail? {count} so far"
    if search.best is None:
        return f"{place}with all operations and faults as a list: failed {count}, must fail {search.rule}"
    return f"{place}{_size(search.best)}  candidate {search.candidates}: failed {count}, must fail {search.rule}"


def print_shrunk(shrunk: Shrunk, json: bool) -> None:
    """Print the verdict of the shrunk run as JSON; or its plan with the story, and where the run is, if it was kept."""
    result = shrunk.result
    if json:
        print_json(result)
        return
    _print_plan(shrunk.text)
    cut = "interrupted: shrunk so far" if shrunk.interrupted else "shrunk"
    plain(
        f"{cut} to {plural(shrunk.operations, 'operation')} and {plural(shrunk.faults, 'fault')} on "
        f"{plural(shrunk.plan.system.nodes, 'node')} after {plural(shrunk.candidates, 'candidate')}"
    )
    if shrunk.tried is Tried.LEAVING_OUT:
        plain(
            "the budget of the search is spent before every other arrangement was tried; nothing can be left out alone"
        )
    if shrunk.tried is Tried.PART and not shrunk.interrupted:
        plain(
            "the budget of the search is spent before everything was tried: fewer operations and faults may be enough"
        )
    if result.run is not None:
        plain(f"run: {result.run}")


def print_shrunk_live(shrunk: ShrunkLive, json: bool) -> None:
    """Print the verdict of the kept run as JSON; or its plan with the story, how often it failed, and its folder."""
    if json:
        print_json(shrunk.result)
        return
    _print_live_plan(shrunk)
    cut = "interrupted: shrunk so far" if shrunk.interrupted else "shrunk"
    plain(
        f"{cut} to {plural(shrunk.operations, 'operation')} and {plural(shrunk.faults, 'fault')} on "
        f"{plural(shrunk.plan.system.nodes, 'node')} after {plural(shrunk.candidates, 'candidate')}, "
        f"{plural(shrunk.runs, 'run')} and {shrunk.seconds:.0f} s"
    )
    plain(f"failed {shrunk.failed} of {plural(shrunk.times, 'time')}; a candidate had to fail {shrunk.rule}")
    if shrunk.hurried:
        plain("the time was over before it was run as often as it should be: --time gives it more")
    if shrunk.tried is Tried.PART and not shrunk.interrupted:
        plain("the time of the search was over before everything was tried: --time gives it more")
    plain(f"run: {shrunk.result.run}")


def _print_plan(text: str) -> None:
    for line in text.split("\n"):
        # Only the story wraps: a line of YAML that is broken may not be the same plan.
        story(line) if line.startswith("#") else print(line)


def _print_live_plan(shrunk: ShrunkLive) -> None:
    """Print the plan with its story; on a terminal, only the beginning of a long story and where the plan is."""
    lines = shrunk.text.splitlines()
    if len(lines) <= LINES_MOST or not sys.stdout.isatty():
        _print_plan(shrunk.text)
        return
    told = [line for line in lines if line.startswith("#")][:STORY_LINES]
    _print_plan("\n".join(told))
    plain(f"... {len(lines) - len(told)} lines more: {shrunk.result.run}/plan.yaml\n")
