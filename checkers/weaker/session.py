"""The four session guarantees of Terry et al., for registers whose every value is set once.

    Terry, Demers, Petersen, Spreitzer, Theimer, Welch: "Session Guarantees for Weakly Consistent Replicated Data",
    PDIS 1994, sections 3 and 4.

Every read is answered from some set of writes: what had reached the replica that answered. It returns the last one to
its key in that set. *One* order of all writes holds for all replicas. Without a guarantee, the set may be any.

    read your writes      the set of a read holds all earlier writes of its session
    monotonic reads       the set of a read holds the writes that earlier reads of its session saw
    monotonic writes      the order keeps the order of each session, and a set that holds a write holds the earlier
                          writes of that write's session
    writes follow reads   a write comes after what its session had read before it, and a set that holds the write holds
                          that too

A history keeps some guarantees if such an order and such sets exist. They can be anything that explains what clients
saw. This makes the question easy: a read that saw `w` says that every other write to the key of `w` which must be in
its set comes before `w`. So there is an order if and only if these conditions have no cycle. Two conditions always
hold: a session that writes 5 and then 6 to a key means 6 to be the later one, and a compare-and-set sets its value
after the one that it saw.

Times do not count. A session whose reads are old but never go back keeps all four: how old is the business of
`staleness`. And a history that is sequentially consistent keeps all four at once.

*What nobody can see.* Whether writes arrive in order can be told by a session that looks twice, if its own reads do
not go back. So the last two guarantees are kept if the history keeps them together with monotonic reads, and broken if
monotonic reads are kept, but not both. Without monotonic reads they are `unknown`, unless they are broken alone.

*Across keys.* Sessions and the order of writes are those of the whole history, and so are the last two guarantees: a
client that saw `y` must then see the `x` that was written before. What the first two say concerns one key at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from clew.checkers.deadline import Deadline
from clew.checkers.weaker.before import OutOfTime, closure, in_order, look_at
from clew.checkers.weaker.observations import NOTHING, Observations
from clew.checkers.weaker.promise import (
    MONOTONIC_READS,
    MONOTONIC_WRITES,
    READ_YOUR_WRITES,
    TOGETHER,
    WRITES_FOLLOW_READS,
    Kept,
    Promise,
)

GUARANTEES = (READ_YOUR_WRITES, MONOTONIC_READS, MONOTONIC_WRITES, WRITES_FOLLOW_READS)


@dataclass(frozen=True)
class Broken:
    """Why no order of the writes exists."""

    cycle: list[int]
    """Writes: each must come before the next, and the last before the first."""
    operations: list[int]
    """The operations that say so, with the writes that they speak of."""


def decide(seen: Observations, deadline: Deadline, describe: Callable[[int], str]) -> list[Promise]:
    """Whether a history keeps each of the four guarantees, and all of them together.

    `describe` tells an operation, by its position in `History.operations`, in words. O(n²) for n operations, on sets of
    64 operations at a time. All are `unknown` if the deadline passes: it is looked at once for each operation.
    """
    try:
        return _decided(seen, deadline, describe)
    except OutOfTime:
        return [Promise(name, "unknown", "out of time") for name in (*GUARANTEES, TOGETHER)]


def _decided(seen: Observations, deadline: Deadline, describe: Callable[[int], str]) -> list[Promise]:
    alone = {name: broken(seen, frozenset({name}), deadline) for name in GUARANTEES}
    reads = alone[MONOTONIC_READS]
    promises = []
    for name in GUARANTEES:
        why = alone[name]
        kept: Kept = "yes" if why is None else "no"
        if name in (MONOTONIC_WRITES, WRITES_FOLLOW_READS) and why is None:
            if reads is not None:
                kept = "unknown"
            else:
                why = broken(seen, frozenset({name, MONOTONIC_READS}), deadline)
                kept = "yes" if why is None else "no"
        promises.append(_promise(seen, name, kept, why, describe))
    why = next((one for one in alone.values() if one is not None), None)
    why = why or broken(seen, frozenset(GUARANTEES), deadline)
    promises.append(_promise(seen, TOGETHER, "yes" if why is None else "no", why, describe))
    if seen.has_mismatches:
        promises = [_doubted(promise) for promise in promises]
    return promises


def _doubted(promise: Promise) -> Promise:
    """A promise, if there are mismatches. A mismatch says what the register did *not* hold, and is not looked at: so
    what is broken is broken, and what seems kept may not be."""
    if promise.kept != "yes":
        return promise
    why = "everything but the mismatches of compare-and-sets can be explained, and these were not looked at"
    return Promise(promise.name, "unknown", why)


def _promise(seen: Observations, name: str, kept: Kept, why: Broken | None, describe: Callable[[int], str]) -> Promise:
    if kept == "yes":
        return Promise(name, kept, "an order of the writes explains every read")
    if why is None:
        return Promise(name, kept, "the reads of a session go back, so nobody can tell how writes arrive")
    numbers = tuple(seen.operations[op].number for op in why.operations)
    if seen.never_set:
        return Promise(name, kept, f"no operation that did not fail set what this saw: {describe(numbers[0])}", numbers)
    lines = ["no order of the writes explains these:", *(f"  {describe(number)}" for number in numbers)]
    return Promise(name, kept, "\n".join(lines), numbers)


def broken(seen: Observations, wanted: frozenset[str], deadline: Deadline | None = None) -> Broken | None:
    """Why the history does not keep all of the `wanted` guarantees at once; None if it does.

    Raises `OutOfTime` if the deadline passes.
    """
    if seen.never_set:
        return Broken([], seen.never_set[:1])
    conditions = _Conditions(seen, wanted, deadline)
    order, cycle = in_order(conditions.needs, deadline)
    if cycle:
        return _explained(conditions, cycle)
    conditions.look(closure(conditions.needs, order, deadline))
    cycle = in_order(conditions.before, deadline)[1]
    return _explained(conditions, cycle) if cycle else None


class _Conditions:
    """What the order of writes must keep, for some guarantees."""

    def __init__(self, seen: Observations, wanted: frozenset[str], deadline: Deadline | None) -> None:
        self.seen = seen
        self.wanted = wanted
        self.deadline = deadline
        count = len(seen.operations) + seen.keys
        self.needs = [0] * count
        """For each write what a replica that has it must have too, as far as it is said directly."""
        self.before = [0] * count
        """For each write what must come before it."""
        self._of_key = [1 << seen.initial(key) for key in range(seen.keys)]
        self._always()
        self._what_a_write_needs()

    def _always(self) -> None:
        """A value is set after the initial one, after those that its session set before, and after one that it saw."""
        seen = self.seen
        for session in seen.sessions:
            own = [1 << seen.initial(key) for key in range(seen.keys)]
            for number in session:
                look_at(self.deadline)
                op = seen.operations[number]
                if op.happened and op.sets:
                    self.before[number] |= own[op.key] | (1 << op.sees if op.sees != NOTHING else 0)
                    own[op.key] |= 1 << number
                    self._of_key[op.key] |= 1 << number

    def _what_a_write_needs(self) -> None:
        for session in self.seen.sessions:
            needed = 0
            for number in session:
                look_at(self.deadline)
                op = self.seen.operations[number]
                if not op.happened:
                    continue
                if op.sees != NOTHING and WRITES_FOLLOW_READS in self.wanted:
                    needed |= 1 << op.sees
                if op.sets:
                    self.needs[number] |= needed
                    self.before[number] |= needed
                    if MONOTONIC_WRITES in self.wanted:
                        needed |= 1 << number

    def look(self, all_needed: list[int], found: Callable[[int, int, int], None] | None = None) -> None:
        """Add what the reads say. `found` is called for each read with what it saw and what else it must know of."""
        for session in self.seen.sessions:
            known = 0
            for number in session:
                look_at(self.deadline)
                op = self.seen.operations[number]
                if not op.happened:
                    continue
                if op.sees != NOTHING:
                    must = (known | all_needed[op.sees]) & self._of_key[op.key] & ~(1 << op.sees)
                    self.before[op.sees] |= must
                    if found is not None:
                        found(number, op.sees, must)
                    if MONOTONIC_READS in self.wanted:
                        known |= all_needed[op.sees] | 1 << op.sees
                if op.sets and READ_YOUR_WRITES in self.wanted:
                    known |= all_needed[number] | 1 << number


def _explained(conditions: _Conditions, cycle: list[int]) -> Broken:
    """The operations that say that each write of a cycle must come before the next."""
    seen = conditions.seen
    count = len(seen.operations)
    wanted = {(one, two) for one, two in pairwise([*cycle, cycle[0]])}
    operations = [op for op in cycle if op < count]
    order, _ = in_order(conditions.needs, conditions.deadline)
    said: dict[tuple[int, int], int] = {}

    def note(read: int, saw: int, must: int) -> None:
        for one, two in wanted:
            if two == saw and must >> one & 1:
                said.setdefault((one, two), read)

    if order:
        conditions.look(closure(conditions.needs, order, conditions.deadline), note)
    for (one, _), read in said.items():
        operations.append(read)
        operations += _knowing(seen, read, one)
    for session in seen.sessions:
        # What a session read before it wrote: the reason why its write comes later.
        for number in session:
            if number in cycle:
                saw = {one for one, two in wanted if two == number}
                operations += [read for read in session if read < number and seen.operations[read].sees in saw][-1:]
    return Broken(cycle, seen.with_witnesses(operations))


def _knowing(seen: Observations, read: int, write: int) -> list[int]:
    """The operation of a read's session that knew of a write before the read, if one did directly."""
    session = next(session for session in seen.sessions if read in session)
    earlier = [op for op in session if op < read and (op == write or seen.operations[op].sees == write)]
    return earlier[-1:]
