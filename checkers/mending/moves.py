"""The moves: which blocks of an order are to change places, and whether they do.

A move moves a block, one operation or a few, to the left or to the right, as far as time lets it.

    to its value     a wrong access, and what stands behind it, moves to where its cell holds what it needs
    its value to it  an operation that sets what a wrong access needs moves in front of it, with what stands before it
    out or in        one of unknown outcome comes in: one that sets what a wrong access needs in front of it, or one
                     that sets what it sees behind it; one that disturbs is left out
    anywhere         a block moves some places, one near a wrong access or any other one

Time lets two blocks change places if no operation of the first one returned before one of the second was called.
"""

from __future__ import annotations

from clew.checkers.cells import NOTHING
from clew.checkers.draws import draw
from clew.checkers.encoding import NEVER
from clew.checkers.kernel import raw_kernel
from clew.checkers.mending.exchange import exchange, is_wrong, rotate
from clew.checkers.wrong_list import NOBODY

MENDED, GIVEN_UP, PAUSE = range(3)
"""What a visit ends with: nothing is wrong in the stretch; too many moves; it is time to look at the deadline."""

_LONGEST = 6
"""Operations of a block, at most. Every other block is one operation."""
_FAR, _NEAR = 20, 15
"""How many places a move goes anywhere, at most, and how far from a wrong access every second one of these begins."""
_SOUGHT = 30
"""Places to each side of a wrong access in which an operation is looked for that sets what it needs."""
_SELDOM = 4
"""One of so many times it is looked for in the whole stretch, among what is open at the same time. What is open for
long may have to move by hundreds of places: of 30 clients and 10,000 operations it decided both of two multi-registers
that were not decided without it."""


@raw_kernel
def look(t):  # type: ignore[no-untyped-def]
    """What every access sees in the order. `now` holds what is in the cells at first."""
    for place in range(len(t.order)):
        op = t.order[place]
        if t.left_out[op]:
            continue
        for access in range(t.begins[op], t.begins[op + 1]):
            cell = t.now[t.cell[access]]
            t.seen[access] = cell.holds
            if t.sets[access] != NOTHING:
                cell.holds = t.sets[access]


@raw_kernel
def begin(t):  # type: ignore[no-untyped-def]
    """Begin with the stretch from `at.begin` to `at.end`: list what is wrong there, and what is of unknown outcome."""
    at = t.at
    for number in range(at.wrongs):
        t.place_of_wrong[t.wrong[number]] = NOBODY
    at.wrongs, at.lost, at.moves = 0, 0, 0
    at.work += at.end - at.begin
    for place in range(at.begin, at.end):
        op = t.order[place]
        if t.ret[op] == NEVER:
            t.lost[at.lost] = op
            at.lost += 1
        if t.left_out[op]:
            continue
        for access in range(t.begins[op], t.begins[op + 1]):
            if is_wrong(t.needs[access], t.seen[access]):
                t.wrong[at.wrongs] = access
                t.place_of_wrong[access] = at.wrongs
                at.wrongs += 1


@raw_kernel
def first_wrong(t, place):  # type: ignore[no-untyped-def]
    """The first place, from this one on, with an access that is wrong; NOBODY if there is none."""
    while place < len(t.order):
        op = t.order[place]
        for access in range(t.begins[op], t.begins[op + 1]):
            if not t.left_out[op] and is_wrong(t.needs[access], t.seen[access]):
                return place
        place += 1
    return NOBODY


@raw_kernel
def gather(t, look_back):  # type: ignore[no-untyped-def]
    """Let all that is left out before the stretch stand right before it: it may come in there.

    The stretch is longer by them then. It ends where `look_back` places have nothing that is left out.
    """
    at = t.at
    source = target = at.begin
    last = source
    while source > 0 and last - source < look_back:
        source -= 1
        op = t.order[source]
        if t.left_out[op]:
            last = source
    # From there to the beginning of the stretch: those that are not left out keep their order, the others follow.
    outside, target = 0, source
    for place in range(source, at.begin):
        op = t.order[place]
        if t.left_out[op]:
            t.moved[outside] = op
            outside += 1
        else:
            t.order[target] = op
            t.place[op] = target
            target += 1
    for i in range(outside):
        t.order[target + i] = t.moved[i]
        t.place[t.moved[i]] = target + i
    at.work += at.begin - source
    at.begin = target


