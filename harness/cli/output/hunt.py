"""A hunt on the terminal: a line while it goes on, and two tables at the end. Plain text when piped."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

import msgspec

from clew.harness.hunt.coverage import coverage
from clew.harness.hunt.hunt import KEPT, Found, Hunt
from clew.harness.verdict.result import Result
from clew.histories.text import plural, printable

REFRESH_SECONDS = 0.1
SEEDS_SHOWN = 10
"""How many seeds a row of the table names."""
PIPE_WIDTH = 400
"""The width of a table that is piped, in characters: wide enough that nothing is cut off."""


@contextlib.contextmanager
def hunt_progress(title: str, *, quiet: bool) -> Iterator[Callable[[Hunt], None]]:
    """Yield a function that shows seeds, faults and failures so far in one line, if stderr is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda hunt: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(f"{title}  starting") as status:
        shown = 0.0

        def show(hunt: Hunt) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown >= REFRESH_SECONDS:
                shown = now
                faults = hunt.counts["faults"].total()
                rate = hunt.seeds / max(hunt.seconds, 1e-9)
                line = f"{title}  {plural(hunt.seeds, 'seed')}  {rate:,.1f} a second  {plural(faults, 'fault')}  "
                line += plural(len(hunt.failures), "failure")
                status.update(Text(line, no_wrap=True, overflow="ellipsis"))

        yield show


def print_failing_seed(found: Found, result: Result | None, json: bool) -> None:
    """Print that a seed fails: the verdict of its run as JSON, or one line."""
    if not json:
        # Of a part that broke, the signature has the error in few words.
        told = found.happened if found.signature.error is None else None
        print(f"seed {found.seed} fails: {printable(told or str(found.signature))}", flush=True)
    elif result is not None:
        print(msgspec.json.encode(result).decode(), flush=True)
    else:
        # The run could not be stored.
        print(
            msgspec.json.encode(
                {"seed": found.seed, "failure": str(found.signature), "happened": found.happened}
            ).decode(),
            flush=True,
        )


def print_hunt(hunt: Hunt, json: bool) -> None:
    """Print the result of a hunt: one JSON object, or the failures by what broke and the coverage.

    In words, print nothing if an error ended the hunt before its first seed was tried: the error says it all.
    """
    if json:
        print(msgspec.json.encode(hunt.summary()).decode())
        return
    if hunt.error is not None and not hunt.seeds:
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(soft_wrap=True, highlight=False)
    rate = hunt.seeds / max(hunt.seconds, 1e-9)
    ended = ", interrupted" if hunt.interrupted else ", broken off" if hunt.error is not None else ""
    undecided = f", {hunt.undecided} undecided" if hunt.undecided else ""
    console.print(
        f"{plural(hunt.seeds, 'seed')} in {hunt.seconds:.1f} s ({rate:.1f} a second{ended}): "
        f"{len(hunt.failures)} fail{undecided}"
    )
    if hunt.failures:
        table = Table("what broke", "counterexample", "runs", "seeds", "first run", box=None, pad_edge=False)
        for signature, found in hunt.groups().items():
            seeds = [str(one.seed) for one in found[:SEEDS_SHOWN]] + ["..."] * (len(found) > SEEDS_SHOWN)
            detail = signature.error or signature.invariant
            broke = signature.broke if detail is None else f"{signature.broke}, {printable(detail)}"
            table.add_row(
                broke, ", ".join(signature.counterexample), str(len(found)), " ".join(seeds), found[0].run or ""
            )
        _print_whole(table)
        if len(hunt.failures) > KEPT:
            console.print(
                f"the first {len(hunt.failures) - hunt.unkept} failing runs have folders; the other {hunt.unkept} "
                "have none"
            )
        elif hunt.unkept == 1:
            console.print("the last failing run has no folder: the hunt ended before it was kept")
        elif hunt.unkept:
            console.print(f"the last {hunt.unkept} failing runs have no folder: the hunt ended before they were kept")
    if not hunt.seeds:
        return
    table = Table("coverage", "count", "", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for what, count, share in coverage(hunt.counts, hunt.seeds):
        table.add_row(what, f"{count:,}", share)
    _print_whole(table)


def _print_whole(table: object) -> None:
    """Print a table. rich makes up a width for a pipe and would cut the table to it."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPE_WIDTH)
    with console.capture() as printed:
        console.print(table)
    # rich fills up every line with spaces, to the width of the table.
    print("\n" + "\n".join(line.rstrip() for line in printed.get().splitlines()))
