"""How much memory the checker holds, by the length of the history.

    python -m tests.benchmarks.memory [--png FILE]

The histories are linearizable ones of one register, with values from 0 to 4 and all outcomes known. The columns:

history      the columns of the history
operations   the operations: its events in pairs
problem      what an engine sees of the operations
linear       the most that the sweep held at a time besides: configurations, states, log
wgl          the most that the search held at a time besides

The answer itself, an order with four bytes for each operation, is not counted.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import tracemalloc
from pathlib import Path

import msgspec
import numpy as np

from clew.checkers import Budget, linear, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.models import find_model
from tests.benchmarks.grid import Cell, history

LENGTHS = (1_000, 10_000, 100_000, 1_000_000)
PROCESSES = (5, 10)
GLANCES = 500


COLUMNS = ("history", "operations", "problem", "linear", "wgl")
DRAWN = {"history": "#8a8a8a", "linear": "#0072b2", "wgl": "#d55e00"}


def arrays(thing: object) -> int:
    """The bytes of all numpy arrays that are attributes of an object."""
    parts = msgspec.structs.astuple(thing) if isinstance(thing, msgspec.Struct) else vars(thing).values()
    return sum(part.nbytes for part in parts if isinstance(part, np.ndarray))


def measure(operations: int, processes: int) -> dict[str, int]:
    """The bytes of each column for one history."""
    past, model = history(Cell(operations, processes), 1), find_model("cas-register")
    problem = encode(past, model)[0]
    sweep = linear.Sweep(problem, model, Budget(), Deadline(float("inf")))
    most, length = 0, len(problem.event_op)
    for glance in range(1, GLANCES + 1):
        assert sweep.to(length * glance // GLANCES) == "there"
        most = max(most, sweep.bytes)
    wgl.decide(problem, model, Budget(), Deadline(float("inf")))
    tracemalloc.start()
    assert wgl.decide(problem, model, Budget(), Deadline(float("inf"))).answer == "valid"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    sizes = (arrays(past), arrays(past.operations), arrays(problem), most, peak)
    return dict(zip(COLUMNS, sizes, strict=True))


def draw(rows: dict[tuple[int, int], dict[str, int]], target: Path) -> None:
    """Draw the table as a picture. Needs a Chromium."""
    from bokeh.embed import file_html
    from bokeh.plotting import figure
    from bokeh.resources import INLINE

    from clew.harness.view.browser import browser

    plot = figure(
        x_axis_type="log", y_axis_type="log", width=760, height=420, toolbar_location=None,
        x_axis_label="operations", y_axis_label="bytes",
    )  # fmt: skip
    for name, colour in DRAWN.items():
        for processes, dash in zip(PROCESSES, ("solid", "dashed"), strict=True):
            y = [rows[length, processes][name] for length in LENGTHS]
            label = f"{name}, {processes} processes"
            plot.line(LENGTHS, y, color=colour, line_dash=dash, line_width=2, legend_label=label)
            plot.scatter(LENGTHS, y, color=colour, size=6)
    plot.legend.location = "top_left"
    plot.legend.background_fill_alpha = 0.6
    with tempfile.TemporaryDirectory() as folder, browser(width=780, height=590, scale=2.0) as driver:
        page = Path(folder) / "memory.html"
        page.write_text(file_html(plot, INLINE, "memory"))
        driver.get(page.as_uri())
        time.sleep(1.0)
        driver.save_screenshot(str(target))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--png", type=Path, help="draw the table too")
    options = parser.parse_args()
    print(f"| length | processes | {' | '.join(COLUMNS)} |\n|---|---{'|---' * len(COLUMNS)}|")
    rows = {}
    for length in LENGTHS:
        for processes in PROCESSES:
            rows[length, processes] = measure(length, processes)
            sizes = " | ".join(f"{size / 1e6:,.2f} MB" for size in rows[length, processes].values())
            print(f"| {length:,} | {processes} | {sizes} |", flush=True)
    if options.png is not None:
        draw(rows, options.png)


if __name__ == "__main__":
    main()
