"""Generated histories of tens to thousands of operations, of many shapes.

`calls` says when clients call and when their operations take effect. So every history is linearizable until it is
spoiled (`spoil`).
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from clew.checkers.models import Model, ModelOperation
from clew.histories import Event, History
from tests.checkers.calls import LATENCY, Call, calls


class Mix(NamedTuple):
    """A kind of history of a CAS register."""

    operations: int
    processes: int
    weights: tuple[float, float, float]
    """How often an operation is a read, a write, a compare-and-set."""
    values: int
    unknown: float
    """The share of operations of unknown outcome."""
    shape: str = "steady"
    """See `calls.SHAPES`."""


def register_history(mix: Mix, rng: random.Random) -> History:
    """A linearizable history of this kind. Half of the compare-and-sets expect the value that is there."""
    made = calls(
        rng, mix.operations, mix.processes, mix.unknown,
        lambda: rng.choices(("read", "write", "cas"), mix.weights)[0], shape=mix.shape,
    )  # fmt: skip
    value: Any = None
    events: list[tuple[int, int, Event]] = []
    for _, _, process, f, call, end, lost, happens in made:
        fresh: Any = rng.randrange(mix.values)
        result: Any = value
        argument: Any = None if f == "read" else fresh
        error = None
        if f == "cas":
            argument = [value if rng.random() < 0.5 and value is not None else rng.randrange(mix.values), fresh]
        if f != "read":
            result = argument
            failed = f == "cas" and argument[0] != value
            if failed and not lost:
                error = "refused"
            elif happens and not failed:
                value = fresh
        events.append((call, 0, Event(0, call, process, "invoke", f, None, argument)))
        if not lost:
            kind: Any = "ok" if error is None else "fail"
            events.append((end, 1, Event(0, end, process, kind, f, None, result, error)))
    events.sort(key=lambda entry: entry[:2])
    return History.of(
        Event(index, e.time, e.process, e.type, e.f, e.key, e.value, e.error) for index, (_, _, e) in enumerate(events)
    )


def set_history(count: int, processes: int, elements: int, unknown: float, rng: random.Random) -> History:
    """A linearizable history of a set that is never read whole: adds, removes and questions about a few elements."""
    free = [(client, client) for client in range(processes)]
    heapq.heapify(free)
    calls = []
    for number in range(count):
        call, process = heapq.heappop(free)
        end = call + 10 + rng.randrange(20 * processes)
        lost = rng.random() < unknown
        calls.append((rng.randrange(call + 1, end), number, process, call, end, lost, not lost or rng.random() < 0.5))
        heapq.heappush(free, (end + 1, process + processes * lost))
    there: set[int] = set()
    events: list[tuple[int, int, Event]] = []
    for _, _, process, call, end, lost, happens in sorted(calls):
        f, element = rng.choice(("add", "remove", "contains")), rng.randrange(elements)
        found = element in there
        if happens and f != "contains":
            (there.add if f == "add" else there.discard)(element)
        events.append((call, 0, Event(0, call, process, "invoke", f, None, element)))
        if not lost:
            result: Any = not found if f == "add" else found
            result = element if f == "add" and rng.random() < 0.5 else result
            events.append((end, 1, Event(0, end, process, "ok", f, None, result)))
    events.sort(key=lambda entry: entry[:2])
    return History.of(
        Event(index, e.time, e.process, e.type, e.f, e.key, e.value) for index, (_, _, e) in enumerate(events)
    )


Deed = tuple[Call, ModelOperation]
"""A call and what it did."""
FAVOURITES = ("none", "equal", "reads")
"""What most operations are. equal: most are the same operation, such as one write. reads: most change nothing."""
SPOILS = ("result", "exchange", "lost", "late", "again")
"""What can be wrong. result: an operation returned something else. exchange: two operations had each other's results.
lost: an operation that took effect is not in the history. late: one is said to have begun after it ended. again: the
result of an early operation is seen once more, at the end."""


def deeds(
    model: Model, alphabet: Sequence[ModelOperation], made: list[Call], favourite: str, rng: random.Random
) -> list[Deed]:
    """What each of these calls did to an object of a model. Operations are drawn from those of the alphabet."""
    state, done = model.initial, list[Deed]()
    preferred = alphabet[:1] if favourite == "equal" else [op for op in alphabet if model.observes(op)]
    for call in made:
        possible = [(op, after) for op in alphabet if (after := model.step(state, op)) is not None]
        possible = [(op, after) for op, after in possible if (op.outcome == "info") is call.lost]
        liked = [(op, after) for op, after in possible if op in preferred]
        if favourite != "none" and liked and rng.random() < 0.8:
            possible = liked
        if possible:
            op, after = rng.choice(possible)
            done.append((call, op))
            state = after if call.happens else state
    return done


def spoil(done: list[Deed], alphabet: Sequence[ModelOperation], kind: str, rng: random.Random) -> list[Deed]:
    """The same with one thing wrong, of one of the `SPOILS`. It may be linearizable all the same."""
    known = [place for place, (_, op) in enumerate(done) if op.outcome == "ok"]
    if not known:
        return done
    done, place = list(done), rng.choice(known)
    call, op = done[place]
    if kind == "result":
        done[place] = call, rng.choice([other for other in alphabet if other.f == op.f and other.outcome == "ok"])
    elif kind == "exchange":
        other_place = rng.choice([other for other in known if done[other][1].f == op.f])
        done[place], done[other_place] = (call, done[other_place][1]), (done[other_place][0], op)
    elif kind == "lost":
        del done[place]
    else:
        end = max(other.end for other, _ in done) + 1
        process = max(other.process for other, _ in done) + 1
        moved = call._replace(start=end if kind == "again" else call.end + 1, end=end + LATENCY, process=process)
        if kind == "late":
            done[place] = moved, op
        else:
            done.append((moved, op))
    return done


def told(done: list[Deed]) -> History:
    """The history of these operations."""
    events: list[tuple[int, int, Event]] = []
    for call, op in done:
        events.append((call.start, 0, Event(0, call.start, call.process, "invoke", op.f, None, op.argument)))
        if op.outcome == "mismatch":
            events.append((call.end, 1, Event(0, call.end, call.process, "fail", op.f, None, op.argument, "mismatch")))
        elif op.outcome == "ok":
            events.append((call.end, 1, Event(0, call.end, call.process, "ok", op.f, None, op.result)))
    events.sort(key=lambda entry: entry[:2])
    return History.of(
        Event(index, e.time, e.process, e.type, e.f, e.key, e.value, e.error) for index, (_, _, e) in enumerate(events)
    )
