"""A hunt on the terminal: a line while it goes on, and two tables at the end. Plain text when piped."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from clew.harness.cli.output.ascii import spinner
from clew.harness.cli.output.json_line import print_json
from clew.harness.cli.output.wrap import plain
from clew.harness.hunt.coverage import coverage
from clew.harness.hunt.hunt import KEPT, Found, Hunt
from clew.harness.verdict.result import Result
from clew.histories.text import plural, printable

if TYPE_CHECKING:
    from rich.text import Text

SEEDS_SHOWN = 10
"""How many seeds a row of the table names."""


class HuntLine:
    """The line that a terminal shows while a hunt goes on: `swarm  41 of 60 seeds  10.2 a second  about 2 s left`.

    `total` is how many seeds there are, and `limit` how many seconds the hunt may take, if these are known.
    """

    def __init__(self, title: str, total: int | None, limit: float | None, clock: Callable[[], float]) -> None:
        self._title, self._total, self._limit, self._clock = title, total, limit, clock
        self._began = clock()
        self._hunt: Hunt | None = None

    def watch(self, hunt: Hunt) -> None:
        """Show this hunt from now on. It is kept up to date."""
        self._hunt = hunt

    def text(self) -> str:
        """The line as it is now."""
        hunt = self._hunt or Hunt()
        elapsed = self._clock() - self._began
        seeds = (
            plural(hunt.seeds, "seed") if self._total is None else f"{hunt.seeds:,} of {plural(self._total, 'seed')}"
        )
        words = [self._title, seeds]
        if hunt.seeds:
            rate = hunt.seeds / max(elapsed, 1e-9)
            words.append(f"{rate:,.1f} a second")
        words.append(self._left(hunt.seeds, elapsed))
        if hunt.seeds:
            faults = hunt.counts["faults"].total() if "faults" in hunt.counts else 0
            words += [plural(faults, "fault"), plural(len(hunt.failures), "failure")]
        return "  ".join(words)

    def _left(self, seeds: int, elapsed: float) -> str:
        """How much time is left, as far as that is known; otherwise how much has passed."""
        left = [] if self._limit is None else [max(self._limit - elapsed, 0.0)]
        if self._total is not None and seeds:
            left.append((self._total - seeds) * elapsed / seeds)
        return f"about {_seconds(min(left))} left" if left else _seconds(elapsed)

    def __rich__(self) -> Text:
        """rich asks for this several times a second, so that time passes even if no seed ends."""
        from rich.text import Text

        return Text(self.text(), no_wrap=True, overflow="ellipsis")


def _seconds(seconds: float) -> str:
    """`8 s`, `4 min`, `2.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6_000 else f"{seconds / 3_600:.1f} h"


@contextlib.contextmanager
def hunt_progress(
    title: str, *, quiet: bool, total: int | None = None, limit: float | None = None
) -> Iterator[Callable[[Hunt], None]]:
    """Yield a function that shows how far a hunt is in one line, if stderr is a terminal; see `HuntLine`."""
    if quiet or not sys.stderr.isatty():
        yield lambda hunt: None
        return
    from rich.console import Console

    line = HuntLine(printable(title), total, limit, time.monotonic)
    with Console(stderr=True).status(line, spinner=spinner()):
        yield line.watch


def print_failing_seed(found: Found, result: Result | None, json: bool) -> None:
    """Print that a seed fails: the verdict of its run as JSON, or one line."""
    if not json:
        # Of a part that broke, the signature has the error in few words.
        told = found.happened if found.signature.error is None else None
        plain(f"seed {found.seed} fails: {printable(told or str(found.signature))}", indent=4)
        sys.stdout.flush()
    elif result is not None:
        print_json(result)
    else:
        # The run could not be stored.
        print_json({"seed": found.seed, "failure": str(found.signature), "happened": found.happened})


def print_hunt(hunt: Hunt, json: bool) -> None:
    """Print the result of a hunt: one JSON object, or the failures by what broke and the coverage.

    In words, print nothing if an error ended the hunt before its first seed was tried: the error says it all.
    """
    if json:
        print_json(hunt.summary())
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
