"""Contents that grow by unique pieces: a read tells the order of the appends.

Every piece is written or appended by one operation only. So a content names the operations that made it, and its last
piece names the content. A problem of writes, appends and reads is therefore one of a register (`zones`) whose value is
the last piece:

    read "a b c"    READ c
    write "a"       WRITE a
    append "b"      SWAP a b, if a read shows b right behind a
                    WRITE b, if no read shows b

Why the last line is right. No read shows b, so in a linearization no read comes between the append of b and the next
write, or the end. The append can therefore stand right before a write or at the end, and nowhere else does it fit.
In terms of `zones`, such an append is a block of its own. It may stand between any two other blocks: each of these
begins with a write or is an unseen append itself, so what it shows does not depend on what came before. The block of
the initial, empty content stands first. It holds the appends to the empty content that were seen.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.forms import READS, SWAPS, WRITES, AppendForm, RegisterForm

_EMPTY = 0
"""The number of the empty content as a value. Pieces have the numbers from 1; one more number is no content at all."""


def register_form_at(form: AppendForm, position: int) -> RegisterForm:
    """The problem as one of a register, as far as the reads that return before a position tell. O(n log n)"""
    problem = form.problem
    nothing = form.pieces + 1
    behind = np.full(form.pieces + 2, -1, np.int64)  # what stands right before each piece, -1 if not known yet
    kind = np.full(len(problem), WRITES, np.int8)
    needs = np.full(len(problem), -1, np.int64)
    sets = form.piece.copy()
    reading = [op for op in range(len(problem)) if form.content[op] is not None]
    for op in sorted(reading, key=lambda op: int(problem.ret[op])):
        kind[op], needs[op], sets[op] = READS, nothing, -1
        content = form.content[op]
        if content is None or problem.ret[op] >= position:
            continue
        before = _EMPTY
        for piece in content:
            if behind[piece] not in (-1, before):
                before = nothing
                break
            behind[piece] = before
            before = piece
        needs[op] = before
    seen = form.appended & (behind[np.maximum(form.piece, 0)] >= 0)
    kind[seen] = SWAPS
    needs[seen] = behind[form.piece[seen]]
    return RegisterForm(problem, kind, needs, sets, _EMPTY, form.pieces + 2)
