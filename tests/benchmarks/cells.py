"""Which histories the checker decides in ten seconds, model by model.

    python -m tests.benchmarks.cells [MODEL ...] [--operations 1000] [--histories 2] [--spoil] [--processes 5 10 30]

Linearizable histories of every model (see `tests.checkers.objects`), with small and with unique values, with no and
with 2 % unknown outcomes. With `--spoil` two operations near the end had each other's results. A cell of the table says
how many of its histories were decided, the most processor seconds of one history, and by which engine. The budget is
processor time too, so a busy machine decides as much as a quiet one; run it twice after an install, since what a search
compiles counts here.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from clew.checkers import Budget, check, verify_witness
from clew.checkers.deadline import Deadline
from clew.checkers.models import find_model
from clew.histories import Event, History
from tests.checkers.objects import DRAWN, object_history

UNKNOWN = (0.0, 0.02)


def spoiled(history: History, seed: int) -> History:
    """The same with the results of two completed operations of the last fifth exchanged."""
    rng, events = random.Random(seed), list(history.events())
    late = [e for e in events[4 * len(events) // 5 :] if e.type == "ok"]
    pairs = [(a, b) for a in late for b in late if a.index < b.index and a.f == b.f and a.value != b.value]
    # A read of other registers is no answer.
    pairs = [(a, b) for a, b in pairs if not isinstance(a.value, dict) or a.value.keys() == b.value.keys()]
    answering = [(a, b) for a, b in pairs if a.f in ANSWERING] or pairs
    if not answering:
        return history
    one, two = rng.choice(answering)
    changed = {one.index: two.value, two.index: one.value}
    return History.of(
        Event(e.index, e.time, e.process, e.type, e.f, e.key, changed.get(e.index, e.value), e.error) for e in events
    )


ANSWERING = ("read", "get", "dequeue", "pop", "delete-min", "contains", "add-and-get", "campaign")


class ProcessorTime(Deadline):
    """A deadline that passes after so many seconds of this process's processor time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._last = time.process_time() + seconds

    def passed(self) -> bool:
        """See `Deadline.passed`."""
        return time.process_time() > self._last


def cell(name: str, operations: int, processes: int, unique: bool, unknown: float, options: argparse.Namespace) -> str:
    """One cell of the table. Raises `AssertionError` for a wrong verdict."""
    decided, most, engines = 0, 0.0, dict[str, None]()
    for seed in range(options.histories):
        history = object_history(name, operations, processes, unique, unknown, seed)
        history = spoiled(history, seed) if options.spoil else history
        began = time.process_time()
        verdict = check(history, name, budget=Budget(float("inf")), until=ProcessorTime(options.seconds))
        most = max(most, time.process_time() - began)
        assert options.spoil or verdict.verdict != "invalid", (name, operations, processes, unique, unknown, seed)
        verify_witness(history, find_model(name), verdict)
        decided += verdict.verdict != "unknown"
        engines |= {key.engine: None for key in verdict.keys}
    return f"{'' if decided == options.histories else f'**{decided}** in '}{most:.2f} s, {' '.join(engines)}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--operations", type=int, default=1_000)
    parser.add_argument("--histories", type=int, default=2, help="in each cell")
    parser.add_argument("--processes", type=int, nargs="+", default=(5, 10, 30))
    parser.add_argument("--seconds", type=float, default=10.0, help="the budget, processor time")
    parser.add_argument("--spoil", action="store_true", help="exchange two results near the end")
    options = parser.parse_args()
    for name in options.models or sorted(DRAWN):  # kernels are compiled before anything is measured
        check(object_history(name, 30, 3, False, 0.1, 0), name)
    kinds = [(values, unknown) for values in (False, True) for unknown in UNKNOWN]
    words = [f"{'unique' if unique else 'small'} values, {unknown:.0%} unknown" for unique, unknown in kinds]
    print(f"| model | processes | {' | '.join(words)} |\n|---|---|{'---|' * len(words)}")
    for name in options.models or sorted(DRAWN):
        for processes in options.processes:
            print(f"| {name} | {processes} |", end="")
            for unique, unknown in kinds:
                print(f" {cell(name, options.operations, processes, unique, unknown, options)} |", end="")
                sys.stdout.flush()
            print()


if __name__ == "__main__":
    main()
