"""What the checker costs beside deciding: reading a history, `clew check`, a small history, evidence for a long one.

    python -m tests.benchmarks.costs [--operations 200000] [--only reading ...] [--before OLD/src]

All figures are processor time, the least of several runs. Other work on the machine makes them larger. With `--before`
each part is also measured with the clew of another checkout, just before.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from clew.checkers import check, competition, verify_witness
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.forms import form_of
from clew.checkers.models import find_model
from clew.checkers.verdict import Budget
from clew.histories import OK, History, codecs
from tests.benchmarks.grid import Cell, history

MODEL = "cas-register"
FIELDS = {
    "a line for each event": "time=at*1000,process=who,type=what,f=op",
    "a line for each operation": "start=began*1000,end=ended*1000,process=who,f=op,ok=fine,value=args.value"
    ",result=found",
}
"""How the lines of `their_lines` are read."""
LINE = msgspec.json.Encoder()


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
        print("\n| reading with --fields | a line |\n|---|---|")
        file = Path(folder) / "theirs.jsonl"
        for name, fields in FIELDS.items():
            file.write_bytes(
                LINE.encode_lines(their_lines(history(Cell(operations, 10, 0.0, True), 1), "end=" in fields))
            )
            took = least(3, partial(codecs.read, file, fields=fields)) / len(file.read_bytes().splitlines())
            print(f"| {name} | {took * 1e6:.2f} us |")


def their_lines(past: History, whole: bool) -> list[dict[str, object]]:
    """The history as another program might write it: a line for each operation, or for each event."""
    operations = past.operations
    if not whole:
        return [
            {
                "at": event.time / 1000,
                "who": f"w{event.process}",
                "what": event.type,
                "op": event.f,
                "value": event.value,
            }
            for event in past.events()
        ]
    return [
        {
            "began": int(operations.start[number]) / 1000,
            "ended": int(past.time[operations.completed[number]]) / 1000,
            "who": f"w{operations.process[number]}",
            "op": past.fs[operations.f[number]],
            "fine": bool(operations.outcome[number] == OK),
            "args": {"value": past.values[operations.argument[number]]},
            "found": past.values[operations.result[number]],
        }
        for number in range(len(operations))
    ]


def command() -> None:
    """Processor seconds of `clew check`, once numba has compiled the kernels."""
    print("\n| clew check | linearizable | a stale read |\n|---|---|---|")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history.jsonl"
        words = [sys.executable, "-c", "from clew.harness.cli.start import main; main()", "check", str(file)]
        for unique in (True, False):
            row = []
            for legal in (True, False):
                with file.open("wb") as stream:
                    codecs.write(history(Cell(100, 5, 0.0, unique, legal), 1), stream)
                found = []
                for _ in range(6):
                    before = os.times()
                    subprocess.run([*words, "--model", MODEL], env=environment, capture_output=True, check=False)
                    after = os.times()
                    found.append(sum(after[2:4]) - sum(before[2:4]))
                row.append(f"{min(found[1:]):.2f} s")
            print(f"| 100 operations, {'unique' if unique else 'small'} values | {' | '.join(row)} |")


def small() -> None:
    """Microseconds for `check` of a small history, which is read already, in a process that has numba already."""
    check(history(Cell(10_000, 5, 0.0, False), 2), MODEL)
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


PARTS: dict[str, Callable[[int], None]] = {
    "reading": lambda operations: reading(operations // 4),
    "command": lambda operations: command(),
    "small": lambda operations: small(),
    "evidence": evidence,
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=200_000)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--before", type=Path, help="the folder src of an older version")
    given = parser.parse_args()
    for part in given.only:
        if given.before is not None:
            again = [sys.executable, "-m", "tests.benchmarks.costs", f"--operations={given.operations}", "--only", part]
            print(f"\n{part}, before:", flush=True)
            subprocess.run(again, env={**os.environ, "PYTHONPATH": str(given.before.absolute())}, check=True)
            print(f"\n{part}, now:", flush=True)
        PARTS[part](given.operations)


if __name__ == "__main__":
    main()
