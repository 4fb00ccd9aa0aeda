"""The options of a hunt that say which seeds to try, and for how long."""

from __future__ import annotations

import re

from clew.harness.errors import UserError
from clew.harness.quantity import LONGEST, NANOSECONDS, duration_hint, parse_duration

DEFAULT_SEEDS = range(1000)


def seeds_and_seconds(
    seeds: str | None, time: str | None, jobs: int | None, scheduler: str | None
) -> tuple[range | None, float | None]:
    """The seeds to try (None: all from 0 on) and for how many seconds (None: no limit).

    Raises `UserError` for a value that cannot be used, and for options that exclude each other.
    """
    if jobs is not None and jobs < 1:
        raise UserError(f"--jobs {jobs}: expected at least 1")
    if jobs is not None and scheduler is not None:
        raise UserError("--jobs and --scheduler: expected one of them; a cluster uses all its workers")
    if seeds is not None and time is not None:
        raise UserError(f"--seeds {seeds} and --time {time}: expected one of them")
    seconds = None if time is None else seconds_of(time)
    if seeds is None:
        return (DEFAULT_SEEDS if time is None else None), seconds
    match = re.fullmatch(r"(\d{1,19}):(\d{1,19})", seeds)
    first, end = (int(match[1]), int(match[2])) if match else (0, 0)
    if not first < end <= LONGEST:
        raise UserError(f"--seeds {seeds}: expected A:B with A below B, such as 0:100; the largest B is {LONGEST}")
    return range(first, end), seconds


def seconds_of(time: str) -> float:
    """The option `--time` in seconds. Raises `UserError` for a value that cannot be used."""
    ns = parse_duration(time)
    if not ns:
        most = f"more than 0s and at most {LONGEST // NANOSECONDS['h']}h"
        raise UserError(f"--time {time}: expected {duration_hint(time)}; {most}")
    return ns / NANOSECONDS["s"]
