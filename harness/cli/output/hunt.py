"""A hunt on the terminal: a line while it goes on, and two tables at the end. Plain text when piped."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from clew.harness.cli.output.wrap import plain
from clew.harness.hunt.coverage import coverage
from clew.harness.hunt.hunt import KEPT, Found, Hunt
from clew.harness.verdict.result import Result
from clew.histories.text import plural, printable

REFRESH_SECONDS = 0.1
SEEDS_SHOWN = 10
"""How many seeds a row of the table names."""


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
        plain(f"seed {found.seed} fails: {printable(told or str(found.signature))}", indent=4)
        sys.stdout.flush()
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
    rate = hunt.seeds / max(hunt.seconds, 1e-9)
    ended = ", interrupted" if hunt.interrupted else ", broken off" if hunt.error is not None else ""
    undecided = f", {hunt.undecided} undecided" if hunt.undecided else ""
    plain(
        f"{plural(hunt.seeds, 'seed')} in {hunt.seconds:.1f} s ({rate:.1f} a second{ended}): "
        f"{len(hunt.failures)} fail{undecided}"
    )
    if hunt.failures:
        heads = ("what broke", "counterexample", "runs", "seeds", "first run")
        rows = []
        for signature, found in hunt.groups().items():
            seeds = [str(one.seed) for one in found[:SEEDS_SHOWN]] + ["..."] * (len(found) > SEEDS_SHOWN)
            detail = signature.error or signature.invariant
            broke = signature.broke if detail is None else f"{signature.broke}, {printable(detail)}"
            counterexample, run = ", ".join(signature.counterexample), found[0].run or ""
            rows.append((broke, counterexample, str(len(found)), " ".join(seeds), run))
        _print_table(heads, rows)
        if len(hunt.failures) > KEPT:
            plain(
                f"the first {len(hunt.failures) - hunt.unkept} failing runs have folders; the other {hunt.unkept} "
                "have none"
            )
        elif hunt.unkept == 1:
            plain("the last failing run has no folder: the hunt ended before it was kept")
        elif hunt.unkept:
            plain(f"the last {hunt.unkept} failing runs have no folder: the hunt ended before they were kept")
    if not hunt.seeds:
        return
    counts = [(what, f"{count:,}", share) for what, count, share in coverage(hunt.counts, hunt.seeds)]
    _print_table(("coverage", "count", ""), counts, right=1)


def _print_table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, right: int | None = None) -> None:
    """Print a table, or one block of lines for each row if it has many columns and the terminal is too narrow.

    The cells of the column `right` end at its right side. Nothing is cut off.
    """
    wide = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    print()
    if sys.stdout.isatty() and len(heads) > 3 and sum(wide) + 2 * len(wide) > shutil.get_terminal_size().columns:
        label = max(map(len, heads)) + 2
        for row in rows:
            for head, cell in zip(heads, row, strict=True):
                if cell:
                    plain(f"{head:<{label}}{cell}", indent=label)
            if row is not rows[-1]:
                print()
        return
    for row in (heads, *rows):
        cells = [f"{cell:>{width}}" if at == right else f"{cell:<{width}}"
                 for at, (cell, width) in enumerate(zip(row, wide, strict=True))]  # fmt: skip
        plain("  ".join(cells).rstrip(), indent=4)
