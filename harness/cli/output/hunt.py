"""What a person sees of a campaign: a line while it goes on, and two tables at its end. Plain text when piped."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType

import msgspec

from clew.harness.hunt.coverage import coverage
from clew.harness.hunt.hunt import KEPT, Found, Hunt
from clew.harness.verdict.result import Result
from clew.histories.text import plural, printable

REFRESH = 0.1
"""Seconds between two looks at the progress."""
SEEDS_SHOWN = 10


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and SIGHUP end what goes on in the block as Ctrl-C does, and Ctrl-C does so wherever it was started.

    A shell has what it starts in the background ignore SIGINT, and then SIGTERM could not pass for one. Only a SIGHUP
    that is ignored stays so: that is what `nohup` is for.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        # Python, or trio while it runs, knows where it may be interrupted by this one.
        signal.raise_signal(signal.SIGINT)

    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: interrupt, signal.SIGHUP: interrupt}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        del handlers[signal.SIGHUP]
    before = {kind: signal.signal(kind, handler) for kind, handler in handlers.items()}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


@contextlib.contextmanager
def progress(title: str, quiet: bool) -> Iterator[Callable[[Hunt], None]]:
    """A line on the terminal, if there is one: seeds and their rate, faults, failures so far."""
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
            if now - shown >= REFRESH:
                shown = now
                faults = hunt.counts["faults"].total()
                rate = hunt.seeds / max(hunt.seconds, 1e-9)
                line = f"{title}  {plural(hunt.seeds, 'seed')}  {rate:,.1f} a second  {plural(faults, 'fault')}  "
                line += plural(len(hunt.failures), "failure")
                status.update(Text(line, no_wrap=True, overflow="ellipsis"))

        yield show


def tell_found(found: Found, result: Result | None, json: bool) -> None:
    """Say at once that a seed fails: the verdict object of its run, or a line."""
    if not json:
        print(f"seed {found.seed} fails: {found.signature}", flush=True)
    elif result is not None:
        print(msgspec.json.encode(result).decode(), flush=True)
    else:
        # Its run could not be kept.
        print(msgspec.json.encode({"seed": found.seed, "failure": str(found.signature)}).decode(), flush=True)


def tell_hunt(hunt: Hunt, json: bool) -> None:
    """Print what the campaign came to: one object, or the failures by what broke, and the coverage.

    In words nothing is said of one that an error ended before its first seed was tried.
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
        if hunt.unkept:
            console.print(
                f"the first {KEPT} failing runs have folders; the seeds of {hunt.unkept} more are only listed"
            )
    table = Table("coverage", "count", "", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for what, count, share in coverage(hunt.counts, hunt.seeds):
        table.add_row(what, f"{count:,}", share)
    _print_whole(table)


def _print_whole(table: object) -> None:
    """Nothing of a table is cut off when it is piped, whatever width is made up for a pipe."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=400)
    console.print()
    console.print(table)
