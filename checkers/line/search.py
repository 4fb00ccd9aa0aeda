"""The kernels of the search for a line: what can be next, the line made longer, and taken back from a dead end."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from clew.checkers.draws import draw
from clew.checkers.encoding import NEVER
from clew.checkers.kernel import inlined, raw_kernel
from clew.checkers.wgl.dead import configuration, slot_of

PUTS, TAKES, EMPTIES = range(3)
"""Sides. A take of unknown element is a take."""
ANY = -1
"""The element of a take that took any one."""
NONE = -1
"""No operation."""
NEAR = 64
"""How many entries at the end of the line `most_near` is about."""

THERE, NO_LINE, GROW, PAUSE = range(4)
"""What a visit ends with: the line is complete; there is none; a table is full; it is time to look at the deadline."""

REGISTERS = np.dtype((
    np.record,
    [
        ("position", np.int64),  # when a put that is next takes effect, or later
        ("state", np.int64),  # when a take that is next takes effect, or later
        ("open_one", np.uint64),  # the hash of what stands in the line; `dead.configuration` hashes these four
        ("open_two", np.uint64),
        ("depth", np.int64),  # entries of the line
        ("entering", np.int64),  # 1 if the options of this configuration are not listed yet
        ("options", np.int64),  # entries of `options`
        ("dead", np.int64),  # entries of `dead`
        ("work", np.int64),  # operations looked at
        ("pause", np.int64),  # when there was this much work, it is time to look at the deadline
        ("first_put", np.int64),  # the first operation of each side, by its return, that is not in the line:
        ("first_take", np.int64),  # a place in `by_return`
        ("first_empty", np.int64),
        ("unknown", np.int64),  # operations of unknown outcome in the line
        ("most_near", np.int64),  # how many of them there may be in the last `NEAR` entries
        ("takes_first", np.int64),  # 1 if the take alone says how urgent a pair is
        ("random", np.uint64),  # the state of the generator
        ("noise", np.int64),  # if not 0: a number below this is drawn and added to what says how urgent an option is
        ("eager", np.int64),  # of 64 options that are not urgent, so many are treated as if they were
    ],
))  # fmt: skip
ENTRY = np.dtype(
    [
        ("put", np.int64),  # the pair, or NONE and a take that found the queue empty
        ("take", np.int64),
        ("position", np.int64),  # registers before it
        ("state", np.int64),
        ("first_put", np.int64),
        ("first_take", np.int64),
        ("first_empty", np.int64),
        ("begin", np.int64),  # where its options begin and end, and the one to try next
        ("end", np.int64),
        ("next", np.int64),
        ("unknown", np.int64),  # operations of unknown outcome in front of it
    ]
)
"""An entry of the line, and what else could stand in its place."""
OPTION = np.dtype([("put", np.int64), ("take", np.int64), ("due", np.int64)])
"""What can be next, and when it must be at the latest: what must be soon is tried first."""


class Line(NamedTuple):
    """Everything that the kernels share."""

    at: Any
    """REGISTERS: where the search stands."""
    call: Any
    ret: Any
    element: Any
    """For each operation its element, or ANY."""
    bits: Any
    """Two random numbers for each operation."""
    placed: Any
    """For each operation whether it stands in the line."""
    following: Any
    """The operations of each side that are not in the line, in the order of their calls: a linked list. Its head and
    its end are behind the operations, two for each side."""
    previous: Any
    by_return: Any
    """The operations of each side that return, in this order, and behind them NONE."""
    line: Any
    """ENTRY."""
    options: Any
    """OPTION, those of all entries one after the other."""
    best_put: Any
    """Scratch, for each element: the put that is tried; NONE outside of `_list`."""
    best_take: Any
    dead: Any
    """Configurations from which the search came back; see `clew.checkers.wgl.dead`."""


@raw_kernel
def extend(s):  # type: ignore[no-untyped-def]
    """Make the line longer from where the search stands; returns a status. It can be called again after GROW and
    PAUSE."""
    at = s.at
    while at.work < at.pause:
        at.work += 1
        if at.entering:
            if s.by_return[at.first_take] == NONE and s.by_return[at.first_empty] == NONE:
                return THERE
            if 2 * at.dead >= len(s.dead) or at.options + 2 * len(s.call) >= len(s.options):
                return GROW
            at.entering = 0
            entry = s.line[at.depth]
            entry.begin = at.options
            entry.next = at.options
            one, two = configuration(at)
            if s.dead[slot_of(s.dead, one, two)].one != one:
                _list(s)
            entry.end = at.options
        entry = s.line[at.depth]
        if entry.next < entry.end:
            option = s.options[entry.next]
            entry.next += 1
            _append(s, entry, option.put, option.take)
            at.entering = 1
            continue
        one, two = configuration(at)
        slot = slot_of(s.dead, one, two)
        if s.dead[slot].one != one:
            at.dead += 1
            s.dead[slot].one = one
            s.dead[slot].two = two
        if at.depth == 0:
            return NO_LINE
        at.options = entry.begin
        at.depth -= 1
        _take_back(s, s.line[at.depth])
    return PAUSE


@inlined
def _list(s):  # type: ignore[no-untyped-def]
    """List what can be next, in the order of its `due`."""
    at, count = s.at, len(s.call)
    put_due = _due(s, at.first_put)
    take_due = _due(s, at.first_take)
    empty_due = _due(s, at.first_empty)
    # What found the queue empty can be next if all takes in front are in time for the puts behind. If it then binds
    # nothing that is not bound already, it is next: a line in which it stands later is one without it there.
    least = min(put_due, take_due, empty_due)
    now = max(at.position, at.state)
    best = NONE
    if empty_due != NEVER and at.state < put_due:
        op = s.following[count + 4]
        while op < count and s.call[op] < least:
            if best == NONE or s.ret[op] < s.ret[best]:
                best = op
            op = s.following[op]
    begin = at.options
    most_unknown = at.most_near
    if at.depth >= NEAR:
        most_unknown += s.line[at.depth - NEAR].unknown
    if best != NONE:
        _offer(s, begin, NONE, best, s.ret[best])
        if at.position == now and s.call[best] <= now:
            return
    anything = NONE
    op = s.following[count + 2]
    while op < count and s.call[op] < min(take_due, empty_due):
        at.work += 1
        element = s.element[op]
        if element == ANY:
            if anything == NONE:
                anything = op
        elif s.best_take[element] == NONE or s.ret[op] < s.ret[s.best_take[element]]:
            s.best_take[element] = op
        op = s.following[op]
    op = s.following[count]
    while op < count and s.call[op] < least:
        at.work += 1
        element = s.element[op]
        if s.best_put[element] == NONE or s.ret[op] < s.ret[s.best_put[element]]:
            s.best_put[element] = op
        op = s.following[op]
    op = s.following[count]
    while op < count and s.call[op] < least:
        element = s.element[op]
        if s.best_put[element] == op:
            take = s.best_take[element]
            unknown = at.unknown + _unknown(s, op)
            if take != NONE and unknown + _unknown(s, take) <= most_unknown:
                _offer(s, begin, op, take, s.ret[take] if at.takes_first else min(s.ret[op], s.ret[take]))
            if anything != NONE and unknown < most_unknown:
                _offer(s, begin, op, anything, NEVER)
        op = s.following[op]
    op = s.following[count]
    while op < count and s.call[op] < least:
        s.best_put[s.element[op]] = NONE
        op = s.following[op]
    op = s.following[count + 2]
    while op < count and s.call[op] < min(take_due, empty_due):
        if s.element[op] != ANY:
            s.best_take[s.element[op]] = NONE
        op = s.following[op]


@raw_kernel
def _due(s, first):  # type: ignore[no-untyped-def]
    """The first return of the operations of a side that are not in the line."""
    op = s.by_return[first]
    return NEVER if op == NONE else s.ret[op]


@raw_kernel
def _unknown(s, op):  # type: ignore[no-untyped-def]
    return 1 if s.ret[op] == NEVER else 0


@raw_kernel
def _offer(s, begin, put, take, due):  # type: ignore[no-untyped-def]
    """Add an option, behind those that are due sooner."""
    at = s.at
    place = at.options
    if at.noise > 0:
        if due != NEVER:
            due += draw(at, at.noise)
        elif draw(at, 64) < at.eager:
            due = max(at.position, at.state) + draw(at, at.noise)
    while place > begin and s.options[place - 1].due > due:
        s.options[place].put = s.options[place - 1].put
        s.options[place].take = s.options[place - 1].take
        s.options[place].due = s.options[place - 1].due
        place -= 1
    s.options[place].put = put
    s.options[place].take = take
    s.options[place].due = due
    at.options += 1


@inlined
def _append(s, entry, put, take):  # type: ignore[no-untyped-def]
    """Put a pair, or a take that found the queue empty, at the end of the line."""
    at = s.at
    entry.put = put
    entry.take = take
    entry.position = at.position
    entry.state = at.state
    entry.unknown = at.unknown
    entry.first_put = at.first_put
    entry.first_take = at.first_take
    entry.first_empty = at.first_empty
    if put == NONE:
        at.position = at.state = max(at.position, at.state, s.call[take])
    else:
        at.position = max(at.position, s.call[put])
        at.state = max(at.state, at.position, s.call[take])
        _unlink(s, put)
        at.unknown += _unknown(s, put) + _unknown(s, take)
    _unlink(s, take)
    at.first_put = _skip(s, at.first_put)
    at.first_take = _skip(s, at.first_take)
    at.first_empty = _skip(s, at.first_empty)
    at.depth += 1


@raw_kernel
def _skip(s, first):  # type: ignore[no-untyped-def]
    """The next place in `by_return` whose operation is not in the line."""
    while s.by_return[first] != NONE and s.placed[s.by_return[first]]:
        first += 1
    return first


@inlined
def _take_back(s, entry):  # type: ignore[no-untyped-def]
    """Take the last entry out of the line."""
    at = s.at
    _relink(s, entry.take)
    if entry.put != NONE:
        _relink(s, entry.put)
        at.unknown -= _unknown(s, entry.put) + _unknown(s, entry.take)
    at.position = entry.position
    at.state = entry.state
    at.first_put = entry.first_put
    at.first_take = entry.first_take
    at.first_empty = entry.first_empty


@raw_kernel
def go_back(s, entries):  # type: ignore[no-untyped-def]
    """Take back so many entries of the line, and begin with the options of the last one anew."""
    at = s.at
    for _ in range(min(entries, at.depth)):
        at.depth -= 1
        _take_back(s, s.line[at.depth])
    at.options = s.line[at.depth].begin
    at.entering = 1


@raw_kernel
def _unlink(s, op):  # type: ignore[no-untyped-def]
    s.following[s.previous[op]] = s.following[op]
    s.previous[s.following[op]] = s.previous[op]
    s.placed[op] = True
    s.at.open_one ^= s.bits[op, 0]
    s.at.open_two ^= s.bits[op, 1]


@raw_kernel
def _relink(s, op):  # type: ignore[no-untyped-def]
    s.following[s.previous[op]] = op
    s.previous[s.following[op]] = op
    s.placed[op] = False
    s.at.open_one ^= s.bits[op, 0]
    s.at.open_two ^= s.bits[op, 1]
