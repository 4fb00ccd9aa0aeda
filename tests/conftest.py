"""The order in which the workers of pytest-xdist take the tests, what they and their processes begin with, and what the
machine has."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings

LONGEST = (
    "tests/test_readme.py",
    "tests/harness/shrink/",
    "tests/harness/hunt/",
    "tests/harness/cli/",
    "tests/harness/test_",
    "tests/checkers/",
)
"""Where the tests are that take longest."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have every worker begin with its share of the longest tests, so that all end at the same time.

    A worker begins with one of the pieces of equal length that `--dist worksteal` cuts the list into, and takes over
    from the end of another one's when its own is done.
    """
    if hasattr(config, "workerinput"):
        workers = int(config.workerinput["workercount"])
        long = [item for where in LONGEST for item in items if item.nodeid.startswith(where)]
        # Of the others, neighbours stay together: they share what takes long to make.
        others = [item for item in items if not item.nodeid.startswith(LONGEST)]
        ends = [len(others) * number // workers for number in range(workers + 1)]
        items[:] = [
            item
            for number in range(workers)
            for item in [*long[number::workers], *others[ends[number] : ends[number + 1]]]
        ]


def pytest_xdist_auto_num_workers() -> int:
    """How many workers `-n auto` has: two more than processors, because many tests wait for real processes."""
    return len(os.sched_getaffinity(0)) + 2


def pytest_configure(config: pytest.Config) -> None:
    """Have every test begin with the same signals, variables and settings, wherever the suite runs.

    A shell starts what it puts into the background with SIGINT ignored, `nohup` with SIGHUP. Both are inherited, and
    the tests of signals would wait in vain."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)
    # The tests start hundreds of processes. Without kept bytecode each would compile clew anew, which takes a tenth of
    # a second.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # The `python3` of a plan is the interpreter of the tests. The first one on the path may be a script that looks for
    # an interpreter, and takes longer than that one to start.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    # A busy machine is slow, and nothing else.
    settings.register_profile("suite", deadline=None)
    settings.load_profile("suite")


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Skips the test where the machine has no network namespaces with TUN interfaces."""
    # Imported here, because most workers do not need it.
    import trio

    from clew.harness.errors import MachineError
    from clew.harness.runtime.live.world.world import open_world

    async def try_it() -> None:
        async with open_world(["n1"]):
            pass

    try:
        trio.run(try_it)
    except MachineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def node_js() -> None:
    """Skips the test where Node.js is not installed."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
