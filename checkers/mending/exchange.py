"""What becomes wrong, and what right, if two neighbouring blocks of an order change places; and making it so.

    ... | w x 1 | r x 2   w y 1 | r x 1 ...        low = the place of w x 1, middle = that of r x 2
    ... | r x 2   w y 1 | w x 1 | r x 1 ...        high = the place behind w y 1

Each access knows what its cell holds when it comes: `seen`. Only accesses in the two blocks can see something else than
before, and behind them those of a cell that the blocks leave with another value, up to the next one that sets it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from clew.checkers.cells import NOTHING
from clew.checkers.kernel import raw_kernel
from clew.checkers.wrong_list import NOBODY, note

REGISTERS = np.dtype((
    np.record,
    [
        ("random", np.uint64),  # the state of the random numbers; see `clew.checkers.draws`
        ("begin", np.int64),  # the stretch that is mended: its first place, and the one behind it
        ("end", np.int64),
        ("wrongs", np.int64),  # entries of `wrong`
        ("lost", np.int64),  # entries of `lost`
        ("sparing", np.int64),  # 1 if operations of unknown outcome stay as they are
        ("moves", np.int64),  # moves tried
        ("moves_end", np.int64),  # give up after so many
        ("work", np.int64),  # places looked at, and moves
        ("pause", np.int64),  # when there was this much work, it is time to look at the deadline
        ("exchange", np.int64),  # the number of the exchange; says what in `now` is of this one
        ("low", np.int64),  # the exchange that was proposed: see the module
        ("middle", np.int64),
        ("high", np.int64),
        ("flipped", np.int64),  # an operation of unknown outcome that comes in or is left out with it, or NOBODY
    ],
))  # fmt: skip
CELL = np.dtype([("exchange", np.int64), ("holds", np.int64), ("held", np.int64)])
"""What a cell holds after the exchange, and what it held there before; valid if `exchange` is that of the registers."""


class Order(NamedTuple):
    """Everything that the kernels share: an order of all operations, and what is wrong in it.

    An operation of unknown outcome is *left out* if it does not take effect. It has a place all the same.
    """

    at: Any
    """REGISTERS: where the search stands."""
    call: Any
    ret: Any
    begins: Any
    """See `Cells`, here and for the next four."""
    cell: Any
    needs: Any
    sets: Any
    first: int
    op: Any
    """For each access its operation."""
    left_out: Any
    """For each operation whether it is left out."""
    order: Any
    """The operation in each place."""
    place: Any
    """For each operation its place."""
    seen: Any
    """For each access what its cell holds when it comes; anything if its operation is left out."""
    wrong: Any
    """The accesses of the stretch that do not see what they need, and others that have become wrong since."""
    place_of_wrong: Any
    """For each access its place in `wrong`, NOBODY if it is not there."""
    lost: Any
    """The operations of unknown outcome that are in the stretch."""
    now: Any
    """CELL, for each cell."""
    touched: Any
    """The cells of the exchange."""
    moved: Any
    """The smaller block of the exchange."""
    chance: Any
    """For each temperature, the hottest first: the chance that an exchange is made by which so many more accesses are
    wrong, times 2 to the power of 30."""


@raw_kernel
def is_wrong(needs, seen):  # type: ignore[no-untyped-def]
    """1 if an access that needs this does not see it."""
    if needs >= 0:
        return 1 if seen != needs else 0
    return 1 if needs != NOTHING and seen == -2 - needs else 0


@raw_kernel
def exchange(t, make):  # type: ignore[no-untyped-def]
    """How many more accesses are wrong after the exchange in the registers. It takes place if `make`.

    If an operation comes in or is left out, it is the only one, and the second block is empty.
    """
    at = t.at
    at.exchange += 1
    cells, more = 0, 0
    for place in range(at.low, at.high):
        op = t.order[place]
        if t.left_out[op]:
            if op != at.flipped:
                continue
            for access in range(t.begins[op], t.begins[op + 1]):
                t.seen[access] = _held(t, place, t.cell[access])
        for access in range(t.begins[op], t.begins[op + 1]):
            cell = t.now[t.cell[access]]
            if cell.exchange != at.exchange:
                cell.exchange = at.exchange
                cell.holds = t.seen[access]
                cell.held = t.seen[access]
                t.touched[cells] = t.cell[access]
                cells += 1
            if t.sets[access] != NOTHING and not t.left_out[op]:
                cell.held = t.sets[access]
    second = at.high - at.middle
    for step in range(at.high - at.low):
        op = t.order[at.middle + step if step < second else at.low + step - second]
        was_out = t.left_out[op]
        is_out = was_out != (op == at.flipped)
        if was_out and is_out:
            continue
        for access in range(t.begins[op], t.begins[op + 1]):
            cell = t.now[t.cell[access]]
            change = 0 if is_out else is_wrong(t.needs[access], cell.holds)
            change -= 0 if was_out else is_wrong(t.needs[access], t.seen[access])
            more += change
            if make:
                t.seen[access] = cell.holds
                if change != 0:
                    note(t, access, change > 0)
            if t.sets[access] != NOTHING and not is_out:
                cell.holds = t.sets[access]
    differing = 0
    for number in range(cells):
        cell = t.now[t.touched[number]]
        if cell.holds == cell.held:
            cell.exchange = 0
        else:
            differing += 1
    place = at.high
    while differing > 0 and place < len(t.order):
        op = t.order[place]
        place += 1
        if t.left_out[op]:
            continue
        for access in range(t.begins[op], t.begins[op + 1]):
            cell = t.now[t.cell[access]]
            if cell.exchange != at.exchange:
                continue
            change = is_wrong(t.needs[access], cell.holds) - is_wrong(t.needs[access], t.seen[access])
            more += change
            if make:
                t.seen[access] = cell.holds
                if change != 0:
                    note(t, access, change > 0)
            if t.sets[access] != NOTHING:
                cell.exchange = 0
                differing -= 1
    at.work += place - at.low
    if make:
        if at.flipped != NOBODY:
            t.left_out[at.flipped] = not t.left_out[at.flipped]
        rotate(t, at.low, at.middle, at.high)
    return more


@raw_kernel
def _held(t, place, cell):  # type: ignore[no-untyped-def]
    """What a cell holds at a place: what the last access before it left."""
    while place > 0:
        place -= 1
        t.at.work += 1
        op = t.order[place]
        if t.left_out[op]:
            continue
        for access in range(t.begins[op], t.begins[op + 1]):
            if t.cell[access] == cell:
                return t.sets[access] if t.sets[access] != NOTHING else t.seen[access]
    return t.first


@raw_kernel
def rotate(t, low, middle, high):  # type: ignore[no-untyped-def]
    """Let the places from `low` to `middle`, and those from there to `high`, change places."""
    first, second = middle - low, high - middle
    if first <= second:
        for i in range(first):
            t.moved[i] = t.order[low + i]
        for place in range(low, low + second):
            t.order[place] = t.order[place + first]
        for i in range(first):
            t.order[low + second + i] = t.moved[i]
    else:
        for i in range(second):
            t.moved[i] = t.order[middle + i]
        for place in range(high - 1, low + second - 1, -1):
            t.order[place] = t.order[place - second]
        for i in range(second):
            t.order[low + i] = t.moved[i]
    for place in range(low, high):
        t.place[t.order[place]] = place
