"""A shrink on the terminal: a line for each smaller plan, and the smallest plan at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable

import msgspec

from clew.harness.cli.output.wrap import plain, story
from clew.harness.plan import Plan
from clew.harness.shrink.run import Shrunk
from clew.harness.shrink.shrink import Tried
from clew.histories.text import plural


def shrink_progress(*, quiet: bool) -> Callable[[Plan], None]:
    """A function that prints the size of a plan, if stderr is a terminal and not `quiet`."""

    def show(plan: Plan) -> None:
        if not quiet and sys.stderr.isatty():
            operations = plan.workload.operations
            count = len(operations) if isinstance(operations, tuple) else 0
            line = (plural(count, "operation"), plural(len(plan.nemesis), "fault"), plural(plan.system.nodes, "node"))
            print(", ".join(line), file=sys.stderr)

    return show


def print_shrunk(shrunk: Shrunk, json: bool) -> None:
    """Print the verdict of the shrunk run as JSON; or its plan with the story, and where the run is, if it was kept."""
    result = shrunk.result
    if json:
        print(msgspec.json.encode(result).decode())
        return
    for line in shrunk.text.split("\n"):
        # Only the story wraps: a line of YAML that is broken may not be the same plan.
        story(line) if line.startswith("#") else print(line)
    cut = "interrupted: the best so far" if shrunk.interrupted else "shrunk"
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