@raw_kernel
def mend(t):  # type: ignore[no-untyped-def]
    """Make moves until nothing is wrong in the stretch. It can be called again after PAUSE."""
    at = t.at
    while at.wrongs > 0:
        if at.work >= at.pause:
            return PAUSE
        if at.moves >= at.moves_end:
            return GIVEN_UP
        at.moves += 1
        at.work += 1
        at.flipped = NOBODY
        way = draw(at, 4)
        if way == 0:
            found = _to_its_value(t)
        elif way == 1:
            found = _its_value_to_it(t)
        elif at.lost > 0 and not at.sparing and draw(at, 4) == 0:
            found = _out_or_in(t)
        else:
            found = _anywhere(t)
        if not found:
            continue
        more = exchange(t, False)
        if more > 0:
            cooled = at.moves * len(t.chance) // (at.moves_end + 1)
            if more >= t.chance.shape[1] or draw(at, 1 << 30) >= t.chance[cooled, more]:
                continue
        exchange(t, True)
    return MENDED


@raw_kernel
def spare(t):  # type: ignore[no-untyped-def]
    """Leave out what is of unknown outcome and no longer needed in the stretch: it may be needed later."""
    at = t.at
    for number in range(at.lost):
        op = t.lost[number]
        if not t.left_out[op]:
            at.flipped = op
            at.low = t.place[op]
            at.middle = at.high = at.low + 1
            if exchange(t, False) <= 0:
                exchange(t, True)


@raw_kernel
def _length(at):  # type: ignore[no-untyped-def]
    """How long a block is."""
    return 1 + draw(at, _LONGEST) if draw(at, 2) == 0 else 1


@raw_kernel
def _first_return(t, begin, end):  # type: ignore[no-untyped-def]
    """The first return of the operations in these places."""
    first = NEVER
    for place in range(begin, end):
        first = min(first, t.ret[t.order[place]])
    return first


@raw_kernel
def _last_call(t, begin, end):  # type: ignore[no-untyped-def]
    """The last call of the operations in these places."""
    last = 0
    for place in range(begin, end):
        last = max(last, t.call[t.order[place]])
    return last


@raw_kernel
def _access_to(t, op, cell):  # type: ignore[no-untyped-def]
    """The access of an operation to a cell, or NOBODY."""
    if t.left_out[op]:
        return NOBODY
    for access in range(t.begins[op], t.begins[op + 1]):
        if t.cell[access] == cell:
            return access
    return NOBODY


@raw_kernel
def _to_its_value(t):  # type: ignore[no-untyped-def]
    at = t.at
    access = t.wrong[draw(at, at.wrongs)]
    place, cell, needs = t.place[t.op[access]], t.cell[access], t.needs[access]
    behind = place + _length(at)
    if place < at.begin or behind > at.end:
        return False
    # The first place to which it could move, or the second.
    skipped = draw(at, 2)
    if draw(at, 2) == 0:
        first, high = _first_return(t, place, behind), behind
        while high < at.end and t.call[t.order[high]] < first:
            other = _access_to(t, t.order[high], cell)
            high += 1
            if other != NOBODY and t.sets[other] != NOTHING and not is_wrong(needs, t.sets[other]):
                if skipped == 0:
                    at.low, at.middle, at.high = place, behind, high
                    return True
                skipped -= 1
        at.work += high - place
    else:
        last, low = _last_call(t, place, behind), place
        while low > at.begin and t.ret[t.order[low - 1]] > last:
            low -= 1
            other = _access_to(t, t.order[low], cell)
            if other != NOBODY and not is_wrong(needs, t.seen[other]):
                if skipped == 0:
                    at.low, at.middle, at.high = low, place, behind
                    return True
                skipped -= 1
        at.work += place - low
    return False


