"""Configurations, moved over one event: the kernels of `clew.checkers.linear`.

A configuration is a row: its state, the latest entry of its log, and a bit for each slot. `op_of` says which operation
is in a slot, `open_slots` which slots are taken, by the returns of what is in them. An entry of the log is the entry
before it and an operation.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.kernel import copy, kernel
from clew.checkers.memo import IMPOSSIBLE, UNASKED, lookup

FREE = -1

THERE, DEAD, ASK, ROWS, SLOTS, LOG_FULL, PAUSE = range(7)

STATE, LOG, BITS = 0, 1, 2

POSITION, COUNT, OPEN, ENTRIES, ASKED, WORK, STAMP, VISIT, RETURNS = range(9)

_WORK_PER_VISIT = 500_000
_CLOSE_EVERY = 16


@kernel
def collect(log, entries, now, count):  # type: ignore[no-untyped-def]
    """Throw away the entries that no configuration leads back to, and put those to which all do behind the rest.

    Returns how many are left, and how many are settled, in their order: they were the beginning of all.
    """
    heirs = np.zeros(entries, np.int32)
    for row in range(count):
        if now[row, LOG] >= 0:
            heirs[now[row, LOG]] += 1
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
        if now[row, LOG] >= 0:
            now[row, LOG] = new[now[row, LOG]]
    for entry in range(agreed):
        copy(settled[entry], log[kept + entry])
    return kept, agreed


@kernel
def advance(  # type: ignore[no-untyped-def]
    event_op, event_return, cls, ret, observer, classes, until, memo_keys, memo_next, now, then, seen, chains, heads,
    stamps, open_slots, op_of, unknown, first, log, asked, registers,
):  # fmt: skip
    """Sweep on from where `registers` say to the position `until` (THERE), to a return that no configuration survives
    (DEAD), or until Python has to answer (ASK), to make room (ROWS, SLOTS, LOG_FULL) or to look at the deadline."""
    while registers[POSITION] < until:
        if registers[WORK] > _WORK_PER_VISIT:
            registers[WORK] = 0
            return PAUSE
        op = event_op[registers[POSITION]]
        if event_return[registers[POSITION]]:
            entries = registers[ENTRIES]
            status, count = _return(
                op, cls, ret, observer, classes, memo_keys, memo_next, now, then, seen, chains, heads, stamps,
                open_slots, op_of, unknown, first, log, asked, registers,
            )  # fmt: skip
            if status != THERE:
                registers[ENTRIES] = entries
                return status
            if count == 0:
                return DEAD
            for row in range(count):
                copy(then[row], now[row])
            registers[COUNT] = count
            _close(_slot(op, open_slots, op_of), open_slots, op_of, registers)
            registers[RETURNS] += 1
            if registers[RETURNS] % _CLOSE_EVERY == 0:
                _close_used(now, open_slots, op_of, unknown, registers)
        else:
            status = _call(
                op, cls, ret, observer, classes, memo_keys, memo_next, now, open_slots, op_of, unknown, log, asked,
                registers,
            )  # fmt: skip
            if status != THERE:
                return status
        registers[POSITION] += 1
    return THERE


@kernel
def _call(  # type: ignore[no-untyped-def]
    op, cls, ret, observer, classes, memo_keys, memo_next, now, open_slots, op_of, unknown, log, asked, registers
):
    """Open an operation."""
    count = registers[COUNT]
    if registers[OPEN] == len(open_slots):
        return SLOTS
    if registers[ENTRIES] + count > len(log):
        return LOG_FULL
    if observer[cls[op]]:
        registers[ASKED] = 0
        for row in range(count):
            _after(now[row, STATE], cls[op], classes, memo_keys, memo_next, asked, registers)
        if registers[ASKED] > 0:
            return ASK
    slot = 0
    while op_of[slot] != FREE:
        slot += 1
    op_of[slot] = op
    at = registers[OPEN]
    while at > 0 and ret[op_of[open_slots[at - 1]]] > ret[op]:
        open_slots[at] = open_slots[at - 1]
        at -= 1
    open_slots[at] = slot
    registers[OPEN] += 1
    if ret[op] == NEVER:
        unknown[slot >> 6] |= np.int64(1) << (slot & 63)
    if observer[cls[op]]:
        for row in range(count):
            if lookup(memo_keys, memo_next, now[row, STATE] * classes + cls[op]) != IMPOSSIBLE:
                _use(now[row], op, slot, log, registers)
    return THERE


@kernel
def _after(state, cls, classes, memo_keys, memo_next, asked, registers):  # type: ignore[no-untyped-def]
    """The state after an operation; while nobody knows it is IMPOSSIBLE, and the question is noted."""
    after = lookup(memo_keys, memo_next, state * classes + cls)
    if after == UNASKED:
        if registers[ASKED] < len(asked):
            asked[registers[ASKED], 0] = state
            asked[registers[ASKED], 1] = cls
            registers[ASKED] += 1
        return IMPOSSIBLE
    return after


@kernel
def _use(row, op, slot, log, registers):  # type: ignore[no-untyped-def]
    """An open operation takes effect in a configuration; the caller has seen to it that the log has room."""
    row[BITS + (slot >> 6)] |= np.int64(1) << (slot & 63)
    entry = registers[ENTRIES]
    log[entry, 0] = row[LOG]
    log[entry, 1] = op
    row[LOG] = entry
    registers[ENTRIES] = entry + 1


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
    registers[OPEN] -= 1
    for i in range(at, registers[OPEN]):
        open_slots[i] = open_slots[i + 1]
    op_of[slot] = FREE


@kernel
def _close_used(now, open_slots, op_of, unknown, registers):  # type: ignore[no-untyped-def]
    """Used by all: an operation of unknown outcome that has taken effect in every configuration is closed, because from
    now on it makes no difference."""
    for word in range(len(unknown)):
        common = unknown[word]
        for row in range(registers[COUNT]):
            common &= now[row, BITS + word]
        if common == 0:
            continue
        at = registers[OPEN] - 1
        while at >= 0:
            slot = open_slots[at]
            if slot >> 6 == word and (common >> (slot & 63)) & 1:
                _close(slot, open_slots, op_of, registers)
            at -= 1
        unknown[word] &= ~common
        for row in range(registers[COUNT]):
            now[row, BITS + word] &= ~common


@kernel
def _hash(row, mask):  # type: ignore[no-untyped-def]
    """64 bits for the state of a row and its bits but those of `mask`."""
    code = np.uint64(row[STATE]) * np.uint64(0x9E3779B97F4A7C15)
    for word in range(len(mask)):
        code ^= np.uint64(row[BITS + word] & ~mask[word])
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
        same, fewer, more = rows[other, STATE] == row[STATE], True, True
        for word in range(len(mask)):
            mine, its = row[BITS + word], rows[other, BITS + word]
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
    registers[STAMP] += 1
    stamp = registers[STAMP]
    registers[ASKED] = 0
    count, met, at = 0, 0, 0
    for number in range(registers[COUNT]):
        if now[number, BITS + word] & bit:
            copy(now[number], row)
            row[BITS + word] &= ~bit
            count = _add(row, then, count, unknown, 0, chains, heads, stamps, stamp)
        else:
            met = _add(now[number], seen, met, nothing, 1, chains, heads, stamps, stamp)
    # `seen` are the configurations in which the operation has not taken effect: more are found from each.
    while at < met:
        if max(met, count) + registers[OPEN] > len(seen):
            return ROWS, 0
        if registers[ENTRIES] + (registers[OPEN] + 1) * (registers[OPEN] + 1) > len(log):
            return LOG_FULL, 0
        registers[WORK] += registers[OPEN]
        registers[VISIT] += 1
        for i in range(-1, registers[OPEN]):
            z_slot = slot if i < 0 else open_slots[i]
            z = op_of[z_slot]
            if (i >= 0 and z == op) or seen[at, BITS + (z_slot >> 6)] >> (z_slot & 63) & 1:
                continue
            if i >= 0:
                # Earliest deadline first: of the unused operations of one class only the one that returns first is
                # tried, of those of unknown outcome the one called first. If a linearization places another one now,
                # this one comes later in it or never, and the two can change places.
                if first[cls[z]] == registers[VISIT] or observer[cls[z]]:
                    continue
                first[cls[z]] = registers[VISIT]
            after = _after(seen[at, STATE], cls[z], classes, memo_keys, memo_next, asked, registers)
            if after == IMPOSSIBLE:
                continue
            copy(seen[at], row)
            row[STATE] = after
            _use(row, z, z_slot, log, registers)
            if not observer[cls[z]]:
                # Eager observers: what never changes a state and is possible now takes effect now. If a linearization
                # places it later, it can be moved here: nobody sees it, here or there.
                for j in range(registers[OPEN]):
                    o_slot = open_slots[j]
                    other = op_of[o_slot]
                    if (
                        observer[cls[other]]
                        and not row[BITS + (o_slot >> 6)] >> (o_slot & 63) & 1
                        and _after(after, cls[other], classes, memo_keys, memo_next, asked, registers) != IMPOSSIBLE
                    ):
                        _use(row, other, o_slot, log, registers)
            if row[BITS + word] & bit:
                row[BITS + word] &= ~bit
                count = _add(row, then, count, unknown, 0, chains, heads, stamps, stamp)
            else:
                met = _add(row, seen, met, nothing, 1, chains, heads, stamps, stamp)
        at += 1
    if registers[ASKED] > 0:
        return ASK, 0
    return THERE, count
