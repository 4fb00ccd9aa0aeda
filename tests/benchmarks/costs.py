"""What the checker costs beside deciding: reading a history, checking a small one, evidence for a long one.

    python -m tests.benchmarks.costs [--operations 200000]

All figures are processor time, the least of several runs. Other work on the machine makes them larger.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from clew.checkers import check, competition, verify_witness
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.forms import form_of
from clew.checkers.models import find_model
from clew.checkers.verdict import Budget
from clew.histories import History, codecs
from tests.benchmarks.grid import Cell, history

MODEL = "cas-register"


def least(times: int, work: Callable[[], object]) -> float:
    """The least processor time of so many runs, in seconds."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def reading(operations: int) -> None:
    """Microseconds for each event of a file."""
    print("| reading | small values | unique values |\n|---|---|---|")
    pasts = [history(Cell(operations, 10, 0.01, unique), 1) for unique in (False, True)]
    with tempfile.TemporaryDirectory() as folder:
        for name in ("jsonl", "edn"):
            row = []
            for past in pasts:
                file = Path(folder) / f"history.{name}"
                with file.open("wb") as stream:
                    codecs.write(past, stream, name)
                row.append(f"{least(3, partial(codecs.read, file)) / len(past) * 1e6:.2f} us")
            print(f"| {name} | {' | '.join(row)} |")


def small() -> None:
    """Microseconds for `check` of a small history, which is read already."""
    print("\n| check | small values | unique values |\n|---|---|---|")
    for operations in (1, 10, 100, 1_000):
        row = []
        for unique in (False, True):
            past = history(Cell(operations, 5, 0.0, unique), 1)
            check(past, MODEL)
            row.append(f"{least(50, partial(check, past, MODEL)) * 1e6:,.0f} us")
        print(f"| {operations:,} operations | {' | '.join(row)} |")


def evidence(operations: int) -> None:
    """Seconds for a long history of unique values: to decide it, to decide and explain it, to verify the witness."""
    print("\n| unique values | decided | with evidence | witness verified |\n|---|---|---|---|")
    for legal in (True, False):
        past = history(Cell(operations, 10, 0.0, True, legal), 1)
        verdict = check(past, MODEL)
        decided = least(2, partial(decide, past))
        explained = least(2, partial(check, past, MODEL))
        verified = f"{least(2, partial(verify_witness, past, MODEL, verdict)):.2f} s"
        what = "linearizable" if legal else "a stale read"
        print(
            f"| {operations:,} operations, {what} | {decided:.2f} s | {explained:.2f} s | {verified if legal else ''} |"
        )


def decide(past: History) -> None:
    """What `check` does without evidence."""
    model = find_model(MODEL)
    (problem,) = encode(past, model)
    competition.decide(problem, form_of(problem, model), model, Budget(), Deadline(60))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=200_000)
    operations = parser.parse_args().operations
    reading(operations // 4)
    small()
    evidence(operations)


if __name__ == "__main__":
    main()
