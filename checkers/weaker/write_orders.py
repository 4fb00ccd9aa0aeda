"""A guess at the order of the writes to each key, from the times at which they ran.

Once the writes to each key have an order, sequential consistency is easy (Gibbons & Korach, 1997, "VSC-Conflict"): what
saw a value comes before the next write to its key, and any order of the resulting graph explains everything. A real
database does its writes at about the time at which clients asked for them. So a few guesses nearly always find the
order, if there is one. A wrong guess says nothing: then `sequential` searches.
"""

from __future__ import annotations

from collections.abc import Sequence

from clew.checkers.deadline import Deadline
from clew.checkers.weaker.before import closure, in_order, look_at
from clew.checkers.weaker.observations import NOTHING, Observations


def guessed_order(
    seen: Observations,
    before: list[int],
    readers: list[int],
    start: Sequence[int],
    end: Sequence[int],
    deadline: Deadline,
) -> list[int] | None:
    """An order of all that happened, or None if no guess is right. Mismatches may not fit into it.

    `before` is what must come before each operation, without cycles; `readers` says who saw each value. `start` and
    `end` are the times of the operations. O(n²) a guess, on sets of 64 operations at a time.

    It looks at the deadline once for each operation or more often, and raises `OutOfTime` if that has passed.
    """
    order, _ = in_order(before, deadline)
    all_before = closure(before, order, deadline)
    for rank in _ranks(seen, start, end):
        following = _with_write_order(seen, before, readers, all_before, order, rank, deadline)
        found, cycle = in_order(following, deadline)
        if not cycle:
            return [op for op in found if op < len(seen.operations) and seen.operations[op].happened]
    return None


def _ranks(seen: Observations, start: Sequence[int], end: Sequence[int]) -> list[list[int]]:
    """Three ideas of when a write took effect.

    The middle of its zone (see `monitors.zones`), which is right if each key alone is linearizable; when its value was
    first known to be there, which is right if reads are old; and when it began.
    """
    first, last = list(end), list(start)
    for number, op in enumerate(seen.operations):
        if op.happened and op.sees != NOTHING and op.sees < len(seen.operations):
            first[op.sees] = min(first[op.sees], end[number])
            last[op.sees] = max(last[op.sees], start[number])
    return [[one + two for one, two in zip(first, last, strict=True)], first, list(start)]


def _with_write_order(
    seen: Observations,
    before: list[int],
    readers: list[int],
    all_before: list[int],
    order: list[int],
    rank: list[int],
    deadline: Deadline,
) -> list[int]:
    """What must come before what, if the writes to each key come in the order of their rank, as far as they may."""
    following = list(before)
    count = len(seen.operations)
    latest = [*rank, *([-1] * seen.keys)]
    last_write = [seen.initial(key) for key in range(seen.keys)]
    writes: list[tuple[int, int, int]] = []
    for position, node in enumerate(order):
        rest = before[node]
        while rest:
            look_at(deadline)
            top = rest.bit_length() - 1
            latest[node] = max(latest[node], latest[top])
            rest &= ~(all_before[top] | 1 << top)
        if node < count and seen.operations[node].happened and seen.operations[node].sets:
            writes.append((latest[node], position, node))
    for _, _, node in sorted(writes):
        previous = last_write[seen.operations[node].key]
        following[node] |= 1 << previous | (readers[previous] & ~(1 << node))
        last_write[seen.operations[node].key] = node
    return following
