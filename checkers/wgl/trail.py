"""The trail of a search: what it did last, so that it can be taken back; the kernels that `clew.checkers.wgl` does it
with.

A row of the trail is (kind, operation, state before). The operations that can be placed are a linked list, `open_list`:
next and previous of each, with a head and a tail behind the last operation.
"""

from __future__ import annotations

from clew.checkers.encoding import NEVER
from clew.checkers.kernel import kernel

CALL, RETURN, PLACE, EXPIRE = 0, 1, 2, 3

MODE, POSITION, STATE, TRAIL, FRAMES, CANDIDATES, BEST, BEST_LENGTH, LOW, DEAD, ASKED, CALLED = range(12)
REGISTERS = 12
"""Everything that the search keeps between two visits to Python."""


@kernel
def push(trail, registers, kind, op, state):  # type: ignore[no-untyped-def]
    row = registers[TRAIL]
    trail[row, 0] = kind
    trail[row, 1] = op
    trail[row, 2] = state
    registers[TRAIL] = row + 1


@kernel
def link(open_list, op):  # type: ignore[no-untyped-def]
    """`op` goes to the end of the list of what can be placed."""
    tail = len(open_list) - 1
    before = open_list[tail, 1]
    open_list[op, 0] = tail
    open_list[op, 1] = before
    open_list[before, 0] = op
    open_list[tail, 1] = op


@kernel
def unlink(open_list, op):  # type: ignore[no-untyped-def]
    open_list[open_list[op, 1], 0] = open_list[op, 0]
    open_list[open_list[op, 0], 1] = open_list[op, 1]


@kernel
def relink(open_list, op):  # type: ignore[no-untyped-def]
    """The last that was unlinked goes back to where it was."""
    open_list[open_list[op, 1], 0] = op
    open_list[open_list[op, 0], 1] = op


@kernel
def take_effect(  # type: ignore[no-untyped-def]
    open_list, trail, registers, hashes, zobrist, placed, cls, ret, following, heads, op, state
):
    """`op` takes effect: off the list of what can be placed. The next in its queue, if it has been called, comes up."""
    unlink(open_list, op)
    placed[op] = True
    hashes[0] ^= zobrist[op, 0]
    hashes[1] ^= zobrist[op, 1]
    push(trail, registers, PLACE, op, state)
    if ret[op] == NEVER:
        heads[cls[op]] = following[op]
        if 0 <= following[op] < registers[CALLED]:
            link(open_list, following[op])


@kernel
def undo(  # type: ignore[no-untyped-def]
    open_list, trail, registers, hashes, zobrist, placed, cls, ret, following, heads, length
):
    """Take back the trail down to `length`, last things first, so that the links of the list fit again."""
    while registers[TRAIL] > length:
        row = registers[TRAIL] - 1
        registers[TRAIL] = row
        kind = trail[row, 0]
        op = trail[row, 1]
        if kind == PLACE:
            if ret[op] == NEVER:
                if 0 <= following[op] < registers[CALLED]:
                    unlink(open_list, following[op])
                heads[cls[op]] = op
            relink(open_list, op)
            placed[op] = False
            hashes[0] ^= zobrist[op, 0]
            hashes[1] ^= zobrist[op, 1]
            registers[STATE] = trail[row, 2]
        else:
            registers[POSITION] -= 1
            if kind == EXPIRE:
                relink(open_list, op)
            elif kind == RETURN:
                hashes[0] ^= zobrist[op, 0]
                hashes[1] ^= zobrist[op, 1]
            else:
                registers[CALLED] = op
                if ret[op] != NEVER or heads[cls[op]] == op:
                    unlink(open_list, op)
