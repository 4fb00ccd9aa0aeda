"""Sentences about the words of a text that grows: which were found too often, too seldom, or before others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from clew.checkers.evidence.sentences.past import Past, Said, times


def said_of_words(past: Past) -> Iterator[Said]:
    """A count against the appends that can have happened by then, or must have; and two counts against each other.

    Appends of a word that had returned when a count was called are in the count. Appends that had been called when it
    returned can be. If a count has found n of a word, it comes after the n-th append of it that was called, or a later
    one: so also after all appends that had returned when that one was called. Words never vanish, so of two counts the
    earlier one has found none more often.
    """
    counts = [op for op in past.core if past.acknowledged(op) and past.operation(op).f == "count"]
    found = {op: dict(past.operation(op).result) for op in counts}
    appends = _appends(past)
    words = sorted({*appends, *(word for result in found.values() for word in result)})
    for op in counts:
        for word in words:
            yield from _out_of_bounds(past, appends, op, word, found[op].get(word, 0))
    for one, two in permutations(counts, 2):
        for word in words:
            before, after = found[one].get(word, 0), found[two].get(word, 0)
            if past.before(one, two) and after < before:
                yield Said(
                    f"A count found word {word} {times(after)} after one that found it {times(before)}", (one, two)
                )
            fewer = [other for other in words if found[one].get(other, 0) < found[two].get(other, 0)]
            if before > after and fewer:
                text = f"One count found word {word} more often than another one did, and word {fewer[0]} less often"
                yield Said(text, (one, two))
    for op in counts:
        for word, other in permutations(words, 2):
            yield from _overtaken(past, appends, op, (word, found[op].get(word, 0)), (other, found[op].get(other, 0)))
    for one, two in permutations(counts, 2):
        for word in words if past.before(one, two) else ():
            grown = found[two].get(word, 0) - found[one].get(word, 0)
            yield from _grown(past, appends, one, two, word, grown)


def _appends(past: Past) -> dict[int, np.ndarray]:
    """The appends of each word, in the order of their calls."""
    appends: dict[int, list[int]] = {}
    for op in np.argsort(past.call, kind="stable").tolist():
        if past.operation(op).f == "append":
            appends.setdefault(past.operation(op).argument, []).append(op)
    return {word: np.array(ops) for word, ops in appends.items()}


def _of(appends: dict[int, np.ndarray], word: int) -> np.ndarray:
    return appends.get(word, np.array([], np.int64))


def _out_of_bounds(past: Past, appends: dict[int, np.ndarray], op: int, word: int, number: int) -> Iterator[Said]:
    ops = _of(appends, word)
    most = int(np.sum(past.call[ops] < past.ret[op]))
    least = int(np.sum(past.ret[ops] < past.call[op]))
    if number > most:
        said = f"only {_so_many(most)} of it had begun by then" if most else "no append of it had begun by then"
        yield Said(f"A count found word {word} {times(number)}, but {said}", (op,), needs_all=True)
    if number < least:
        said = f"{_so_many(least)} of it had returned before it began"
        yield Said(f"A count found word {word} {times(number)}, but {said}", (op,), needs_all=True)


def _overtaken(
    past: Past, appends: dict[int, np.ndarray], op: int, found: tuple[int, int], other: tuple[int, int]
) -> Iterator[Said]:
    (word, number), (missing, there) = found, other
    ops = _of(appends, word)
    if not 0 < number <= len(ops):
        return
    until = past.call[ops[number - 1]]
    least = int(np.sum(past.ret[_of(appends, missing)] < until))
    if there < least:
        yield Said(
            f"A count found word {word} {times(number)} and word {missing} {times(there)}, but {_so_many(least)} of "
            f"word {missing} had returned before {_so_many(number)} of word {word} had begun",
            (op,),
            needs_all=True,
        )


def _grown(past: Past, appends: dict[int, np.ndarray], one: int, two: int, word: int, grown: int) -> Iterator[Said]:
    ops = _of(appends, word)
    most = int(np.sum((past.ret[ops] > past.call[one]) & (past.call[ops] < past.ret[two])))
    least = int(np.sum((past.call[ops] > past.ret[one]) & (past.ret[ops] < past.call[two])))
    if grown >= 0 and (grown > most or grown < least):
        said = f"at most {_so_many(most)} of it" if grown > most else f"at least {_so_many(least)} of it"
        yield Said(
            f"A count found word {word} {times(grown)} more than an earlier one, but {said} happened in between",
            (one, two),
            needs_all=True,
        )


def _so_many(number: int) -> str:
    return f"{number} append{'s' if number != 1 else ''}"
