"""What the page of a run costs: its size, the time to make it, and the time until a browser has drawn it.

    python -m tests.benchmarks.report [--operations 1000 10000 100000]

In each history five clients read and write one register, and one operation in ten has no answer. The page shows the
verdict and the order that explains the history. Without a Chromium, only the size and the time to make it are measured.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from random import Random

from clew.harness.store.record import read_record
from clew.harness.view.browser import browser, missing, open_page
from clew.harness.view.report import report
from clew.histories import Header, Recorder
from clew.histories.event import FORMAT

TIMES = 3
MS = 1_000_000


def history(path: Path, count: int) -> Path:
    """Write a history of `count` operations. Each takes effect in the middle of its time. Returns the path."""
    random = Random(count)
    calls: list[tuple[int, int, int, str, int]] = []
    for client in range(5):
        time, process = random.randrange(MS), client
        for number in range(client, count, 5):
            end = time + random.randrange(1, 20) * MS
            kind = random.choice(("read", "write"))
            unknown = kind == "read" and random.random() < 0.2
            calls.append((time, end, process, "info" if unknown else kind, number))
            process += 5 * unknown
            time = end + random.randrange(1, 5) * MS
    held = {}
    value: int | None = None
    for start, end, _, kind, number in sorted(calls, key=lambda call: call[0] + call[1]):
        value = number if kind == "write" else value
        held[start, end, number] = value
    events = []
    for start, end, process, kind, number in calls:
        f = "write" if kind == "write" else "read"
        asked = number if f == "write" else None
        events.append((start, 0, number, process, "invoke", f, asked))
        told = asked if kind == "info" else held[start, end, number]
        events.append((end, 1, number, process, "info" if kind == "info" else "ok", f, told))
    with path.open("wb", buffering=0) as stream:
        recorder = Recorder(Header(FORMAT, "benchmark", count, "register", {}))
        recorder.write_to(stream)
        for at, _, _, who, type_, f, told in sorted(events):
            recorder.record(at, who, type_, f, None, told)  # type: ignore[arg-type]
    return path


def measure(folder: Path, count: int) -> str:
    """The row of the table for a history of `count` operations."""
    run = read_record(history(folder / f"{count}.jsonl", count))
    assert run.result is not None
    assert run.result.verdict == "valid", run.result.explanation
    report(run)
    made = []
    for _ in range(TIMES):
        began = time.process_time()
        page = report(run)
        made.append(time.process_time() - began)
    target = folder / f"{count}.html"
    target.write_text(page)
    drawn = []
    if missing() is None:
        for _ in range(TIMES):
            with browser() as driver:
                open_page(driver, target, 120)
                drawn.append(driver.execute_script("return clew.drawn") / 1000)
    opened = f"{statistics.median(drawn):.2f} s" if drawn else "–"
    size = target.stat().st_size / 1e6
    return f"| {count:,} | {size:.2f} MB | {statistics.median(made):.2f} s | {opened} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, nargs="+", default=[1000, 10_000, 100_000])
    print("| operations | size | processor time to make | opened and drawn |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for count in parser.parse_args().operations:
            print(measure(Path(folder), count), flush=True)


if __name__ == "__main__":
    main()
