"""When what goes wrong: the entries of a plan's nemesis, unrolled into faults in the order of time.

    every: 2s, for: 1s    ────────██████──────██████──────██████──      first after one period
    at: [1s, 4s], for: 1s ────██████──────────────████████────────
    random: 2s, for: 1s   ──████───────────────██████─███████─────      exponential gaps, 2 s on average

Faults may overlap, those of one entry too; they add up (`clew.nemesis.effect`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from math import log
from random import Random

import msgspec

from clew.nemesis.fault import Crash, Fault, FaultEvent, Grudge, Network, Partition
from clew.nemesis.latency import Latency
from clew.nemesis.partition import PartitionKind, split
from clew.nemesis.target import Target, choose


class Cut(msgspec.Struct, frozen=True, tag="partition"):
    """A partition: drawn anew each time by its kind, or always this grudge."""

    grudge: PartitionKind | Grudge


class Kill(msgspec.Struct, frozen=True, tag="crash"):
    """A crash of some nodes."""

    target: Target


class Disturb(msgspec.Struct, frozen=True, tag="network"):
    """A worse network, on all links between nodes or (`target`) on those of some nodes."""

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: Latency | None = None
    target: Target | None = None


What = Cut | Kill | Disturb


class Every(msgspec.Struct, frozen=True, tag="every"):
    """Each `period` ns, the first after one period."""

    period: int


class At(msgspec.Struct, frozen=True, tag="at"):
    """At these times, in ns since the start of the run."""

    times: tuple[int, ...]


class Randomly(msgspec.Struct, frozen=True, tag="random"):
    """After exponential gaps of `mean` ns on average, the first gap from the start."""

    mean: int


When = Every | At | Randomly


class Entry(msgspec.Struct, frozen=True):
    """One line of a nemesis: what, when, and for how many ns (None: until the workload ends).

    `Every` and `Randomly` count from `start`. Nothing begins before `start`, and from `end` on (None: never) nothing
    begins and what is active heals.
    """

    what: What
    when: When
    duration: int | None = None
    start: int = 0
    end: int | None = None


def schedule(entries: Sequence[Entry], nodes: Sequence[str], stream: Callable[[str], Random]) -> Iterator[FaultEvent]:
    """All faults of all entries, lazily, by start time and, where that is equal, in the order of the entries.

    It never ends if an entry is periodic or random without an `end`. Entry i draws from `stream("nemesis/<i>")` alone,
    and the same number of times for each fault whatever the fault is. Raises `ValueError` on the first fault that a
    cluster of these `nodes` is too small for.
    """
    sequences = [_unroll(entry, nodes, stream(f"nemesis/{i}")) for i, entry in enumerate(entries)]
    merged = heapq.merge(*sequences, key=lambda begun: begun[0])
    for number, (at, until, fault) in enumerate(merged):
        yield FaultEvent(number, at, until, fault)


def _unroll(entry: Entry, nodes: Sequence[str], random: Random) -> Iterator[tuple[int, int | None, Fault]]:
    for at in _times(entry, random):
        # The fault draws from a stream of its own: how many numbers it needs does not move the faults after it.
        fault = _happen(entry.what, nodes, Random(random.getrandbits(64)))
        ends = [end for end in (None if entry.duration is None else at + entry.duration, entry.end) if end is not None]
        yield at, min(ends, default=None), fault


def _times(entry: Entry, random: Random) -> Iterator[int]:
    if isinstance(entry.when, At):
        yield from (
            at for at in sorted(entry.when.times) if entry.start <= at and (entry.end is None or at < entry.end)
        )
        return
    at = entry.start + _gap(entry.when, random)
    while entry.end is None or at < entry.end:
        yield at
        at += _gap(entry.when, random)


def _gap(when: Every | Randomly, random: Random) -> int:
    if isinstance(when, Every):
        return when.period
    return max(1, int(-when.mean * log(1.0 - random.random())))


def _happen(what: What, nodes: Sequence[str], random: Random) -> Fault:
    match what:
        case Cut(grudge):
            return Partition(split(grudge, nodes, random) if isinstance(grudge, str) else grudge)
        case Kill(target):
            return Crash(choose(target, nodes, random))
        case Disturb(drop, duplicate, reorder, delay, target):
            hit = None if target is None else choose(target, nodes, random)
            return Network(drop, duplicate, reorder, delay, hit)
