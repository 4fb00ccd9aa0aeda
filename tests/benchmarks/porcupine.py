"""`check` side by side with porcupine: processor time for histories of a CAS register, from 10 to 100,000 operations.

    python -m tests.benchmarks.porcupine PROGRAM [--processes 5]

PROGRAM is a small program that calls porcupine's `CheckOperationsTimeout`. clew has none: write one in Go, with a model
of a register. It is called as `PROGRAM TIMES LIMIT`, reads one operation from each line of its input, checks them that
many times with the limit, such as `60s`, and prints the answer and the least processor time in microseconds: `Ok 123`.

    3 1204 5310 2 1 4      process, call and return in ns, function, first value, second value

The functions are 0 (read), 1 (write), 2 (compare-and-set) and 3 (a compare-and-set that found another value than the
first). Values are whole numbers; -1 is that of a register that was never set, and -2 one that nobody knows. An
operation of unknown outcome returns after all others.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterator
from functools import partial

from clew.checkers import check
from clew.histories import FAIL, INFO, History
from clew.histories.event import MISMATCH
from tests.benchmarks.costs import MODEL, least
from tests.benchmarks.grid import Cell, history

SIZES = ((10, 50), (100, 50), (1_000, 20), (10_000, 5), (100_000, 2))
"""Operations, and how many times they are checked."""
LIMIT = "60s"
FUNCTIONS = {"read": 0, "write": 1, "cas": 2}
FOUND_ANOTHER = 3
NOTHING, ANYTHING = -1, -2


def lines(past: History) -> Iterator[str]:
    """The operations of a history as PROGRAM reads them, without those that did nothing and observed nothing."""
    operations = past.operations
    never = int(past.time[-1]) + 1
    for number in range(len(operations)):
        f, unknown = past.fs[operations.f[number]], operations.outcome[number] == INFO
        value = past.values[(operations.argument if unknown else operations.result)[number]]
        function = FUNCTIONS[f]
        if operations.outcome[number] == FAIL:
            if past.errors[operations.error[number]] != MISMATCH:
                continue
            function = FOUND_ANOTHER
        first, second = value if f == "cas" else (value, 0)
        if first is None:
            first = ANYTHING if unknown else NOTHING
        end = never if unknown else int(operations.end[number])
        yield f"{operations.process[number]} {operations.start[number]} {end} {function} {first} {second}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--processes", type=int, default=5)
    given = parser.parse_args()
    print("| operations | values | clew | porcupine | |\n|---|---|---|---|---|")
    # The first search in a process imports numba and loads the kernel.
    check(history(Cell(10_000, given.processes), 2), MODEL)
    for operations, times in SIZES:
        for unique in (False, True):
            past = history(Cell(operations, given.processes, 0.0, unique), 1)
            answer = check(past, MODEL).verdict
            ours = least(times, partial(check, past, MODEL)) * 1e6
            done = subprocess.run(
                [given.program, str(times), LIMIT],
                input="\n".join(lines(past)), capture_output=True, text=True, check=True,
            )  # fmt: skip
            theirs, microseconds = done.stdout.split()
            print(
                f"| {operations:,} | {'unique' if unique else 'small'} | {ours:,.0f} us, {answer} "
                f"| {int(microseconds):,} us, {theirs} | {int(microseconds) / ours:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
