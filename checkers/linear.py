"""Any model: all configurations at once, swept along the events (just-in-time linearization).

Lowe, "Testing for linearizability", CCPE 2017, section 5. A configuration is a state and the open operations that have
taken effect in it. A call opens an operation. A return is where things happen: a configuration in which the operation
has taken effect goes on without it; from every other one, each row of open operations that ends with the returning one
and is possible leads to a new configuration. When none is left, the return cannot be explained.

Nothing here is as long as the history but the linearization itself: a configuration has one bit for each *open*
operation, which takes a free place in its words (a *slot*) when it is called and gives it back when it returns; states
that no configuration is in any more are forgotten; and the beginning of the linearization on which all configurations
agree is settled and leaves the log. So it can run beside a test, from any set of configurations on (`Sweep`).

What makes the sets small, each with its reason next to the line that uses it: `Eager observers`, `Earliest deadline
first`, `Fewer unknown`, `Used by all`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checkers.clock import Clock
from checkers.encoding import NEVER, Problem
from checkers.kernel import copy, kernel
from checkers.memo import IMPOSSIBLE, UNASKED, Memo, lookup
from checkers.models.model import Model
from checkers.outcome import Outcome
from checkers.verdict import Budget

_FREE = -1

_THERE, _DEAD, _ASK, _ROWS, _SLOTS, _LOG_FULL, _PAUSE = range(7)

# A configuration is a row: its state, the latest entry of its log, and a bit for each slot.
_STATE, _LOG, _BITS = 0, 1, 2

_POSITION, _COUNT, _OPEN, _ENTRIES, _ASKED, _WORK, _STAMP, _VISIT = range(8)

_ASK_AT_ONCE = 1 << 15
_WORK_PER_VISIT = 500_000
_CLOSE_EVERY = 16
_FEWEST_STATES = 1 << 14


class Configuration(NamedTuple):
    """What an object may be like at a moment: its state, and which open operations have taken effect already.

    `used` are indices of operations of the problem.
    """

    state: Hashable
    used: frozenset[int]


def decide(problem: Problem, model: Model, budget: Budget, clock: Clock) -> Outcome:
    """Decide one problem. See `Outcome`."""
    sweep = Sweep(problem, model, budget, clock)
    answer = sweep.to(len(problem.event_op))
    if answer == "there":
        return Outcome("valid", order=sweep.order(), engine="linear")
    if answer == "dead":
        return Outcome("invalid", order=sweep.order(), stuck=sweep.position, engine="linear")
    return Outcome("unknown", order=sweep.order(), why=answer, engine="linear")


class Sweep:
    """The configurations of a problem at a position, from which they can be moved on.

    It starts before everything, or from `start`: configurations that came out of an earlier part, at a moment at which
    just the first `opened` operations of the problem had been called. Those that come out of a sweep can start another
    one only if it was begun like that itself: otherwise states are merged that only this problem cannot tell apart.
    """

    def __init__(
        self,
        problem: Problem,
        model: Model,
        budget: Budget,
        clock: Clock,
        start: Sequence[Configuration] | None = None,
        opened: int = 0,
    ) -> None:
        self._problem, self._budget, self._clock = problem, budget, clock
        self._memo = Memo(model, problem.classes, merge=start is None)
        self._asked = np.empty((_ASK_AT_ONCE, 2), np.int64)
        self._log = np.empty((1 << 12, 2), np.int32)
        self._settled: list[NDArray[np.int32]] = []
        self._registers = np.zeros(8, np.int64)
        self._open = np.empty(64, np.int32)
        self._op_of = np.full(64, _FREE, np.int32)
        self._first = np.zeros(len(problem.classes), np.int64)
        self._many_states = _FEWEST_STATES
        self._forgot = -1
        self._room(16, 1)
        self._registers[_COUNT] = 1
        self._now[0, :_BITS] = (0, -1)
        if start is not None:
            self._begin(start, opened)

    def _room(self, rows: int, words: int) -> None:
        """Room for so many configurations of so many words each; what was there stays."""
        old = getattr(self, "_now", np.empty((0, 0), np.int64))
        self._now = np.zeros((rows, _BITS + words), np.int64)
        self._now[: len(old), : old.shape[1]] = old
        self._then = np.zeros((rows, _BITS + words), np.int64)
        self._seen = np.zeros((rows, _BITS + words), np.int64)
        self._chains = np.empty((2, rows), np.int32)
        self._heads = np.empty((2, 2 * rows), np.int32)
        self._stamps = np.zeros((2, 2 * rows), np.int64)
        self._unknown = np.zeros(words, np.int64)
        for slot in self._open[: self._registers[_OPEN]].tolist():
            if self._problem.ret[self._op_of[slot]] == NEVER:
                _set(self._unknown, slot)

    def _begin(self, start: Sequence[Configuration], opened: int) -> None:
        words = max(1, -(-opened // 64))
        self._open, self._op_of = np.empty(64 * words, np.int32), np.full(64 * words, _FREE, np.int32)
        self._open[:opened] = np.argsort(self._problem.ret[:opened], kind="stable")
        self._op_of[:opened] = np.arange(opened)
        self._registers[_POSITION] = self._registers[_OPEN] = opened
        self._registers[_COUNT] = len(start)
        self._room(max(16, 2 * len(start)), words)
        for row, (state, used) in enumerate(start):
            self._now[row, :_BITS] = (self._memo.number(state), -1)
            for op in used:
                _set(self._now[row, _BITS:], op)

    @property
    def position(self) -> int:
        """Everything before this position of the problem has been dealt with."""
        return int(self._registers[_POSITION])

    def to(self, position: int) -> Literal["there", "dead", "memory", "time"]:
        """Sweep on to a position. Returns "there", "dead" if a return before it could not be explained, or why not."""
        problem, memo, registers = self._problem, self._memo, self._registers
        while True:
            status = _advance(
                problem.event_op, problem.event_return, problem.cls, problem.ret, problem.observer,
                len(problem.classes), position, memo.keys, memo.next_state, self._now, self._then, self._seen,
                self._chains, self._heads, self._stamps, self._open, self._op_of, self._unknown,
                self._first, self._log, self._asked, registers,
            )  # fmt: skip
            if status == _THERE:
                return "there"
            if status == _DEAD:
                return "dead"
            if status == _ASK:
                memo.learn([(state, cls) for state, cls in self._asked[: registers[_ASKED]].tolist()])
            elif status == _ROWS:
                self._room(4 * len(self._now), self._now.shape[1] - _BITS)
            elif status == _SLOTS:
                self._open = np.concatenate((self._open, np.empty_like(self._open)))
                self._op_of = np.concatenate((self._op_of, np.full_like(self._op_of, _FREE)))
                self._room(len(self._now), len(self._op_of) // 64)
            elif status == _LOG_FULL:
                self._settle()
            if len(memo.states) > self._many_states and self.position > self._forgot:
                self._forget()
            if self.bytes > self._budget.bytes:
                return "memory"
            if self._clock.over():
                return "time"

    @property
    def bytes(self) -> int:
        """What it holds now, but for the part of the linearization that is settled."""
        rows = self._now.nbytes + self._then.nbytes + self._seen.nbytes
        return (
            rows + self._chains.nbytes + self._heads.nbytes + self._stamps.nbytes + self._log.nbytes + self._memo.bytes
        )

    def _settle(self) -> None:
        """Take what all configurations agree on out of the log, and what none leads back to; or make it longer."""
        registers, count = self._registers, int(self._registers[_COUNT])
        kept, settled = _collect(self._log, int(registers[_ENTRIES]), self._now, count)
        self._settled.append(self._log[kept : kept + settled, 1].copy())
        registers[_ENTRIES] = kept
        if 2 * kept > len(self._log) or settled == 0:
            self._log = np.concatenate((self._log, np.empty_like(self._log)))

    def _forget(self) -> None:
        """Forget the states that no configuration is in: they would be as many as the history has operations."""
        rows = self._now[: self._registers[_COUNT]]
        states, rows[:, _STATE] = np.unique(rows[:, _STATE], return_inverse=True)
        self._memo.forget(states.tolist())
        self._many_states = max(_FEWEST_STATES, 4 * len(states))
        self._forgot = self.position  # a return that needs more states than that must come to its end

    def configurations(self) -> list[Configuration]:
        """Where the object may be now."""
        op_of = [(slot, int(self._op_of[slot])) for slot in self._open[: self._registers[_OPEN]].tolist()]
        found = []
        for row in self._now[: self._registers[_COUNT]]:
            used = frozenset(op for slot, op in op_of if row[_BITS + (slot >> 6)] >> (slot & 63) & 1)
            found.append(Configuration(self._memo.states[row[_STATE]], used))
        return found

    def open(self) -> list[int]:
        """The operations that are open now, and of which configurations know different things."""
        return sorted(self._op_of[self._open[: self._registers[_OPEN]]].tolist())

    def order(self) -> list[int]:
        """A linearization of what has returned until now."""
        entry, tail = int(self._now[0, _LOG]), []
        while entry >= 0:
            tail.append(int(self._log[entry, 1]))
            entry = int(self._log[entry, 0])
        return [*(op for part in self._settled for op in part.tolist()), *reversed(tail)]


def _set(words: NDArray[np.int64], slot: int) -> None:
    words.view(np.uint64)[slot >> 6] |= np.uint64(1 << (slot & 63))


@kernel
def _collect(log, entries, now, count):  # type: ignore[no-untyped-def]
    """Throw away the entries that no configuration leads back to, and put those to which all do behind the rest.

    Returns how many are left, and how many are settled, in their order: they were the beginning of all.
    """
    heirs = np.zeros(entries, np.int32)
    for row in range(count):
        if now[row, _LOG] >= 0:
            heirs[now[row, _LOG]] += 1
    for entry in range(entries - 1, -1, -1):
        if log[entry, 0] >= 0:
            heirs[log[entry, 0]] += heirs[entry]
    settled = np.empty((entries, 2), np.int32)
    new = np.empty(entries, np.int32)
    kept, agreed = 0, 0
    for entry in range(entries):
        new[entry] = -1
        if heirs[entry] == count:
            copy(log[entry], settled[agreed])
            agreed += 1
        elif heirs[entry] > 0:
            parent = log[entry, 0]
            log[kept, 0] = new[parent] if parent >= 0 else -1
            log[kept, 1] = log[entry, 1]
            new[entry] = kept
            kept += 1
    for row in range(count):
        if now[row, _LOG] >= 0:
            now[row, _LOG] = new[now[row, _LOG]]
    for entry in range(agreed):
        copy(settled[entry], log[kept + entry])
    return kept, agreed


@kernel
def _advance(  # type: ignore[no-untyped-def]
    event_op, event_return, cls, ret, observer, classes, until, memo_keys, memo_next, now, then, seen, chains, heads,
    stamps, open_slots, op_of, unknown, first, log, asked, registers,
):  # fmt: skip
    """Sweep on from where `registers` say to the position `until` (_THERE), to a return that no configuration survives
    (_DEAD), or until Python has to answer (_ASK), to make room (_ROWS, _SLOTS, _LOG_FULL) or to look at the clock."""
    while registers[_POSITION] < until:
        if registers[_WORK] > _WORK_PER_VISIT:
            registers[_WORK] = 0
            return _PAUSE
        op = event_op[registers[_POSITION]]
        if event_return[registers[_POSITION]]:
            entries = registers[_ENTRIES]
            status, count = _return(
                op, cls, ret, observer, classes, memo_keys, memo_next, now, then, seen, chains, heads, stamps,
                open_slots, op_of, unknown, first, log, asked, registers,
            )  # fmt: skip
            if status != _THERE:
                registers[_ENTRIES] = entries
                return status
            if count == 0:
                return _DEAD
            for row in range(count):
                copy(then[row], now[row])
            registers[_COUNT] = count
            _close(_slot(op, open_slots, op_of), open_slots, op_of, registers)
            if registers[_POSITION] % _CLOSE_EVERY == 0:
                _close_used(now, open_slots, op_of, unknown, registers)
        else:
            status = _call(
                op, cls, ret, observer, classes, memo_keys, memo_next, now, open_slots, op_of, unknown, log, asked,
                registers,
            )  # fmt: skip
            if status != _THERE:
                return status
        registers[_POSITION] += 1
    return _THERE


@kernel
def _call(  # type: ignore[no-untyped-def]
    op, cls, ret, observer, classes, memo_keys, memo_next, now, open_slots, op_of, unknown, log, asked, registers
):
    """Open an operation."""
    count = registers[_COUNT]
    if registers[_OPEN] == len(open_slots):
        return _SLOTS
    if registers[_ENTRIES] + count > len(log):
        return _LOG_FULL
    if observer[cls[op]]:
        registers[_ASKED] = 0
        for row in range(count):
            _after(now[row, _STATE], cls[op], classes, memo_keys, memo_next, asked, registers)
        if registers[_ASKED] > 0:
            return _ASK
    slot = 0
    while op_of[slot] != _FREE:
        slot += 1
    op_of[slot] = op
    at = registers[_OPEN]
    while at > 0 and ret[op_of[open_slots[at - 1]]] > ret[op]:
        open_slots[at] = open_slots[at - 1]
        at -= 1
    open_slots[at] = slot
    registers[_OPEN] += 1
    if ret[op] == NEVER:
        unknown[slot >> 6] |= np.int64(1) << (slot & 63)
    if observer[cls[op]]:
        for row in range(count):
            if lookup(memo_keys, memo_next, now[row, _STATE] * classes + cls[op]) != IMPOSSIBLE:
                _use(now[row], op, slot, log, registers)
    return _THERE


@kernel
def _after(state, cls, classes, memo_keys, memo_next, asked, registers):  # type: ignore[no-untyped-def]
    """The state after an operation; while nobody knows it is IMPOSSIBLE, and the question is noted."""
    after = lookup(memo_keys, memo_next, state * classes + cls)
    if after == UNASKED:
        if registers[_ASKED] < len(asked):
            asked[registers[_ASKED], 0] = state
            asked[registers[_ASKED], 1] = cls
            registers[_ASKED] += 1
        return IMPOSSIBLE
    return after


@kernel
def _use(row, op, slot, log, registers):  # type: ignore[no-untyped-def]
    """An open operation takes effect in a configuration; the caller has seen to it that the log has room."""
    row[_BITS + (slot >> 6)] |= np.int64(1) << (slot & 63)
    entry = registers[_ENTRIES]
    log[entry, 0] = row[_LOG]
    log[entry, 1] = op
    row[_LOG] = entry
    registers[_ENTRIES] = entry + 1


@kernel
def _slot(op, open_slots, op_of):  # type: ignore[no-untyped-def]
    """Where an open operation is: one that returns soon is found soon."""
    at = 0
    while op_of[open_slots[at]] != op:
        at += 1
    return open_slots[at]


@kernel
def _close(slot, open_slots, op_of, registers):  # type: ignore[no-untyped-def]
    """Take an operation off the list of open ones; its slot is free."""
    at = 0
    while open_slots[at] != slot:
        at += 1
    registers[_OPEN] -= 1
    for i in range(at, registers[_OPEN]):
        open_slots[i] = open_slots[i + 1]
    op_of[slot] = _FREE


@kernel
def _close_used(now, open_slots, op_of, unknown, registers):  # type: ignore[no-untyped-def]
    """Used by all: an operation of unknown outcome that has taken effect in every configuration is closed, because from
    now on it makes no difference."""
    for word in range(len(unknown)):
        common = unknown[word]
        for row in range(registers[_COUNT]):
            common &= now[row, _BITS + word]
        if common == 0:
            continue
        at = registers[_OPEN] - 1
        while at >= 0:
            slot = open_slots[at]
            if slot >> 6 == word and (common >> (slot & 63)) & 1:
                _close(slot, open_slots, op_of, registers)
            at -= 1
        unknown[word] &= ~common
        for row in range(registers[_COUNT]):
            now[row, _BITS + word] &= ~common


@kernel
def _hash(row, mask):  # type: ignore[no-untyped-def]
    """64 bits for the state of a row and its bits but those of `mask`."""
    code = np.uint64(row[_STATE]) * np.uint64(0x9E3779B97F4A7C15)
    for word in range(len(mask)):
        code ^= np.uint64(row[_BITS + word] & ~mask[word])
        code = (code ^ (code >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        code = (code ^ (code >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return code ^ (code >> np.uint64(31))


@kernel
def _add(row, rows, count, mask, which, chains, heads, stamps, stamp):  # type: ignore[no-untyped-def]
    """Put a configuration among others, unless one there is at least as good; returns how many there are then.

    Fewer unknown: of two with the same state and the same operations used but those of `mask`, of unknown outcome, one
    that has used fewer of these is as good: whatever the other does next it can do too, and more.
    """
    place = np.int64(_hash(row, mask) >> np.uint64(8)) % heads.shape[1]
    if stamps[which, place] != stamp:
        stamps[which, place] = stamp
        heads[which, place] = -1
    other = heads[which, place]
    while other >= 0:
        same, fewer, more = rows[other, _STATE] == row[_STATE], True, True
        for word in range(len(mask)):
            mine, its = row[_BITS + word], rows[other, _BITS + word]
            same = same and (mine & ~mask[word]) == (its & ~mask[word])
            fewer = fewer and (its & mask[word] & ~mine) == 0
            more = more and (mine & mask[word] & ~its) == 0
        if same and fewer:
            return count
        if same and more:
            copy(row, rows[other])
            return count
        other = chains[which, other]
    copy(row, rows[count])
    chains[which, count] = heads[which, place]
    heads[which, place] = count
    return count + 1


@kernel
def _return(  # type: ignore[no-untyped-def]
    op, cls, ret, observer, classes, memo_keys, memo_next, now, then, seen, chains, heads, stamps, open_slots, op_of,
    unknown, first, log, asked, registers,
):  # fmt: skip
    """The configurations after the return of an operation, into `then`. Returns a status and how many there are."""
    slot = _slot(op, open_slots, op_of)
    word, bit = slot >> 6, np.int64(1) << (slot & 63)
    nothing = np.zeros(len(unknown), np.int64)
    row = np.empty(now.shape[1], np.int64)
    registers[_STAMP] += 1
    stamp = registers[_STAMP]
    registers[_ASKED] = 0
    count, met, at = 0, 0, 0
    for number in range(registers[_COUNT]):
        if now[number, _BITS + word] & bit:
            copy(now[number], row)
            row[_BITS + word] &= ~bit
            count = _add(row, then, count, unknown, 0, chains, heads, stamps, stamp)
        else:
            met = _add(now[number], seen, met, nothing, 1, chains, heads, stamps, stamp)
    # `seen` are the configurations in which the operation has not taken effect: more are found from each.
    while at < met:
        if max(met, count) + registers[_OPEN] > len(seen):
            return _ROWS, 0
        if registers[_ENTRIES] + (registers[_OPEN] + 1) * (registers[_OPEN] + 1) > len(log):
            return _LOG_FULL, 0
        registers[_WORK] += registers[_OPEN]
        registers[_VISIT] += 1
        for i in range(-1, registers[_OPEN]):
            z_slot = slot if i < 0 else open_slots[i]
            z = op_of[z_slot]
            if (i >= 0 and z == op) or seen[at, _BITS + (z_slot >> 6)] >> (z_slot & 63) & 1:
                continue
            if i >= 0:
                # Earliest deadline first: of the unused operations of one class only the one that returns first is
                # tried, of those of unknown outcome the one called first. If a linearization places another one now,
                # this one comes later in it or never, and the two can change places.
                if first[cls[z]] == registers[_VISIT] or observer[cls[z]]:
                    continue
                first[cls[z]] = registers[_VISIT]
            after = _after(seen[at, _STATE], cls[z], classes, memo_keys, memo_next, asked, registers)
            if after == IMPOSSIBLE:
                continue
            copy(seen[at], row)
            row[_STATE] = after
            _use(row, z, z_slot, log, registers)
            if not observer[cls[z]]:
                # Eager observers: what never changes a state and is possible now takes effect now. If a linearization
                # places it later, it can be moved here: nobody sees it, here or there.
                for j in range(registers[_OPEN]):
                    o_slot = open_slots[j]
                    other = op_of[o_slot]
                    if (
                        observer[cls[other]]
                        and not row[_BITS + (o_slot >> 6)] >> (o_slot & 63) & 1
                        and _after(after, cls[other], classes, memo_keys, memo_next, asked, registers) != IMPOSSIBLE
                    ):
                        _use(row, other, o_slot, log, registers)
            if row[_BITS + word] & bit:
                row[_BITS + word] &= ~bit
                count = _add(row, then, count, unknown, 0, chains, heads, stamps, stamp)
            else:
                met = _add(row, seen, met, nothing, 1, chains, heads, stamps, stamp)
        at += 1
    if registers[_ASKED] > 0:
        return _ASK, 0
    return _THERE, count
