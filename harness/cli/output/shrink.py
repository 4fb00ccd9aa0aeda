"""What a person sees of a shrink: a line for each step while it goes on, and the shrunk plan at its end."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from clew.harness.plan import Plan
from clew.harness.shrink.run import Shrunk
from clew.histories.text import plural


@contextlib.contextmanager
def progress(quiet: bool) -> Iterator[Callable[[Plan], None]]:
    """Each step that made the plan smaller, on the terminal, if there is one."""

    def show(plan: Plan) -> None:
        if not quiet and sys.stderr.isatty():
            operations = plan.workload.operations
            count = len(operations) if isinstance(operations, tuple) else 0
            line = (plural(count, "operation"), plural(len(plan.nemesis), "fault"), plural(plan.system.nodes, "node"))
            print(", ".join(line), file=sys.stderr)

    yield show


def tell(shrunk: Shrunk, json: bool) -> None:
    """The verdict object of the shrunk run; or its plan, story first, and where it is."""
    result = shrunk.result
    if json:
        print(msgspec.json.encode(result).decode())
        return
    assert result.run is not None
    print((Path(result.run) / "plan.yaml").read_text())
    cut = "interrupted: the best so far" if shrunk.interrupted else "shrunk"
    print(
        f"{cut} to {plural(shrunk.operations, 'operation')} and {plural(shrunk.faults, 'fault')} on "
        f"{plural(shrunk.plan.system.nodes, 'node')} after {plural(shrunk.candidates, 'candidate')}"
    )
    print(f"run: {result.run}")
