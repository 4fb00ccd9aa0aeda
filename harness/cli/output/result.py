"""A verdict on the terminal: words, in colour; or JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from clew.harness.cli.output.json_line import print_json
from clew.harness.cli.output.wrap import plain, say
from clew.harness.verdict.result import Result
from clew.histories.text import plural, printable

if TYPE_CHECKING:
    from clew.harness.check import Checked

INDENT = 15
"""Spaces before all lines of an entry but the first."""
COLOUR = {"valid": "green", "invalid": "red", "unknown": "yellow"}
"""The colour of each verdict."""


def print_result(result: Result, json: bool, *, engine: str = "", seconds: float | None = None) -> None:
    """Print a result as JSON on one line, or in words.

    If `engine` and `seconds` are given, say which engine decided and how long it took.
    """
    if json:
        print_json(result)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    title = Text(result.verdict.upper(), style=f"bold {COLOUR[result.verdict]}")
    if result.plan is None:
        title.append(f"  {printable(result.run or '')}", style="default")
    else:
        seed = "" if result.seed is None else f", seed {result.seed}"
        title.append(f"  {printable(result.plan)}{seed}", style="default")
    say(console, title)
    if result.happened is not None:
        say(console, Text(f"  {printable(result.happened)}", style="bold"), 2)
    if result.in_part is not None:
        say(console, Text(f"  {result.in_part}"), 2)
    for name, check in result.checks.items():
        head = Text(f"  {name:<13}").append(f"{check.verdict:<8}", style=COLOUR[check.verdict])
        first, *more = map(printable, check.why.splitlines() or [""])
        say(console, head.append(first), INDENT)
        for line in more:
            say(console, Text(" " * INDENT + line))
    if result.holds:
        say(console, Text(f"  {'holds':<13}{printable(result.what_holds)}"), INDENT)
    for note in result.notes:
        say(console, Text(f"  {'note':<13}{printable(note)}", style="yellow"), INDENT)
    for what, counts in result.counts.items():
        if what in ("operations", "faults", "messages", "protocol") and counts:
            # Authors of protocols name their own counters, mostly in the plural ("batches"): "batches 1" reads better.
            words = (
                (f"{printable(name)} {count}" for name, count in sorted(counts.items()))
                if what == "protocol"
                else (f"{count} {printable(name)}" for name, count in counts.items())
            )
            say(console, Text(f"  {what:<13}" + ", ".join(words)), INDENT)
    if result.seconds:
        # A live run has no other time than everybody.
        kind = " of cluster time" if "simulation" in result.counts else ""
        say(console, Text(f"  {'time':<13}{result.seconds:.1f} s{kind}"), INDENT)
    if engine and seconds is not None:
        checked = f"{plural(result.operations, 'operation')} by {printable(engine)} in {seconds:.2f} s"
        say(console, Text(f"  {'checked':<13}{checked}"), INDENT)
    if result.run is not None and result.plan is not None:
        say(console, Text(f"  {'run':<13}{result.run}"), INDENT)
    if result.error:
        plain(f"clew: {_lines(result.error, 6)}", stderr=True)


def print_checked_files(checked: Iterator[Checked], json: bool) -> list[Checked]:
    """Print the result of each file as soon as it is known, as JSON or as a row of a table; return them all."""
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    found: list[Checked] = []
    if not json:
        console.print(f"{'operations':>10}  {'verdict':<8} {'engine':<14} {'time':>9}  file")
    for one in checked:
        found.append(one)
        if one.result is None:
            plain(f"clew: {printable(one.error or '')}", indent=6, stderr=True)
        elif json:
            print_json(one.result)
        else:
            console.print(
                Text(f"{one.result.operations:>10,}  ")
                .append(f"{one.result.verdict:<8}", style=COLOUR[one.result.verdict])
                .append(f" {printable(one.engine):<14} {one.seconds:>7.2f} s  {printable(str(one.path))}")
            )
            if one.result.happened is not None:
                say(console, Text(f"{'':>12}{printable(one.result.happened)}", style="bold"), 12)
    if not json:
        verdicts = Counter(one.result.verdict if one.result is not None else "not checked" for one in found)
        console.print(f"{len(found)} files: " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()))
    return found


def _lines(text: str, indent: int = 15) -> str:
    """The text with all lines but the first indented."""
    return ("\n" + " " * indent).join(printable(line) for line in text.splitlines())
