"""Contents that grow by unique pieces: whoever reads them tells the order of the appends.

If every piece that is written or appended occurs in one operation only, a content names the operations that made it,
and its last piece names the content. So a problem of writes, appends and reads is one of a register (`zones`) whose
value is the last piece:

    read "a b c"    READ c
    write "a"       WRITE a
    append "b"      SWAP a b, if a read says that b stands behind a
                    WRITE b, if no read shows b: then it can stand right before a write, or at the end, where its piece
                    is not seen either, and nowhere else

The last line is why a block (see `zones`) that consists of an unseen append may stand between any two others: each of
these begins with a write or is an unseen append, and what they show does not depend on what was before. The block of
the initial, empty content comes first and holds the appends to it that were seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clew.checkers.encoding import Problem
from clew.checkers.forms import READS, SWAPS, WRITES, RegisterForm
from clew.checkers.models.model import APPEND, READ, Model

_EMPTY = 0
"""The number of the empty content as a value. Piece i has number i + 1; the last number belongs to no content."""


@dataclass(frozen=True)
class _Pieces:
    """For each operation: what it appends or writes (a piece), or what it reads (pieces)."""

    problem: Problem
    piece: NDArray[np.int64]
    appended: NDArray[np.bool_]
    read: list[tuple[int, ...] | None]
    count: int

    def form_at(self, position: int) -> RegisterForm:
        """What the reads that return before a position tell."""
        problem = self.problem
        nothing = self.count + 1
        behind = np.full(self.count + 2, -1, np.int64)
        kind = np.full(len(problem), WRITES, np.int8)
        needs = np.full(len(problem), -1, np.int64)
        sets = self.piece.copy()
        reading = [op for op in range(len(problem)) if self.read[op] is not None]
        for op in sorted(reading, key=lambda op: int(problem.ret[op])):
            kind[op], needs[op], sets[op] = READS, nothing, -1
            content = self.read[op]
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
        seen = self.appended & (behind[np.maximum(self.piece, 0)] >= 0)
        kind[seen] = SWAPS
        needs[seen] = behind[self.piece[seen]]
        return RegisterForm(problem, kind, needs, sets, _EMPTY, self.count + 2)


def forms(problem: Problem, model: Model) -> Callable[[int], RegisterForm] | None:
    """The register form of a problem as a function of the position up to which reads are known.

    None if an operation is something else, or if a piece occurs twice, is empty, or begins with another piece (so that
    a content could be taken apart in two ways).
    """
    accesses = [model.content_access(op) for op in problem.classes]
    numbers: dict[Any, int] = {}
    times = np.bincount(problem.cls, minlength=len(accesses))
    for access, often in zip(accesses, times.tolist(), strict=True):
        if access is None:
            return None
        name, content, _ = access
        if name != READ:
            if often > 1 or content in numbers or not content:
                return None
            numbers[content] = len(numbers) + 1
    ordered = sorted(numbers, key=lambda piece: piece if isinstance(piece, str) else repr(piece))
    if any(isinstance(one, str) and two.startswith(one) for one, two in pairwise(ordered)):
        return None
    lengths = sorted({len(piece) for piece in numbers})
    written = {content for name, content, _ in filter(None, accesses) if name not in (READ, APPEND)}
    contents: list[tuple[int, ...] | None] = [
        _take_apart(access[1], numbers, lengths, written) if access and access[0] == READ else None
        for access in accesses
    ]
    piece = np.array([numbers.get(access[1], -1) if access and access[0] != READ else -1 for access in accesses])
    appended = np.array([access is not None and access[0] == APPEND for access in accesses])
    pieces = _Pieces(
        problem,
        piece[problem.cls],
        appended[problem.cls],
        [contents[cls] for cls in problem.cls.tolist()],
        len(numbers),
    )
    return pieces.form_at


def _take_apart(content: Any, numbers: dict[Any, int], lengths: list[int], written: set[Any]) -> tuple[int, ...]:
    """The pieces of a content. Only the first can have been written; what is no piece gets the number of nothing."""
    parts: list[int] = []
    offset = 0
    while offset < len(content):
        for length in lengths:
            part = content[offset : offset + length]
            number = numbers.get(part)
            if number is not None and not (parts and part in written):
                parts.append(number)
                offset += length
                break
        else:
            return (*parts, len(numbers) + 1)
    return tuple(parts)
