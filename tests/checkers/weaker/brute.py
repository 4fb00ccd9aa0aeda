"""Small histories with sessions and keys, and what they keep, decided by trying everything.

An operation is (session, key, f, value, outcome). The operations of a history are listed in the order in which they
began. Operation i sets the value i, if it sets one.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, permutations, product
from typing import Any, NamedTuple

from clew.histories import Event, History


class Op(NamedTuple):
    """One operation."""

    session: int
    key: int
    f: str
    saw: Any
    """What a read or a compare-and-set saw: the number of an operation; None for the initial value."""
    outcome: str = "ok"

    @property
    def sets(self) -> bool:
        return self.f != "read"

    @property
    def looks(self) -> bool:
        return self.f != "write"


def history_of(operations: Sequence[Op]) -> History:
    """The history in which these happen one after the other."""
    events: list[Event] = []
    for number, op in enumerate(operations):
        argument: Any = None if op.f == "read" else number if op.f == "write" else [op.saw, number]
        result = op.saw if op.f == "read" else argument
        begin, end = 2 * number, 2 * number + 1
        events.append(Event(begin, begin, op.session, "invoke", op.f, op.key, argument))
        kind: Any = op.outcome
        events.append(Event(end, end, op.session, kind, op.f, op.key, result if kind == "ok" else argument))
    return History.of(events)


def every(count: int, keys: int = 2) -> Iterator[list[Op]]:
    """Every history of `count` operations: writes, reads, compare-and-sets, known or unknown, in any sessions."""
    kinds = [("write", None, "ok"), ("write", None, "info")]
    for saw in (None, *range(count)):
        kinds += [("read", saw, "ok"), ("cas", saw, "ok"), ("cas", saw, "info")]
    for sessions in product(range(count), repeat=count):
        if any(session > max(sessions[:place], default=-1) + 1 for place, session in enumerate(sessions)):
            continue
        for places in product(range(keys), repeat=count):
            if any(key > max(places[:place], default=-1) + 1 for place, key in enumerate(places)):
                continue
            for chosen in product(kinds, repeat=count):
                history = [
                    Op(session, key, f, saw, outcome)
                    for session, key, (f, saw, outcome) in zip(sessions, places, chosen, strict=True)
                ]
                if is_history(history):
                    yield history


def is_history(history: Sequence[Op]) -> bool:
    """Nothing follows an unknown outcome in its session, and what was seen is a value of that key."""
    for place, op in enumerate(history):
        if op.outcome == "info" and any(later.session == op.session for later in history[place + 1 :]):
            return False
        if op.saw is not None and (not history[op.saw].sets or history[op.saw].key != op.key or op.saw == place):
            return False
    return True


def scattered(count: int, rng: random.Random) -> list[Op]:
    """A random history: mostly reads and writes, and mostly of values that were written before."""
    sessions, keys = rng.randrange(1, 4), rng.randrange(1, 3)
    alias = list(range(sessions))
    history: list[Op] = []
    for _ in range(count):
        session = rng.randrange(sessions)
        f = rng.choice(("read", "read", "write", "write", "cas"))
        outcome = "info" if f != "read" and rng.random() < 0.15 else "ok"
        history.append(Op(alias[session], rng.randrange(keys), f, None, outcome))
        if outcome == "info":
            alias[session] = max(alias) + 1
    for place, op in enumerate(history):
        if op.looks:
            possible = [n for n, other in enumerate(history) if other.sets and other.key == op.key and n != place]
            history[place] = op._replace(saw=rng.choice([None, *possible, *possible]))
    return history


def subsets(members: Iterable[int]) -> Iterator[set[int]]:
    """Every subset."""
    listed = list(members)
    for size in range(len(listed) + 1):
        yield from map(set, combinations(listed, size))


def keeps(history: Sequence[Op], wanted: frozenset[str]) -> bool:
    """Whether an order of the writes, and a set of writes for each read, explain the history with these guarantees."""
    unknown = [number for number, op in enumerate(history) if op.outcome == "info"]
    for left_out in subsets(unknown):
        happened = [number for number in range(len(history)) if number not in left_out]
        writes = [number for number in happened if history[number].sets]
        if any(_explains(history, happened, order, wanted) for order in permutations(writes)):
            return True
    return False


def _explains(history: Sequence[Op], happened: list[int], order: tuple[int, ...], wanted: frozenset[str]) -> bool:
    place = {write: position for position, write in enumerate(order)}
    needs: dict[int, set[int]] = {write: set() for write in order}
    for write in order:
        op = history[write]
        if op.looks and op.saw is not None and not (op.saw in place and place[op.saw] < place[write]):
            return False
        for earlier in happened:
            other = history[earlier]
            if other.session != op.session or earlier > write:
                continue
            if earlier < write and other.sets and other.key == op.key and place[earlier] > place[write]:
                return False
            if "monotonic writes" in wanted and earlier < write and other.sets:
                needs[write].add(earlier)
            if "writes follow reads" in wanted and other.looks and other.saw is not None:
                needs[write].add(other.saw)
    for write, needed in needs.items():
        if any(one not in place or place[one] >= place[write] for one in needed):
            return False
    for read in happened:
        op = history[read]
        if not op.looks:
            continue
        must = set()
        for earlier in happened:
            other = history[earlier]
            if earlier < read and other.session == op.session:
                if "read your writes" in wanted and other.sets:
                    must.add(earlier)
                if "monotonic reads" in wanted and other.looks and other.saw is not None:
                    must.add(other.saw)
        if not any(
            must <= known
            and all(needs[write] <= known for write in known)
            and max((w for w in known if history[w].key == op.key), key=place.__getitem__, default=None) == op.saw
            for known in subsets(order)
        ):
            return False
    return True


def is_sequential(history: Sequence[Op]) -> bool:
    """Whether one order of everything, each session in its order, explains the history."""
    sessions = sorted({op.session for op in history})
    mine = {session: [n for n, op in enumerate(history) if op.session == session] for session in sessions}
    tried = set()

    def search(done: tuple[int, ...], state: tuple[Any, ...]) -> bool:
        if (done, state) in tried:
            return False
        tried.add((done, state))
        if all(
            all(history[n].outcome == "info" for n in mine[session][at:])
            for session, at in zip(sessions, done, strict=True)
        ):
            return True
        for index, session in enumerate(sessions):
            if done[index] == len(mine[session]):
                continue
            number = mine[session][done[index]]
            op = history[number]
            if op.looks and state[op.key] != op.saw:
                continue
            after = list(state)
            if op.sets:
                after[op.key] = number
            if search((*done[:index], done[index] + 1, *done[index + 1 :]), tuple(after)):
                return True
        return False

    return search((0,) * len(sessions), (None, None))
