"""Configurations, moved over one event after the other: the kernels of `clew.checkers.linear`.

A configuration is a row (see `rows`). An open operation occupies a *slot*; a bit of the row says whether it has taken
effect in this configuration. Configurations that came from one share the entries of their logs up to there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.kernel import inlined, kernel, raw_kernel
from clew.checkers.linear.narrow import DEMANDING, choose
from clew.checkers.linear.rows import BITS, GONE, LOG, MET, STATE, add, copy_row
from clew.checkers.linear.waiting import COST_OF_UNKNOWN, NONE, cheapest, go_on_without, nobody_waits, wait
from clew.checkers.memo import IMPOSSIBLE, UNASKED, after

FREE = -1
"""The operation in a slot that is free."""

THERE, DEAD, ASK, ROWS, SLOTS, LOG_FULL, PAUSE = range(7)
"""What a visit ends with: the position is reached; no configuration survived a return; transitions are missing; there
is no room for more configurations, slots or entries of the log; it is time to look at the deadline."""

REGISTERS = np.dtype((
    np.record,
    [
        ("position", np.int64),  # everything before this position has been dealt with
        ("count", np.int64),  # configurations
        ("open", np.int64),  # slots that are occupied
        ("entries", np.int64),  # entries of the log
        ("asked", np.int64),  # transitions that are asked for
        ("work", np.int64),  # operations tried, and configurations compared or copied
        ("pause", np.int64),  # when there was this much work, it is time to look at the deadline
        ("stamp", np.int64),  # which return it is; says what in the hash tables is of this one
        ("visited", np.int64),  # configurations that the sweep went on from
        ("returns", np.int64),  # returns that were dealt with
        ("halfway", np.int64),  # 1 if the return at `position` is being dealt with; then also, to go on from there:
        ("entries_before", np.int64),  # `entries` before the return
        ("source", np.int64),  # configurations of `now` that were put into one of the two sets
        ("cost", np.int64),  # what the cheapest configuration costs from which more are to be found
        ("gone", np.int64),  # configurations of both sets
        ("met", np.int64),
        ("width", np.int64),  # configurations that are kept at most
        ("dropped", np.int64),  # 1 if some were dropped: if none survives a return, that proves nothing
        ("dropped_before", np.int64),  # `dropped` before the return
        ("tried", np.int64),  # configurations from which more were found at this return
        ("keep", np.int64),  # which are kept first; see `narrow`
    ],
))  # fmt: skip
ENTRY = np.dtype([("before", np.int32), ("op", np.int32)])
"""An entry of the log: the entry before it, -1 if there is none, and an operation that took effect."""

WORK_PER_VISIT = 500_000
"""Operations tried and configurations compared until Python may look at the deadline: 10 to 50 milliseconds."""
_ENOUGH, _MANY, _TRIED, _MOST = 4, 8, 10, 256
"""What a narrow sweep does for a return, in widths. It is enough to find 4, or 1 if 8 were met on the way; if it is
DEMANDING, to find 4 or to go on from 10. At most 256 are met."""
_CLOSE_EVERY = 16
"""Returns between two looks for operations that all configurations have used: a look goes through all of these."""


class Tables(NamedTuple):
    """Everything that the kernels share."""

    at: Any
    """REGISTERS: where the sweep stands."""
    event_op: Any
    """For each position the operation that is called or returns there."""
    event_return: Any
    cls: Any
    ret: Any
    observer: Any
    """For each class whether its operations never change a state."""
    free: Any
    """For each class whether its operations were possible in every state so far."""
    first: Any
    """For each class the last visit in which one of its operations was tried."""
    now: Any
    """The configurations at `position`."""
    then: Any
    """Those after the return that is being dealt with."""
    seen: Any
    """Those before it, in which the returning operation has not taken effect."""
    cost: Any
    """For each row of `seen` its cost; see `waiting`, here and for the next three."""
    behind: Any
    """For each row of `seen` the one that waits behind it."""
    heads_of_cost: Any
    tails_of_cost: Any
    chains: Any
    """Hash tables of GONE (`then`) and MET (`seen`): the next row of the same place, -1 at the end."""
    heads: Any
    """The first row of each place, if its stamp is that of this return."""
    stamps: Any
    slots: Any
    """The occupied slots, in the order in which their operations return."""
    op_of: Any
    """The operation in each slot; FREE if there is none."""
    unknown: Any
    """The bits of the slots whose operations are of unknown outcome."""
    observing: Any
    """The bits of the slots whose operations never change a state."""
    log: Any
    """ENTRY."""
    order: Any
    """Rows of `then`: those that are kept come first. This and the next two are empty if all are kept."""
    scratch: Any
    """See `narrow`: the key of each row, and rows in some order."""
    tally: Any
    """See `narrow`: how many rows have a key."""
    asked: Any
    """QUESTION of the memo: transitions that it does not know."""


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
    agreed_ops = np.empty(entries, np.int32)
    new = np.empty(entries, np.int32)
    kept, agreed = 0, 0
    for entry in range(entries):
        new[entry] = -1
        if heirs[entry] == count:
            agreed_ops[agreed] = log[entry].op
            agreed += 1
        elif heirs[entry] > 0:
            before = log[entry].before
            log[kept].before = new[before] if before >= 0 else -1
            log[kept].op = log[entry].op
            new[entry] = kept
            kept += 1
    for row in range(count):
        if now[row, LOG] >= 0:
            now[row, LOG] = new[now[row, LOG]]
    for entry in range(agreed):
        log[kept + entry].op = agreed_ops[entry]
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
            kept = min(count, at.width)
            if kept < count:
                choose(t, count)
            for number in range(kept):
                copy_row(t.then[t.order[number] if kept < count else number], t.now[number])
            count = kept
            at.count = count
            at.work += count
            close(t, _slot(t, op))
            at.returns += 1
            if at.returns % _CLOSE_EVERY == 0:
                _close_used(t)
        else:
            status = _call(memo, t, op)
            if status != THERE:
                return status
        at.position += 1
    return THERE


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
    slot = 0
    while t.op_of[slot] != FREE:
        slot += 1
    t.op_of[slot] = op
    place = at.open
    while place > 0 and t.ret[t.op_of[t.slots[place - 1]]] > t.ret[op]:
        t.slots[place] = t.slots[place - 1]
        place -= 1
    t.slots[place] = slot
    at.open += 1
    if t.ret[op] == NEVER:
        t.unknown[slot >> 6] |= np.int64(1) << (slot & 63)
    elif observer:
        t.observing[slot >> 6] |= np.int64(1) << (slot & 63)
    if observer:
        for row in range(at.count):
            if after(memo, t.now[row, STATE], t.cls[op]) != IMPOSSIBLE:
                use(at, t.log, t.now[row], op, slot)
    return THERE


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
def _slot(t, op):  # type: ignore[no-untyped-def]
    """The slot of an open operation. One that returns soon is found soon."""
    place = 0
    while t.op_of[t.slots[place]] != op:
        place += 1
    return t.slots[place]


@inlined
def close(t, slot):  # type: ignore[no-untyped-def]
    """Take an operation off the list of open ones; its slot is free."""
    place = 0
    while t.slots[place] != slot:
        place += 1
    t.at.open -= 1
    for i in range(place, t.at.open):
        t.slots[i] = t.slots[i + 1]
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
def _return(memo, t, op, row):  # type: ignore[no-untyped-def]
    """The configurations after the return of an operation, into `then`. Returns a status and how many there are.

    After PAUSE the next call goes on where this one stopped. After ASK, ROWS and LOG_FULL it begins anew.
    """
    at = t.at
    slot = _slot(t, op)
    word, bit = slot >> 6, np.int64(1) << (slot & 63)
    if at.halfway == 0:
        at.halfway = 1
        at.entries_before, at.dropped_before = at.entries, at.dropped
        at.stamp += 1
        at.asked = 0
        at.gone, at.met, at.source, at.tried = 0, 0, 0, 0
        nobody_waits(t)
    gone, met = at.gone, at.met
    while at.source < at.count:
        if at.work >= at.pause:
            at.gone, at.met = gone, met
            return PAUSE, 0
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
    # From each configuration in which the operation has not taken effect, more are found.
    number = cheapest(t)
    while number != NONE:
        if at.work >= at.pause:
            at.gone, at.met = gone, met
            return PAUSE, 0
        if at.keep == DEMANDING:
            far = at.tried >= at.count + _TRIED * at.width
        else:
            far = gone >= at.width and met >= _MANY * at.width
        if far or gone >= _ENOUGH * at.width:
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
            elif met >= _MOST * at.width:
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
