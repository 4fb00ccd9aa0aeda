"""Every known-broken variant of every system: is it found, how soon, and how small does its failure get?

A variant is looked for with the shipped plan `<system>-<variant>`, by what a client can see if the plan checks that.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import trio

from harness.hunt.trial import trial
from harness.plan import load, resolve, shipped
from harness.run import run
from harness.shrink import shrink_run
from harness.store import RunFolder
from harness.unwrap import unwrapped
from systems import find, names

STARTS = 10
STRIDE = 10_000
"""Between the first seeds of two starts."""
SEEDS_MOST = 500
"""Seeds after which a variant counts as not found."""
SEEN_BY_CLIENTS = ("linearizable", "liveness")


class Bug(msgspec.Struct, frozen=True):
    """What the bench found of one variant; None where there is nothing to say, for it was not found."""

    system: str
    variant: str
    seeds: int | None
    seconds: float | None
    operations: int | None
    faults: int | None
    nodes: int | None
    shrink_seconds: float | None


def bugs(only: Sequence[str] = ()) -> Iterator[tuple[str, str, str]]:
    """System, variant and plan of every variant that a shipped plan of its name looks for; `only` of these systems."""
    plans = {name for name, _ in shipped()}
    for system in names():
        if only and system not in only:
            continue
        for variant in find(system).variants:
            plan = f"{system}-{variant}"
            if plan in plans:
                yield system, variant, plan


def seeds_to_failure(plan: str, first: int, most: int = SEEDS_MOST) -> int | None:
    """How many seeds, from this one on, until a client sees the plan's system break; None if more than `most`."""
    source = load(plan)
    for tried in range(most):
        failure = trial(resolve(source, first + tried)).failure
        if failure is not None and failure.check in SEEN_BY_CLIENTS:
            return tried + 1
    return None


def measure(system: str, variant: str, plan: str, starts: int = STARTS) -> Bug:
    """Hunt for a variant from that many starts, and shrink the failure of the first."""
    missed = Bug(system, variant, None, None, None, None, None, None)
    # Compiling the checker takes seconds, and says nothing about the variant.
    trial(resolve(load(plan), 0))
    seeds: list[int] = []
    seconds: list[float] = []
    for start in range(starts):
        began = time.perf_counter()
        took = seeds_to_failure(plan, start * STRIDE)
        if took is None:
            return missed
        seeds.append(took)
        seconds.append(time.perf_counter() - began)
    failing = resolve(load(plan), seeds[0] - 1)
    with tempfile.TemporaryDirectory() as store, unwrapped():
        result = trio.run(lambda: run(failing, nodes="inline", into=Path(store)))
        assert result.run is not None
        began = time.perf_counter()
        shrunk = shrink_run(RunFolder(Path(result.run)), into=Path(store))
        shrinking = time.perf_counter() - began
    return Bug(
        system,
        variant,
        round(statistics.median(seeds)),
        round(statistics.median(seconds), 2),
        shrunk.operations,
        shrunk.faults,
        shrunk.plan.system.nodes,
        round(shrinking, 1),
    )


HEAD = (
    "system",
    "variant",
    "found after seeds",
    "seconds",
    "shrunk to operations",
    "faults",
    "nodes",
    "seconds to shrink",
)


def table(found: Sequence[Bug]) -> str:
    """The bugs as a table in Markdown."""
    rows = [HEAD, tuple("---" for _ in HEAD)]
    for bug in found:
        cells = msgspec.structs.astuple(bug)
        rows.append(tuple("not found" if cell is None else str(cell) for cell in cells))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def documented(page: str) -> dict[tuple[str, str], int]:
    """From a page with such a table: the seeds after which each variant was found."""
    rows = [[cell.strip() for cell in line.strip("| \n").split("|")] for line in page.splitlines() if line[:1] == "|"]
    return {(row[0], row[1]): int(row[2]) for row in rows if len(row) == len(HEAD) and row[2].isdigit()}


def rewritten(page: str, found: Sequence[Bug]) -> str:
    """The page with its table (all lines that begin with a bar) replaced."""
    lines = page.splitlines(keepends=True)
    first = next((i for i, line in enumerate(lines) if line.startswith("|")), len(lines))
    rest = [line for line in lines[first:] if not line.startswith("|")]
    return "".join(lines[:first]) + table(found) + "".join(rest)
