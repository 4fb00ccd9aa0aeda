"""SIGKILL for clew at random moments of live runs: `python -m tests.harness.runtime.live.kills --kills 100`.

Goes through all kinds of live runs, again and again: our own protocols, programs, Maelstrom nodes, a hunt, a shrink, a
run without a folder. Each is killed at a random moment. Fails if anything is left of one; prints how long it took until
nothing was.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import uuid
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random

from clew.harness.cli.app import main as clew
from clew.harness.exit_codes import EXIT_CODES, INTERNAL_ERROR
from clew.harness.plan import load, resolve
from clew.harness.run import simulate
from tests.harness.runtime.live.left import Before, namespaces_of
from tests.harness.runtime.live.worlds import marked

MAELSTROM = Path(__file__).parents[4] / "docs" / "examples" / "maelstrom"
LATEST = 5.0
"""Seconds after which a harness is killed at the latest. A short run is in its verdict then, or over."""
PROTOCOL = ("caspaxos-minority-failure", "--set", "runtime=live")
KINDS: dict[str, tuple[str, ...]] = {
    "protocol": ("run", *PROTOCOL),
    "loopback": ("run", *PROTOCOL, "--set", "live.network=loopback"),
    "program": ("run", "kv/plan.yaml"),
    "maelstrom": ("run", "kv.yaml"),
    "hunt of protocols": ("hunt", *PROTOCOL, "--seeds", "0:1000", "--jobs", "2"),
    "hunt of programs": ("hunt", "kv/plan.yaml", "--seeds", "0:1000", "--jobs", "2"),
    "shrink": ("shrink", "failed/latest"),
    "simulate": (),
}
"""The arguments of clew. Those of `simulate` are in `_simulate`."""


def _simulate() -> None:
    simulate(resolve(load(PROTOCOL[0]), None, ["runtime=live"]))


def prepare(folder: Path) -> None:
    """Write the plans, and record a run that fails."""
    command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()"]
    subprocess.run([*command, "init", "kv"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    for file in MAELSTROM.iterdir():
        shutil.copy(file, folder)
    split = ["--set", "system.environment.READS=local"]
    for seed in range(20):
        run = [*command, "run", "kv.yaml", "--seed", str(seed), "--store", "failed", *split]
        if subprocess.run(run, cwd=folder, check=False, stdout=subprocess.DEVNULL).returncode == 1:
            return
    raise AssertionError("the example did not fail")


def begin(kind: str, folder: Path, log: Path, environment: dict[str, str]) -> int:
    """Fork a harness of this kind, in this folder. Returns its process id. What is imported here it need not import.

    `environment` is added to the environment of what it starts.
    """
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.chdir(folder)
            os.environ |= environment
            # Otherwise it is where it was for this process.
            tempfile.tempdir = None
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            for descriptor in (1, 2):
                os.dup2(output, descriptor)
            job: Callable[[], None] = clew
            if KINDS[kind]:
                sys.argv = ["clew", *KINDS[kind], "--store", f"store-{os.getpid()}"]
            else:
                job = _simulate
            job()
        except SystemExit as end:
            os._exit(end.code if isinstance(end.code, int) else 0)
        except BaseException:
            traceback.print_exc()
            os._exit(INTERNAL_ERROR)
        os._exit(0)
    return pid


def kill_one(kind: str, folder: Path, seconds: float) -> float:
    """Begin a harness, kill it after so many seconds, and fail if anything is left. Returns how many seconds that took.

    `folder` is one that was prepared. It gets a folder for temporary files.
    """
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    mark = uuid.uuid4().hex
    before = Before(mark, temporary)
    pid = begin(kind, folder, folder / "log", {"CLEW_TEST_MARK": mark, "TMPDIR": str(temporary)})
    time.sleep(seconds)
    namespaces = namespaces_of(marked(mark))
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    # Some are over before they are killed.
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) in EXIT_CODES.values(), (folder / "log").read_text()
    return before.assert_nothing_is_left(namespaces)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=KINDS, action="append")
    options = parser.parse_args()
    random = Random(options.seed)
    kinds = options.kind or [*KINDS]
    took: defaultdict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        for number in range(options.kills):
            kind, seconds = kinds[number % len(kinds)], random.uniform(0, LATEST)
            try:
                took[kind].append(kill_one(kind, Path(name), seconds))
            except AssertionError as left:
                sys.exit(f"{kind}, killed after {seconds:.3f} s: {left}")
    print(f"kills   nothing left after (s): mean, longest      load {os.getloadavg()[0]:.1f}")
    for kind, all_seconds in took.items():
        print(f"{len(all_seconds):5}   {sum(all_seconds) / len(all_seconds):.3f} {max(all_seconds):.3f}   {kind}")


if __name__ == "__main__":
    main()
