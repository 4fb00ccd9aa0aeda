"""Threads that check at the same time import numba one after the other: together they deadlock, or see half of it.

Python makes a thread wait for a module that another one imports, but not for the package that it is in. So each thread
begins a little later than the one before.
"""

from __future__ import annotations

import subprocess
import sys

STAGGERED = """
import threading
import time
from clew.checkers.deadline import Deadline

ended = []

def check():
    with Deadline(60).not_counting_compilation():
        ended.append(True)

threads = [threading.Thread(target=check) for _ in range(12)]
for thread in threads:
    thread.start()
    time.sleep(0.004)
for thread in threads:
    thread.join()
assert len(ended) == 12
"""


def test_threads_that_check_at_the_same_time_can_all_import_numba() -> None:
    subprocess.run([sys.executable, "-c", STAGGERED], check=True, timeout=60)
