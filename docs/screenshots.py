"""Makes the pictures of the documentation, from runs of shipped plans.

    python docs/screenshots.py            all of them, into docs/images/
    python docs/screenshots.py storm      only those with `storm` in their names

This needs a headless Chromium and selenium (`pip install -e '.[dev]'`, `apt install chromium chromium-driver`).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import trio

from clew.harness.plan import load, resolve
from clew.harness.run import run
from clew.harness.shrink import shrink_run
from clew.harness.store.folder import find_run
from clew.harness.view.report.write import pictures

IMAGES = Path(__file__).parent / "images"


@dataclass(frozen=True)
class Shot:
    """Pictures of one run of a shipped plan."""

    name: str
    plan: str
    wanted: tuple[str, ...]
    """Which pictures of the report."""
    shrunk: bool = False
    """Whether to shrink the run first."""
    dark: bool = False


SHOTS = (
    Shot("storm", "caspaxos-contention-storm", ("timeline", "latency", "rate", "lives")),
    Shot("highest-version", "caspaxos-highest-version", ("timeline",)),
    Shot("highest-version-shrunk", "caspaxos-highest-version", ("timeline", "messages"), shrunk=True),
    Shot("highest-version-shrunk-dark", "caspaxos-highest-version", ("timeline",), shrunk=True, dark=True),
    Shot("rsl-leader-loss", "rsl-leader-loss", ("timeline", "messages", "lives")),
    Shot("redis-sentinel-failover", "redis-sentinel-failover", ("timeline", "messages")),
)


def shoot(shot: Shot) -> list[Path]:
    """Run the plan, and copy its pictures to the others. Returns their files."""
    plan = resolve(load(shot.plan))
    made = []
    with tempfile.TemporaryDirectory() as store:
        result = trio.run(lambda: run(plan, nodes="inline", into=Path(store)))
        if shot.shrunk:
            assert result.run is not None
            result = shrink_run(find_run(Path(result.run)), into=Path(store)).result
        assert result.run is not None
        for picture in pictures(Path(result.run) / "report.html", dark=shot.dark):
            name = picture.stem.removeprefix("report-")
            if name in shot.wanted:
                made.append(IMAGES / f"{shot.name}-{name}.png")
                shutil.copy(picture, made[-1])
    return made


def main() -> None:
    """Make the pictures that the command line names."""
    IMAGES.mkdir(exist_ok=True)
    for shot in SHOTS:
        if any(word not in shot.name for word in sys.argv[1:]):
            continue
        print(*shoot(shot), sep="\n")


if __name__ == "__main__":
    main()
