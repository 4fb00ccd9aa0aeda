"""What must come before what in any order that keeps the order of each process and explains what reads saw.

If `r` saw the value of `w`, and `v` is another write to the same key, then `v` does not come between them:

    v before r   =>   v before w            w before v   =>   r before v

These rules are applied until nothing new follows. If there is a cycle, there is no order. O(n²) a round, on sets of 64
operations at a time.

It need not be known what every read saw. If a value is set more than once, a read may have seen any operation that set
it and is not out of the question (`narrowed`):

    r before w                        it would have seen the future
    w before v, and v before r        it was replaced: v is another write to the same key

If one operation is left, the read saw it, and more follows from that. If none is left, there is no order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from clew.checkers.deadline import Deadline
from clew.checkers.weaker.before import OutOfTime, closure, in_order, look_at
from clew.checkers.weaker.observations import NOTHING, Observations, Possible, bits, with_happened

_MOST_ROUNDS = 20
"""How often `narrowed` may find out more. Each round takes as long as `Saturated.saturate`. To stop early is sound:
then less is known."""


class Saturated:
    """What must come before what, if this is what the operations saw.

    An operation of which it is not known what it saw may have seen anything.
    """

    def __init__(self, seen: Observations) -> None:
        self.seen = seen
        count = len(seen.operations) + seen.keys
        before = [0] * count
        self.readers = [0] * count
        """For each write, and for each initial value, the operations that saw it."""
        self.of_key = [1 << seen.initial(key) for key in range(seen.keys)]
        for session in seen.sessions:
            last = 0
            for number in session:
                op = seen.operations[number]
                if not op.happened:
                    continue
                before[number] |= last | 1 << seen.initial(op.key)
                last = 1 << number
                if op.sees != NOTHING:
                    before[number] |= 1 << op.sees
                    self.readers[op.sees] |= 1 << number
                if op.sets:
                    self.of_key[op.key] |= 1 << number
        self.rounds = [before]
        """What was known after each round, first what is said directly: for each operation what must come before it."""
        self.cycle: list[int] = []

    def saturate(self, deadline: Deadline) -> bool:
        """Apply the rules until nothing new follows, or until there is a cycle. False if the deadline passed.

        It looks at the deadline once for each operation or more often.
        """
        try:
            while not self.cycle:
                before = self.rounds[-1]
                order, self.cycle = in_order(before, deadline)
                if not self.cycle:
                    following = self._round(before, order, deadline)
                    if following == before:
                        return True
                    self.rounds.append(following)
        except OutOfTime:
            return False
        return True

    def _round(self, before: list[int], order: list[int], deadline: Deadline) -> list[int]:
        all_before = closure(before, order, deadline)
        following = list(before)
        gone = [0] * len(before)
        """For each write the operations that saw values which were set before it."""
        for node in order:
            look_at(deadline)
            key = self._key_set_by(node)
            if key is None:
                continue
            writes = self.of_key[key]
            rest = all_before[node] & writes
            while rest:
                earlier = rest.bit_length() - 1
                gone[node] |= self.readers[earlier] | gone[earlier]
                rest &= ~(all_before[earlier] | 1 << earlier)
            must = gone[node]
            for read in bits(self.readers[node]):
                must |= all_before[read] & writes
            following[node] |= must & ~all_before[node] & ~(1 << node)
        return following

    def _key_set_by(self, node: int) -> int | None:
        if node >= len(self.seen.operations):
            return node - len(self.seen.operations)
        op = self.seen.operations[node]
        return op.key if op.sets and op.happened else None

    def reason(self) -> list[int]:
        """Operations that have no order, whatever the others did: those from which the cycle follows."""
        found: set[int] = set()
        edges = [(one, two, len(self.rounds) - 1) for one, two in pairwise([*self.cycle, self.cycle[0]])]
        done: set[tuple[int, int, int]] = set()
        while edges:
            edge = edges.pop()
            if edge in done:
                continue
            done.add(edge)
            one, two, level = edge
            found |= {one, two}
            while level and self.rounds[level - 1][two] >> one & 1:
                level -= 1
            if level:
                edges += self._because(one, two, level - 1, found)
        return self.seen.with_witnesses([op for op in found if op < len(self.seen.operations)])

    def _because(self, one: int, two: int, level: int, found: set[int]) -> Iterator[tuple[int, int, int]]:
        """The steps from which a rule concluded that `one` comes before `two`."""
        before = self.rounds[level]
        if one < len(self.seen.operations) and self.seen.operations[one].sees != NOTHING:
            path = path_between(before, self.seen.operations[one].sees, two)
            if path and self.seen.operations[one].key == self._key_set_by(two):
                yield from ((a, b, level) for a, b in pairwise(path))
                found |= set(path)
                return
        for read in bits(self.readers[two]):
            path = path_between(before, one, read)
            if path:
                yield from ((a, b, level) for a, b in pairwise(path))
                found |= set(path)
                return


def path_between(before: list[int], first: int, last: int) -> list[int]:
    """A shortest path on which each must come before the next; empty if there is none."""
    after: dict[int, int] = {}
    layer, reached = [last], 1 << last
    while layer and first not in after:
        following = []
        for two in layer:
            new = before[two] & ~reached
            reached |= new
            for one in bits(new):
                after[one] = two
                following.append(one)
        layer = following
    if first not in after:
        return []
    path = [first]
    while path[-1] != last:
        path.append(after[path[-1]])
    return path


@dataclass(frozen=True)
class Narrowed:
    """What is certain where values are set more than once."""

    before: list[int]
    """For each operation, and then for each initial value, a set of what must come before it."""
    may_see: dict[int, int] = field(default_factory=dict)
    """For each operation that saw a value the set of those that may have set it."""
    no_order: bool = False
    """Whether there is no order."""
    saw_nothing: int | None = None
    """An operation that can have seen nobody, if there is no order because of it."""


def narrowed(possible: Possible, deadline: Deadline) -> Narrowed | None:
    """What is certain of what the operations saw, and what follows from it. None if the deadline passed.

    It looks at the deadline once for each operation or more often.
    """
    try:
        return _narrowed(possible, deadline)
    except OutOfTime:
        return None


def _narrowed(possible: Possible, deadline: Deadline) -> Narrowed:
    seen, before = possible.seen, None
    unsure = {op: setters for op, setters in possible.setters.items() if seen.operations[op].happened}
    for _ in range(_MOST_ROUNDS):
        saturated = Saturated(seen)
        if not saturated.saturate(deadline):
            raise OutOfTime
        before = saturated.rounds[-1]
        if saturated.cycle:
            return Narrowed(before, no_order=True)
        order, _ = in_order(before, deadline)
        all_before = closure(before, order, deadline)
        all_after = closure(_turned(before, deadline), order[::-1], deadline)
        operations = list(seen.operations)
        for op, setters in list(unsure.items()):
            look_at(deadline)
            writes = rest = all_before[op] & saturated.of_key[operations[op].key]
            replaced = 0
            while rest:
                top = rest.bit_length() - 1
                replaced |= all_before[top]
                rest &= ~(all_before[top] | 1 << top)
            left = setters & ~(replaced & writes) & ~all_after[op]
            if not left:
                return Narrowed(before, no_order=True, saw_nothing=op)
            unsure[op] = left
            if not left & (left - 1):
                operations[op] = replace(operations[op], sees=left.bit_length() - 1)
                del unsure[op]
        if operations == seen.operations:
            break
        seen = replace(seen, operations=with_happened(operations))
        # What an operation of unknown outcome saw counts as soon as somebody saw it.
        for op, setters in possible.setters.items():
            if seen.operations[op].happened and seen.operations[op].sees == NOTHING:
                unsure.setdefault(op, setters)
    may_see = {op: 1 << one.sees for op, one in enumerate(seen.operations) if one.sees != NOTHING}
    return Narrowed(before or [], {**unsure, **may_see})


def _turned(before: list[int], deadline: Deadline) -> list[int]:
    """The same relation the other way round."""
    after = [0] * len(before)
    for two, ones in enumerate(before):
        look_at(deadline)
        for one in bits(ones):
            after[one] |= 1 << two
    return after
