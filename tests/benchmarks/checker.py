"""How fast the checker decides.

    python -m tests.benchmarks.checker [--large] [--seeds N] [ROW ...]

Each row runs in a process of its own. Another process makes the histories (see `grid.py`). The row checks them one
after the other, each with a budget of 60 seconds and 2 GiB, compares each verdict with what the history was made to be,
and verifies the witnesses. The time is that of `check` alone, evidence included. The memory is the most that the
process had resident, interpreter and history included. The last column names the slowest kind of history.

Recorded histories are read from the folder $CLEW_HISTORIES.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from clew.checkers import Budget, check, verify_witness
from clew.histories import History, codecs
from tests.benchmarks.grid import Cell, history

BUDGET = Budget(60.0, 2 << 30)


class Task(NamedTuple):
    """One history to check."""

    name: str
    """What the table calls it."""
    make: Callable[..., History]
    """`make(*of)` makes or reads it."""
    of: tuple[Any, ...]
    model: str
    legal: bool
    """Whether it is linearizable."""


def grid(operations: int, processes: tuple[int, ...]) -> list[Cell]:
    """All kinds of history of this size: small or unique values, no or 1 % unknown outcomes, legal or not."""
    return [
        Cell(operations, those, unknown, unique, legal)
        for those in processes
        for unknown in (0.0, 0.01)
        for unique in (False, True)
        for legal in (True, False)
    ]


def cells(those: list[Cell]) -> Callable[[int], Iterator[Task]]:
    """A function from a number of seeds to that many histories of each cell."""

    def made(seeds: int) -> Iterator[Task]:
        for cell in those:
            for seed in range(1, seeds + 1):
                told = f"{cell.processes} processes, {'unique' if cell.unique else 'small'} values"
                told += f", {cell.unknown:.0%} unknown" if cell.unknown else ""
                yield Task(
                    f"{told}{'' if cell.legal else ', stale read'}", history, (cell, seed), cell.model, cell.legal
                )

    return made


def recorded(folder: str) -> Callable[[int], Iterator[Task]]:
    """Recorded histories with known verdicts: the files below this folder that `expected.json` names."""

    def read(_: int) -> Iterator[Task]:
        root = Path(os.environ["CLEW_HISTORIES"])
        for name, what in json.loads((root / "expected.json").read_text()).items():
            if name.startswith(f"{folder}/"):
                yield Task(name, codecs.read, (root / name,), what["model"], what["valid"])

    return read


SMALL: dict[str, Callable[[int], Iterator[Task]]] = {
    "1,000 operations, 5 to 100 processes": cells(grid(1_000, (5, 10, 30, 100))),
    "10,000 operations, 5 and 10 processes": cells(grid(10_000, (5, 10))),
    "10,000 operations, 30 and 100 processes": cells(grid(10_000, (30, 100))),
    "10,000 operations, 20 processes, 5 % unknown, small values": cells([Cell(10_000, 20, 0.05)]),
    "100 keys of 1,000 operations and 10 processes, register": cells([Cell(1_000, 10, keys=100)]),
    "the same, kv with appends": cells([Cell(1_000, 10, keys=100, kind="kv", unique=True)]),
}
LARGE: dict[str, Callable[[int], Iterator[Task]]] = {
    "100,000 operations, 5 and 10 processes": cells(grid(100_000, (5, 10))),
    "100,000 operations, 100 processes, unique values": cells([Cell(100_000, 100, unique=True)]),
    "1,000,000 operations, 5 and 10 processes": cells(grid(1_000_000, (5, 10))),
    "1,000,000 operations, one process": cells([Cell(1_000_000, 1)]),
}
REAL: dict[str, Callable[[int], Iterator[Task]]] = {
    "etcd, as Jepsen logged it": recorded("jepsen-etcd"),
    "key-value histories of 10 and 50 clients": recorded("kv"),
}
ROWS = SMALL | LARGE | REAL


def measure(row: str, seeds: int) -> str:
    """Check the histories of a row. Returns the row as a line of the table."""
    maker = ProcessPoolExecutor(1)  # starts now, as small as this process is yet
    maker.submit(int).result()
    # Compiled code is loaded before anything is measured.
    for cell in grid(100, (5,)):
        for engine in ("competition", "lazy"):
            check(history(cell, 0), cell.model, engine=engine)
    seconds: list[tuple[float, str]] = []
    undecided = 0
    for name, make, of, model, legal in ROWS[row](seeds):
        past = maker.submit(make, *of).result()
        _ = past.operations
        began = time.perf_counter()
        verdict = check(past, model, budget=BUDGET)
        seconds.append((time.perf_counter() - began, name))
        undecided += verdict.verdict == "unknown"
        assert verdict.verdict == "unknown" or (verdict.verdict == "valid") is legal, f"{name}: {verdict.explanation}"
        verify_witness(past, model, verdict)
    maker.shutdown()
    times = [each for each, _ in seconds]
    slowest, name = max(seconds)
    mebibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    decided = f"{len(times) - undecided} of {len(times)}"
    return (
        f"| {row} | {decided} | {statistics.median(times):.3f} s | {slowest:.3f} s | {sum(times):.2f} s "
        f"| {mebibytes:,.0f} MiB | {name if len({each for _, each in seconds}) > 1 else ''} |"
    )


def cold() -> str:
    """The time of the whole command on a small history: the first time, which compiles the kernels, and later."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history.jsonl"
        with file.open("wb") as stream:
            codecs.write(history(Cell(100, 5), 1), stream)
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        times = []
        for _ in range(6):
            began = time.perf_counter()
            subprocess.run(
                [Path(sys.executable).with_name("clew"), "check", file, "--model", "cas-register"],
                env=environment, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            times.append(time.perf_counter() - began)
    return f"`clew check` of 100 operations: {times[0]:.1f} s the first time, then {statistics.median(times[1:]):.2f} s"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="the rows with these words in their names")
    parser.add_argument("--large", action="store_true", help="100,000 and 1,000,000 operations too")
    parser.add_argument("--seeds", type=int, default=5, help="how many histories of each cell")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        print(measure(options.rows[0], options.seeds))
        return
    rows = [*SMALL, *(LARGE if options.large else ()), *(REAL if "CLEW_HISTORIES" in os.environ else ())]
    if options.rows:
        rows = [row for row in ROWS if any(words in row for words in options.rows)]
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    if not options.rows:
        print(cold())
    print("\n| histories | decided | median | slowest | in all | most memory | the slowest is |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        command = [sys.executable, "-m", "tests.benchmarks.checker", "--here", "--seeds", str(options.seeds), row]
        print(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip(), flush=True)


if __name__ == "__main__":
    main()
