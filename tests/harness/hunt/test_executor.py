"""The workers of a hunt or a benchmark: what they leave when nobody waits for them any more."""

from __future__ import annotations

import subprocess
import sys

from clew.harness.hunt import results
from tests.harness.hunt.hunts import AtOnce

INTERRUPTED = """
import os, signal, threading, time
from clew.harness.hunt import at_home, executor, results

shutdown = executor._Pool.shutdown
def later(*given, **named):
    time.sleep(0.3)
    shutdown(*given, **named)
executor._Pool.shutdown = later

if __name__ == "__main__":
    try:
        with at_home(1) as (pool, _):
            for _ in results(pool, time.sleep, [0, 30, 30, 30, 30]):
                threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    except KeyboardInterrupt:
        print("interrupted")
"""
"""Ctrl-C while a job runs and others wait. The pool learns that its worker was killed before it is told to end."""


def test_results_come_in_their_order() -> None:
    assert list(results(AtOnce(), abs, [-1, 2, -3])) == [1, 2, 3]


def test_results_that_nobody_waits_for_end_without_a_word() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", INTERRUPTED], capture_output=True, text=True, timeout=25, check=True
    )
    assert done.stdout == "interrupted\n"
    assert done.stderr == ""


def test_a_hunt_that_is_killed_says_nothing_of_semaphores() -> None:
    """Python's resource tracker outlives it, and holds stderr until it has freed them."""
    script = """
import os, signal
from clew.harness.hunt import at_home
if __name__ == "__main__":
    with at_home(1) as (pool, _):
        pool.submit(abs, 1).result()
        os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, timeout=25, check=False)
    assert (done.returncode, done.stderr) == (-9, "")
