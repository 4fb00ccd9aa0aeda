"""The switch process gets the processor soon, and stays an ordinary process."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

ASK = """
import os
from clew.harness.runtime.live.packets.switch_process import ask_for_short_slices
os.setpriority(os.PRIO_PROCESS, 0, 7)
print(ask_for_short_slices(), os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0))
for line in open("/proc/self/sched"):
    if line.startswith("se.slice"):
        print(line.split()[-1])
"""


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64") or not os.path.exists("/proc/self/sched"),
    reason="the slice of a process cannot be seen here",
)
def test_the_switch_asks_for_short_slices_and_keeps_its_niceness() -> None:
    said = subprocess.run([sys.executable, "-P", "-c", ASK], capture_output=True, text=True, check=True).stdout.split()
    asked, niceness, scheduler, *slices = said
    assert (niceness, scheduler) == ("7", str(os.SCHED_OTHER))
    if tuple(int(part) for part in platform.release().split(".")[:2]) >= (6, 12):
        assert asked == "True"
        assert slices in ([], ["100000"])
