"""All benchmarks, one after the other: `make bench`."""

import subprocess
import sys

for name in (
    "simulation",
    "hunt",
    "rsl",
    "checker",
    "cells",
    "registers",
    "costs",
    "memory",
    "report",
    "packets",
    "live",
):
    # A process for each: some keep to one processor, and memory is measured from a fresh start.
    command = [sys.executable, "-m", f"tests.benchmarks.{name}"]
    print(f"\n$ python {' '.join(command[1:])}", flush=True)
    subprocess.run(command, check=True)
