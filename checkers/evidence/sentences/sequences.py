"""Sentences about contents that grow at their end: lists and strings that are appended to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import Any

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.evidence.sentences.past import Past, Said, a, same, text, upper
from clew.checkers.models.model import APPEND, DIFFER, READ, SWAP, WRITE, Access
from clew.histories.frozen import thaw
from clew.histories.text import times

_WORK = 1_000_000
"""Characters times pieces that are looked at to take a text apart."""


def said_of_sequences(past: Past) -> Iterator[Said]:
    """What happened to a content that is appended to.

    All rules but the last need a content that only grows: no operation of the key writes it as a whole.
    """
    accesses = past.accesses(past.model.content_access)
    if accesses is None or any(name not in (APPEND, READ) for name, _, _ in accesses):
        return
    reads = [op for op in past.core if past.acknowledged(op) and accesses[op][0] == READ]
    if not reads:
        return
    appends = {op: accesses[op][1] for op in range(len(accesses)) if accesses[op][0] == APPEND}
    content = {op: accesses[op][1] for op in reads}
    lists = all(isinstance(piece, tuple) for piece in content.values())
    if lists:
        pieces = _Pieces(past, accesses, appends, content)
        for read in reads:
            yield from pieces.never_appended(read)
        for read in reads:
            yield from pieces.gone(read)
    else:
        for read in reads:
            yield from _gone_from_string(past, accesses, appends, read)
    for one, two in combinations(reads, 2):
        short, long = sorted((content[one], content[two]), key=len)
        if long[: len(short)] != short:
            yield Said(f"Two reads disagree about the order: {_shown(content[one])} and {_shown(content[two])}",
                       (one, two))  # fmt: skip
        for early, late in ((one, two), (two, one)):
            if past.before(early, late) and len(content[late]) < len(content[early]):
                yield Said(f"{upper(a(past.operation(late).f))} returned {_shown(content[late])} after another had "
                           f"returned {_shown(content[early])}", (early, late))  # fmt: skip
    if lists:
        for read in reads:
            yield from pieces.out_of_order(read)
        for read in reads:
            yield from pieces.left_out(read)


def _shown(content: Any) -> str:
    if content == "":
        return "nothing"
    return text(content if isinstance(content, str) else [thaw(one) for one in content])


def said_of_strings(past: Past) -> Iterator[Said]:
    """A read of a string that was never made up of what had been written and appended when it returned.

    The content is always one that was written as a whole, or the empty one, and after it pieces that were appended.
    """
    accesses = past.accesses(lambda op: past.model.content_access(op) or past.model.register_access(op))
    if accesses is None or not any(name == APPEND and isinstance(piece, str) for name, piece, _ in accesses):
        return
    for op, read in permutations(past.core, 2):
        if _gone_since_written(past, accesses, op, read):
            piece = accesses[op][1]
            yield Said(_missing(past, accesses, read, piece, text(piece)), (op, read))
    for read in past.core:
        if not past.acknowledged(read) or accesses[read][0] not in (READ, SWAP):
            continue
        begun = np.flatnonzero(past.begun(read)).tolist()
        whole = {_whole(accesses[op]) for op in begun if op != read and accesses[op][0] in (WRITE, SWAP)}
        pieces = {accesses[op][1] for op in begun if accesses[op][0] == APPEND}
        content, failed = accesses[read][1], any(not past.model.observes(op) for op in past.failed(read))
        if not failed and not _made_of(content, {"", *whole}, pieces):
            verb = "expected and found" if accesses[read][0] == SWAP else "returned"
            yield Said(f"{upper(a(past.operation(read).f))} {verb} {_shown(content)}, which no writes "
                       "and appends make up", (read,))  # fmt: skip
    for one, read in permutations(past.core, 2):
        yield from _not_made_since(past, accesses, one, read)


def _gone_since_written(past: Past, accesses: list[Access], op: int, read: int) -> bool:
    """Whether a read misses an acknowledged append, though whatever writes the content as a whole had returned when the
    append was called, or was called after the read had returned."""
    if not (past.acknowledged(op) and past.acknowledged(read) and past.before(op, read)):
        return False
    (name, piece, _), (found, content, _) = accesses[op], accesses[read]
    if name != APPEND or found != READ or not isinstance(content, str) or piece in content:
        return False
    return not any(
        accesses[other][0] in (WRITE, SWAP) and past.ret[other] > past.call[op] and past.call[other] < past.ret[read]
        for other in range(len(accesses))
    )


def _not_made_since(past: Past, accesses: list[Access], one: int, read: int) -> Iterator[Said]:
    """A read of what the content cannot have become since an earlier operation.

    What that operation left or found is known; of an append, that the content ended with what was appended. What can
    have come after it is whatever was written or appended by operations that returned after its call.
    """
    (name, value, new), (found, content, _) = accesses[one], accesses[read]
    if name == DIFFER or found not in (READ, SWAP):
        return
    if not (past.acknowledged(one) and past.acknowledged(read) and past.before(one, read)):
        return
    since = (past.ret > past.call[one]) & past.begun(read)
    since[[one, read]] = False
    later = [accesses[op] for op in np.flatnonzero(since).tolist()]
    whole = {_whole(access) for access in later if access[0] in (WRITE, SWAP)}
    pieces = {access[1] for access in later if access[0] == APPEND}
    if name != APPEND:
        whole.add(new if name == SWAP else value)
    elif any(_made_of(rest, {""}, pieces) for rest in _after(content, value)):
        return
    if _made_of(content, whole, pieces):
        return
    asked, told = past.operation(one).f, past.operation(read).f
    returned = f"{'expected and found' if found == SWAP else 'returned'} {_shown(content)}"
    if name == APPEND:
        words = _missing(past, accesses, read, value, text(value))
    elif name == READ:
        words = f"{upper(a(told))} {returned} after {'another' if asked == told else 'a'} {asked} had returned "
        words += _shown(value)
    else:
        what = (
            asked if asked == "delete" else f"{asked} of {_shown(value)}" if name == WRITE else f"cas to {_shown(new)}"
        )
        words = f"{upper(a(told))} {returned} after a {what} was acknowledged"
    yield Said(f"{words}, and nothing written or appended since makes that up", (one, read))


def _whole(access: Access) -> str:
    content: str = access[1] if access[0] == WRITE else access[2]
    return content


def _made_of(content: str, whole: set[str], pieces: set[str]) -> bool:
    """Whether a text begins with one that is whole and goes on with pieces. True if it is too much work to say."""
    if len(content) * (len(pieces) + 1) > _WORK:
        return True
    ends = [any(len(one) == end and content.startswith(one) for one in whole) for end in range(len(content) + 1)]
    for end in range(len(content)):
        if ends[end]:
            for piece in pieces:
                if content.startswith(piece, end):
                    ends[end + len(piece)] = True
    return ends[-1]


def _after(content: str, piece: str) -> Iterator[str]:
    """What follows a piece in a text, wherever it is."""
    at = content.find(piece)
    while at >= 0:
        yield content[at + len(piece) :]
        at = content.find(piece, at + 1)


def _gone_from_string(past: Past, accesses: list[Access], appends: dict[int, Any], read: int) -> Iterator[Said]:
    """An acknowledged append of a text that is nowhere in what a later read returned. Nothing takes a text away."""
    for op, piece in appends.items():
        if past.acknowledged(op) and past.before(op, read) and piece not in accesses[read][1]:
            yield Said(_missing(past, accesses, read, piece, text(piece)), (op, read))
            return


def _missing(past: Past, accesses: list[Access], read: int, piece: Any, shown: str) -> str:
    """That a read has not what an acknowledged append had appended before.

    It is gone, unless a read that was not over before this one has it: then this one only returned what was old. Nor is
    it said to be gone if an equal piece is there.
    """
    found = f"{'expected and found' if accesses[read][0] == SWAP else 'returned'} {_shown(accesses[read][1])}"
    told = past.operation(read).f
    old = f"{upper(a(told))} {found} after the append of {shown} was acknowledged"
    if piece in accesses[read][1]:
        return old
    for op in np.flatnonzero(past.ret > past.call[read]).tolist():
        name, content, _ = accesses[op]
        if name == READ and past.acknowledged(op) and piece in content:
            return old
    return f"The acknowledged append of {shown} is gone: a later {told} {found}"


class _Pieces:
    """The appends of a list, by what they append."""

    def __init__(self, past: Past, accesses: list[Access], appends: dict[int, Any], content: dict[int, Any]) -> None:
        self.past, self.accesses, self.appends, self.content = past, accesses, appends, content
        self.by_piece: dict[Any, list[int]] = {}
        for op, (piece,) in appends.items():
            self.by_piece.setdefault(piece, []).append(op)

    def never_appended(self, read: int) -> Iterator[Said]:
        """A read returned something more often than appends of it had been called when it returned."""
        seen = self.content[read]
        for piece in dict.fromkeys(seen):
            begun = sum(bool(self.past.call[op] < self.past.ret[read]) for op in self.by_piece.get(piece, ()))
            if begun >= seen.count(piece):
                continue
            shown = text(thaw(piece))
            failed = [op for op in self.past.failed(read) if op.f == "append" and same(op.argument, thaw(piece))]
            who = f"{upper(a(self.past.operation(read).f))} returned {shown}"
            if begun:
                but = ", apart from what failed" if failed else ""
                yield Said(f"{who} {times(seen.count(piece))}, but it had been appended {times(begun)}{but}", (read,))
            elif failed:
                only = "the only append" if len(failed) == 1 else "every append"
                yield Said(f"{who}, but {only} of it failed", (read,))
            else:
                yield Said(f"{who}, which nobody had appended", (read,))

    def gone(self, read: int) -> Iterator[Said]:
        """Appends that had returned when a read was called are not in what it returned."""
        seen = self.content[read]
        for piece, ops in self.by_piece.items():
            over = [op for op in ops if self.past.ret[op] != NEVER and self.past.before(op, read)]
            if len(over) > seen.count(piece):
                shown, result = text(thaw(piece)), _shown(seen)
                if len(over) == 1:
                    words = _missing(self.past, self.accesses, read, piece, shown)
                else:
                    count = seen.count(piece)
                    had = f"returned it {times(count)}" if count else "did not return it"
                    words = f"{shown} was appended {times(len(over))}, but a later read {had}: {result}"
                yield Said(words, (*over, read))

    def out_of_order(self, read: int) -> Iterator[Said]:
        """Two appends of a piece each, the only ones of it: one had returned when the other was called, and a read
        has them the other way round."""
        seen = self.content[read]
        single = [piece for piece in seen if len(self.by_piece.get(piece, ())) == 1]
        if not single:
            return
        op = np.array([self.by_piece[piece][0] for piece in single])
        # The latest call so far: if a later piece had returned before it, the two stand in the wrong order.
        latest = np.maximum.accumulate(self.past.call[op])
        for place in np.flatnonzero(self.past.ret[op][1:] < latest[:-1]).tolist():
            second = int(op[place + 1])
            first = int(op[: place + 1][np.argmax(self.past.call[op[: place + 1]])])
            one, two = (text(thaw(self.appends[x][0])) for x in (second, first))
            yield Said(f"{upper(a(self.past.operation(read).f))} has {two} before {one}, but {one} was appended "
                       f"first", (second, first, read))  # fmt: skip
            return

    def left_out(self, read: int) -> Iterator[Said]:
        """Two appends of a piece each, the only ones of it: one had returned when the other was called, and a read has
        the other one only."""
        seen = self.content[read]
        single = [piece for piece in seen if len(self.by_piece.get(piece, ())) == 1]
        if not single:
            return
        second = max((self.by_piece[piece][0] for piece in single), key=lambda op: self.past.call[op])
        for piece, ops in self.by_piece.items():
            if piece not in seen and self.past.acknowledged(ops[0]) and self.past.before(ops[0], second):
                one, two = text(thaw(piece)), text(thaw(self.appends[second][0]))
                yield Said(f"{upper(a(self.past.operation(read).f))} has {two} and not {one}, but {one} was appended "
                           f"first", (ops[0], second, read))  # fmt: skip
                return
