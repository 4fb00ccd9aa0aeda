"""When things go wrong: the entries of a plan's nemesis, unrolled into faults in the order of time.

    every: 2s, for: 1s    ────────██████──────██████──────██████──      first after one period
    at: [1s, 4s], for: 1s ────██████──────────────████████────────
    random: 2s, for: 1s   ──████───────────────██████─███████─────      exponential gaps, 2 s on average

Faults may overlap, also those of one entry. `clew.nemesis.effect` says what they add up to.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from math import log
from random import Random
from typing import Any, Final, Literal

import msgspec

from clew.nemesis.fault import Fault, FaultEvent
from clew.nemesis.faults import FAULTS


class Every(msgspec.Struct, frozen=True, tag="every"):
    """Again and again, the first time after one period."""

    period: int
    """In ns, more than 0."""


class AtTimes(msgspec.Struct, frozen=True, tag="at"):
    """At these times."""

    times: tuple[int, ...]
    """In ns since the start of the run."""


class Randomly(msgspec.Struct, frozen=True, tag="random"):
    """After random gaps, which are exponentially distributed. The first one counts from the start."""

    mean: int
    """The mean gap in ns."""


END: Final = "end"
"""The `end` of an entry whose faults stay to the end of the run."""

When = Every | AtTimes | Randomly


class Entry(msgspec.Struct, frozen=True):
    """One line of a nemesis: what goes wrong, when, and for how long."""

    fault: str
    """The name of a kind of fault, a key of `faults.FAULTS`."""
    parameters: dict[str, Any]
    """What the plan says about it, by the names of the kind's `parameters`."""
    when: When
    """When a fault begins."""
    duration: int | None = None
    """How long each lasts, in ns. None: until the workload ends."""
    start: int = 0
    """`Every` and `Randomly` count from here, and nothing begins before (ns)."""
    end: int | Literal["end"] | None = None
    """From here on nothing begins, and what is active ends (ns). None: no end but that of the workload.

    `END`: what is active when the workload ends does not heal. It stays during the recovery and the final reads.
    """


def schedule(entries: Sequence[Entry], nodes: Sequence[str], stream: Callable[[str], Random]) -> Iterator[FaultEvent]:
    """All faults of all entries, lazily, in the order of their start; at equal times in the order of the entries.

    It never ends if an entry is periodic or random and has no `end`. `stream` returns the random stream of a name:
    entry i draws from `stream("nemesis/<i>")` alone, and equally often for each fault, whatever its kind. So changing
    or removing one entry does not move the faults of another. Raises `ValueError` on the first fault for which the
    cluster is too small.
    """
    sequences = [_unroll(entry, nodes, stream(f"nemesis/{i}")) for i, entry in enumerate(entries)]
    merged = heapq.merge(*sequences, key=lambda begun: begun[0])
    for number, (at, until, fault, stays) in enumerate(merged):
        yield FaultEvent(number, at, until, fault, stays)


def _unroll(entry: Entry, nodes: Sequence[str], random: Random) -> Iterator[tuple[int, int | None, Fault, bool]]:
    for at in _times(entry, random):
        # Each fault has a stream of its own, so the number of draws that it needs does not move the faults after it.
        fault = FAULTS[entry.fault].draw(nodes, Random(random.getrandbits(64)), **entry.parameters)
        ends = [
            end for end in (None if entry.duration is None else at + entry.duration, _end(entry)) if end is not None
        ]
        yield at, min(ends, default=None), fault, entry.end == END


def _end(entry: Entry) -> int | None:
    """From when on nothing of an entry begins, if that is a moment."""
    return None if entry.end == END else entry.end


def _times(entry: Entry, random: Random) -> Iterator[int]:
    end = _end(entry)
    if isinstance(entry.when, AtTimes):
        yield from (at for at in sorted(entry.when.times) if entry.start <= at and (end is None or at < end))
        return
    at = entry.start + _gap(entry.when, random)
    while end is None or at < end:
        yield at
        at += _gap(entry.when, random)


def _gap(when: Every | Randomly, random: Random) -> int:
    if isinstance(when, Every):
        return when.period
    return max(1, int(-when.mean * log(1.0 - random.random())))
