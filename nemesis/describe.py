"""Faults in a few words, for logs and the pages that show a run.

partition n1 n2 | n3 n4 n5
partition n1 deaf to n4 n5, n2 deaf to n5
crash n1 n3
network of n2: drop 0.5, delay 20ms
"""

from __future__ import annotations

from clew.nemesis.fault import Crash, Fault, Grudge, Network, Partition
from clew.nemesis.latency import Constant, Exponential, Latency, Normal, Uniform


def describe(fault: Fault) -> str:
    """The fault in one short line without its times."""
    match fault:
        case Partition(grudge):
            return f"partition {_components(grudge) or _deaf(grudge)}"
        case Crash(nodes):
            return f"crash {' '.join(nodes)}"
        case Network():
            changes = [
                f"{name} {chance:g}"
                for name, chance in (("drop", fault.drop), ("duplicate", fault.duplicate), ("reorder", fault.reorder))
                if chance
            ]
            if fault.delay is not None:
                changes.append(f"delay {describe_latency(fault.delay)}")
            links = "" if fault.nodes is None else f" of {' '.join(fault.nodes)}"
            return f"network{links}: {', '.join(changes)}"


def describe_latency(latency: Latency) -> str:
    """The distribution in a few words: `5ms`, `exponential 5ms`, `uniform 1ms to 9ms`, `normal 5ms ± 1ms`."""
    match latency:
        case Constant(delay):
            return describe_duration(delay)
        case Exponential(mean):
            return f"exponential {describe_duration(mean)}"
        case Uniform(least, most):
            return f"uniform {describe_duration(least)} to {describe_duration(most)}"
        case Normal(mean, deviation):
            return f"normal {describe_duration(mean)} ± {describe_duration(deviation)}"


def describe_duration(ns: int) -> str:
    """Rounded for reading, in the largest unit that leaves a whole part: `1.5s`, `20ms`, `4.837ms`."""
    for unit, size in (("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)):
        if ns >= size:
            return f"{round(ns / size, 3):.15g}{unit}"
    return f"{ns}ns"


def _components(grudge: Grudge) -> str | None:
    """`n1 n2 | n3`, if the grudge is of two sides that hear nothing of each other; None if it is not."""
    receivers = list(grudge)
    if not receivers:
        return None
    others = grudge[receivers[0]]
    side = tuple(receiver for receiver in receivers if receiver not in others)
    for mine, theirs in ((side, others), (others, side)):
        for receiver in mine:
            if sorted(grudge.get(receiver, ())) != sorted(theirs):
                return None
    return f"{' '.join(side)} | {' '.join(others)}"


def _deaf(grudge: Grudge) -> str:
    return ", ".join(f"{receiver} deaf to {' '.join(sources)}" for receiver, sources in grudge.items())