@raw_kernel
def _its_value_to_it(t):  # type: ignore[no-untyped-def]
    at = t.at
    access = t.wrong[draw(at, at.wrongs)]
    place, cell, needs = t.place[t.op[access]], t.cell[access], t.needs[access]
    if place < at.begin or place >= at.end:
        return False
    everywhere = draw(at, _SELDOM) == 0
    begin, end = at.begin, at.end
    if not everywhere:
        begin, end = max(begin, place - _SOUGHT), min(end, place + _SOUGHT + 1)
    op, source = t.order[place], begin + draw(at, end - begin)
    for _ in range(end - begin):
        at.work += 1
        candidate = t.order[source]
        other = _access_to(t, candidate, cell)
        sets_it = other != NOBODY and t.sets[other] != NOTHING and not is_wrong(needs, t.sets[other])
        near = not everywhere or (t.call[candidate] < t.ret[op] and t.call[op] < t.ret[candidate])
        if source != place and sets_it and near:
            break
        source = source + 1 if source + 1 < end else begin
    else:
        return False
    if source < place:
        at.low, at.middle, at.high = max(begin, source + 1 - _length(at)), source + 1, place
    else:
        at.low, at.middle, at.high = place, max(place + 1, source + 1 - _length(at)), source + 1
    at.work += at.high - at.low
    return at.middle < at.high and _last_call(t, at.middle, at.high) < _first_return(t, at.low, at.middle)


@raw_kernel
def _out_or_in(t):  # type: ignore[no-untyped-def]
    at = t.at
    access = t.wrong[draw(at, at.wrongs)]
    place, cell, needs = t.place[t.op[access]], t.cell[access], t.needs[access]
    if place < at.begin or place >= at.end:
        return False
    target = place
    if draw(at, 2) == 0:
        # Then what set that before can move away, though much behind the access needs it.
        needs, target = t.seen[access], min(at.end, place + 1 + draw(at, _NEAR))
    last = t.ret[t.order[target]] if target < at.end else NEVER
    number, found = draw(at, at.lost), NOBODY
    for _ in range(min(at.lost, _SOUGHT)):
        at.work += 1
        op = t.lost[number]
        if not t.left_out[op]:
            found = op
            break
        for other in range(t.begins[op], t.begins[op + 1]):
            sets = t.sets[other] if t.cell[other] == cell else NOTHING
            if sets != NOTHING and not is_wrong(needs, sets) and t.call[op] < last:
                found = op
        if found != NOBODY:
            break
        number = number + 1 if number + 1 < at.lost else 0
    if found == NOBODY:
        return False
    if t.left_out[found]:
        # To stand elsewhere is free as long as it is left out.
        source = t.place[found]
        at.work += abs(source - target)
        if source > target:
            if _first_return(t, target, source) < t.call[found]:
                return False
            rotate(t, target, source, source + 1)
        elif source < target:
            rotate(t, source, source + 1, target)
    at.low = t.place[found]
    at.middle = at.high = at.low + 1
    at.flipped = found
    return True


@raw_kernel
def _anywhere(t):  # type: ignore[no-untyped-def]
    at, length = t.at, _length(t.at)
    if draw(at, 2) == 0:
        place = t.place[t.op[t.wrong[draw(at, at.wrongs)]]] + draw(at, 2 * _NEAR + 1) - _NEAR
    else:
        place = at.begin + draw(at, at.end - at.begin)
    far = 1 + draw(at, 1 + draw(at, _FAR))
    if place < at.begin or place + length > at.end:
        return False
    low, high = place, place + length
    if draw(at, 2) == 0:
        first, most = _first_return(t, low, high), min(at.end, high + far)
        while high < most and t.call[t.order[high]] < first:
            high += 1
        at.low, at.middle, at.high = place, place + length, high
    else:
        last, least = _last_call(t, low, high), max(at.begin, low - far)
        while low > least and t.ret[t.order[low - 1]] > last:
            low -= 1
        at.low, at.middle, at.high = low, place, high
    at.work += high - low
    return at.low < at.middle < at.high
