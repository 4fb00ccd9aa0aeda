"""Configurations, moved over one event after the other: the kernels of `clew.checkers.linear`.

A configuration is a row (see `rows`). An open operation occupies a *slot*; a bit of the row says whether it has taken
effect in this configuration. Configurations that came from one share the entries of their logs up to there.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.kernel import inlined, kernel, raw_kernel
from clew.checkers.linear.narrow import choose
from clew.checkers.linear.rows import BITS, GONE, LOG, MET, STATE, add, copy_row
from clew.checkers.linear.tables import (
    ASK,
    CLOSE_EVERY,
    DEAD,
    ENOUGH,
    FREE,
    LOG_FULL,
    MOST,
    PAUSE,
    ROWS,
    SLOTS,
    THERE,
    TRIED,
)
from clew.checkers.linear.waiting import COST_OF_UNKNOWN, NONE, cheapest, go_on_without, nobody_waits, wait
from clew.checkers.memo import IMPOSSIBLE, UNASKED, after


@kernel
def collect(log, entries, now, count):  # type: ignore[no-untyped-def]
    """Discard the entries that no configuration leads back to, and move those that all lead back to behind the rest.

    Returns how many entries are left, and how many are agreed on: they are the beginning of every linearization.
    """
    heirs = np.zeros(entries, np.int32)
    for row in range(count):
        if now[row, LOG] >= 0:
            heirs[now[row, LOG]] += 1
    for entry in range(entries - 1, -1, -1):
        if log[entry].before >= 0:
            heirs[log[entry].before] += heirs[entry]
    old = log[:entries].copy()
    agreed_entries = np.empty(entries, np.int32)
    new = np.empty(entries, np.int32)
    kept, agreed = 0, 0
    for entry in range(entries):
        new[entry] = -1
        if heirs[entry] == count:
            agreed_entries[agreed] = entry
            agreed += 1
        elif heirs[entry] > 0:
            before = old[entry].before
            log[kept] = old[entry]
            log[kept].before = new[before] if before >= 0 else -1
            new[entry] = kept
            kept += 1
    for row in range(count):
        if now[row, LOG] >= 0:
            now[row, LOG] = new[now[row, LOG]]
    for entry in range(agreed):
        log[kept + entry] = old[agreed_entries[entry]]
    return kept, agreed


@raw_kernel
def advance(memo, t, until, row):  # type: ignore[no-untyped-def]
    """Sweep on to the position `until`; returns a status. It can be called again after all but DEAD.

    `row` is room for one configuration.
    """
    at = t.at
    while at.position < until:
        if at.work >= at.pause:
            return PAUSE
        op = np.int64(t.event_op[at.position])
        if t.event_return[at.position]:
            status, count = _return(memo, t, op, row)
            if status == PAUSE:
                return PAUSE
            at.halfway = 0
            if status != THERE:
                at.entries, at.dropped = at.entries_before, at.dropped_before
                return status
            if count == 0:
                return DEAD
            if count > at.width:
                choose(t, count)
            go_on_after(t, op, count)
        else:
            status = _call(memo, t, op)
            if status != THERE:
                return status
        at.position += 1
    return THERE


@inlined
def go_on_after(t, op, count):  # type: ignore[no-untyped-def]
    """Go on from the first `count` configurations of `then`, or from those of them that are kept. `op` has returned."""
    at = t.at
    kept = min(count, at.width)
    for number in range(kept):
        copy_row(t.then[t.order[number] if kept < count else number], t.now[number])
    at.count = kept
    at.work += kept
    close(t, slot_of(t, op))
    at.returns += 1
    if at.returns % CLOSE_EVERY == 0:
        _close_used(t)


@inlined
def _call(memo, t, op):  # type: ignore[no-untyped-def]
    """Open an operation. An observer takes effect at once in every configuration in which it is possible."""
    at = t.at
    observer = t.observer[t.cls[op]]
    if at.open == len(t.slots):
        return SLOTS
    if at.entries + at.count > len(t.log):
        return LOG_FULL
    if observer:
        at.work += at.count
        at.asked = 0
        for row in range(at.count):
            ask_after(memo, at, t.asked, t.now[row, STATE], t.cls[op])
        if at.asked > 0:
            return ASK
    slot = open_slot(t, op)
    if observer:
        for row in range(at.count):
            if after(memo, t.now[row, STATE], t.cls[op]) != IMPOSSIBLE:
                use(at, t.log, t.now[row], op, slot)
    return THERE


@raw_kernel
def list_open(t, slot):  # type: ignore[no-untyped-def]
    """Put a slot into the list of the open ones. Its operation comes before those that return later."""
    at, ret = t.at, t.ret[t.op_of[slot]]
    place = at.open
    while place > 0 and t.ret[t.op_of[t.slots[place - 1]]] > ret:
        t.slots[place] = t.slots[place - 1]
        place -= 1
    t.slots[place] = slot
    at.open += 1


@raw_kernel
def unlist(t, slot):  # type: ignore[no-untyped-def]
    """Take a slot off the list of the open ones."""
    place = 0
    while t.slots[place] != slot:
        place += 1
    t.at.open -= 1
    for i in range(place, t.at.open):
        t.slots[i] = t.slots[i + 1]


@inlined
def open_slot(t, op):  # type: ignore[no-untyped-def]
    """Put an operation into the list of open ones; returns its slot. The caller has made sure that there is one."""
    slot = 0
    while t.op_of[slot] != FREE:
        slot += 1
    t.op_of[slot] = op
    list_open(t, slot)
    if t.ret[op] == NEVER:
        t.unknown[slot >> 6] |= np.int64(1) << (slot & 63)
    elif t.observer[t.cls[op]]:
        t.observing[slot >> 6] |= np.int64(1) << (slot & 63)
    return slot


@raw_kernel
def ask_after(memo, at, asked, state, cls):  # type: ignore[no-untyped-def]
    """The state after an operation. While it is unknown, it is IMPOSSIBLE, and the question is noted."""
    then = after(memo, state, cls)
    if then == UNASKED:
        if at.asked < len(asked):
            asked[at.asked].state = state
            asked[at.asked].cls = cls
            at.asked += 1
        return IMPOSSIBLE
    return then


@raw_kernel
def use(at, log, row, op, slot):  # type: ignore[no-untyped-def]
    """Let an open operation take effect in a configuration. The caller has made sure that the log has room."""
    row[BITS + (slot >> 6)] |= np.int64(1) << (slot & 63)
    entry = log[at.entries]
    entry.before = row[LOG]
    entry.op = op
    row[LOG] = at.entries
    at.entries += 1


@inlined
def slot_of(t, op):  # type: ignore[no-untyped-def]
    """The slot of an open operation. One that returns soon is found soon."""
    place = 0
    while t.op_of[t.slots[place]] != op:
        place += 1
    return t.slots[place]


@inlined
def close(t, slot):  # type: ignore[no-untyped-def]
    """Take an operation off the list of open ones; its slot is free."""
    unlist(t, slot)
    t.op_of[slot] = FREE
    t.observing[slot >> 6] &= ~(np.int64(1) << (slot & 63))


@inlined
def _close_used(t):  # type: ignore[no-untyped-def]
    """Used by all: an operation of unknown outcome that has taken effect in every configuration is closed.

    From now on it makes no difference between them.
    """
    for word in range(len(t.unknown)):
        t.at.work += t.at.count
        common = t.unknown[word]
        for row in range(t.at.count):
            common &= t.now[row, BITS + word]
        if common == 0:
            continue
        at = t.at.open - 1
        while at >= 0:
            slot = t.slots[at]
            if slot >> 6 == word and (common >> (slot & 63)) & 1:
                close(t, slot)
            at -= 1
        t.unknown[word] &= ~common
        for row in range(t.at.count):
            t.now[row, BITS + word] &= ~common


@inlined
def begin_return(t):  # type: ignore[no-untyped-def]
    """Begin to deal with a return."""
    at = t.at
    at.halfway = 1
    at.entries_before, at.dropped_before = at.entries, at.dropped
    at.stamp += 1
    at.asked = 0
    at.gone, at.met, at.source, at.tried = 0, 0, 0, 0
    nobody_waits(t)


@inlined
def take_sources(t, slot, row):  # type: ignore[no-untyped-def]
    """Put the configurations before a return into the two sets; returns whether it came to the end.

    The operation that returns is in this slot.
    """
    at, done = t.at, True
    word, bit = slot >> 6, np.int64(1) << (slot & 63)
    gone, met = at.gone, at.met
    while at.source < at.count:
        if at.work >= at.pause:
            done = False
            break
        source = at.source
        at.source += 1
        at.work += 1
        if t.now[source, BITS + word] & bit:
            copy_row(t.now[source], row)
            row[BITS + word] &= ~bit
            gone = add(t, row, t.then, gone, GONE)
        else:
            before = met
            met = add(t, t.now[source], t.seen, met, MET)
            if met > before:
                wait(t, before, 0)
    at.gone, at.met = gone, met
    return done


@inlined
def _return(memo, t, op, row):  # type: ignore[no-untyped-def]
    """The configurations after the return of an operation, into `then`. Returns a status and how many there are.

    After PAUSE the next call goes on where this one stopped. After ASK, ROWS and LOG_FULL it begins anew.
    """
    at = t.at
    slot = slot_of(t, op)
    word, bit = slot >> 6, np.int64(1) << (slot & 63)
    if at.halfway == 0:
        begin_return(t)
    if not take_sources(t, slot, row):
        return PAUSE, 0
    gone, met = at.gone, at.met
    # From each configuration in which the operation has not taken effect, more are found.
    number = cheapest(t)
    while number != NONE:
        if at.work >= at.pause:
            at.gone, at.met = gone, met
            return PAUSE, 0
        if at.tried >= at.count + TRIED * at.width or gone >= ENOUGH * at.width:
            at.dropped = 1
            break
        if max(met, gone) + at.open > len(t.seen):
            return ROWS, 0
        if at.entries + (at.open + 1) * (at.open + 1) > len(t.log):
            return LOG_FULL, 0
        at.work += at.open
        at.visited += 1
        at.tried += 1
        for i in range(-1, at.open):
            z_slot = slot if i < 0 else t.slots[i]
            z = np.int64(t.op_of[z_slot])
            if (i >= 0 and z == op) or t.seen[number, BITS + (z_slot >> 6)] >> (z_slot & 63) & 1:
                continue
            observes = t.observer[t.cls[z]]
            if i >= 0:
                # Earliest deadline first: of the unused operations of one class only the one that returns first is
                # tried; of those of unknown outcome the one called first. If a linearization places another one now,
                # this one comes later in it or never, and the two can change places.
                if t.first[t.cls[z]] == at.visited or observes:
                    continue
                t.first[t.cls[z]] = at.visited
            then = ask_after(memo, at, t.asked, t.seen[number, STATE], t.cls[z])
            if then == IMPOSSIBLE:
                continue
            copy_row(t.seen[number], row)
            row[STATE] = then
            use(at, t.log, row, z, z_slot)
            if not observes:
                # Eager observers: an operation that never changes a state takes effect as soon as it is possible. If a
                # linearization places it later, it can be moved here: no operation notices.
                at.work += at.open
                for j in range(at.open):
                    o_slot = t.slots[j]
                    other = np.int64(t.op_of[o_slot])
                    if (
                        t.observer[t.cls[other]]
                        and not row[BITS + (o_slot >> 6)] >> (o_slot & 63) & 1
                        and ask_after(memo, at, t.asked, then, t.cls[other]) != IMPOSSIBLE
                    ):
                        use(at, t.log, row, other, o_slot)
            if row[BITS + word] & bit:
                row[BITS + word] &= ~bit
                gone = add(t, row, t.then, gone, GONE)
            elif met >= MOST * at.width:
                at.dropped = 1
            else:
                before = met
                met = add(t, row, t.seen, met, MET)
                if met > before:
                    wait(t, before, t.cost[number] + (COST_OF_UNKNOWN if t.ret[z] == NEVER else 1))
        go_on_without(t, number)
        number = cheapest(t)
    if at.asked > 0:
        return ASK, 0
    return THERE, gone
