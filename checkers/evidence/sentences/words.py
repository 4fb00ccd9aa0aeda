"""Sentences about the words of a text that grows: which were found too often, too seldom, or before others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from clew.checkers.evidence.sentences.past import Past, Said
from clew.histories.text import times

_NONE = np.array([], np.int64)


def said_of_words(past: Past) -> Iterator[Said]:
    """A count against the appends that can have happened by then, or must have; and two counts against each other.

    Appends of a word that had returned when a count was called are in the count. Appends that had been called when it
    returned can be. If a count has found n of a word, it comes after the n-th append of it that was called, or a later
    one: so also after all appends that had returned when that one was called. Words never vanish, so of two counts the
    earlier one has found none more often.

    Where the counterexample lists appends, the sentence is about these.
    """
    counts = [op for op in past.core if past.acknowledged(op) and past.operation(op).f == "count"]
    found = {op: dict(past.operation(op).result) for op in counts}
    appends, listed = _appends(past), _appends(past, past.core)
    words = sorted({*appends, *(word for result in found.values() for word in result)})
    words.sort(key=lambda word: word not in listed)
    for op in counts:
        for word in words:
            yield from _too_often(past, appends, op, word, found[op].get(word, 0))
    sure = appends | listed
    for op in counts:
        for word in listed:
            yield from _too_seldom(past, op, word, listed[word], found[op].get(word, 0))
    for one, two in permutations(counts, 2):
        for word in words:
            before, after = found[one].get(word, 0), found[two].get(word, 0)
            if past.before(one, two) and after < before:
                yield Said(f"Word {word} was {_counted(after)}, after it had been counted {times(before)}", (one, two))
            fewer = [other for other in words if found[one].get(other, 0) < found[two].get(other, 0)]
            if before > after and fewer:
                text = f"One count found word {word} more often than another one did, and word {fewer[0]} less often"
                yield Said(text, (one, two))
    for op in counts:
        for word, other in permutations(words, 2):
            numbers = found[op].get(word, 0), found[op].get(other, 0)
            yield from _overtaken(past, op, (word, _of(appends, word)), (other, _of(sure, other)), numbers)
    for one, two in permutations(counts, 2):
        for word in words if past.before(one, two) else ():
            grown = found[two].get(word, 0) - found[one].get(word, 0)
            yield from _grown(past, appends, one, two, word, grown)
    for op in counts:
        for word in words:
            yield from _too_seldom(past, op, word, _of(appends, word), found[op].get(word, 0))


def _appends(past: Past, those: list[int] | None = None) -> dict[int, np.ndarray]:
    """The appends of each word, in the order of their calls; of those only, if some are given."""
    appends: dict[int, list[int]] = {}
    # Operations are numbered in the order of their calls.
    for op in range(len(past.call)) if those is None else those:
        if past.operation(op).f == "append":
            appends.setdefault(past.operation(op).argument, []).append(op)
    return {word: np.array(ops) for word, ops in appends.items()}


def _of(appends: dict[int, np.ndarray], word: int) -> np.ndarray:
    return appends.get(word, _NONE)


def _too_often(past: Past, appends: dict[int, np.ndarray], op: int, word: int, number: int) -> Iterator[Said]:
    most = int(np.sum(past.call[_of(appends, word)] < past.ret[op]))
    if number > most:
        said = f"only {_so_many(most)} of it had begun by then" if most else "no append of it had begun by then"
        yield Said(f"Word {word} was {_counted(number)}, but {said}", (op,), needs_all=True)


def _too_seldom(past: Past, op: int, word: int, ops: np.ndarray, number: int) -> Iterator[Said]:
    least = int(np.sum(past.ret[ops] < past.call[op]))
    if number < least:
        said = f"{_so_many(least)} of it had returned before that count began"
        yield Said(f"Word {word} was {_counted(number)}, but {said}", (op,), needs_all=True)


def _overtaken(
    past: Past, op: int, found: tuple[int, np.ndarray], missing: tuple[int, np.ndarray], numbers: tuple[int, int]
) -> Iterator[Said]:
    """A count that has found `numbers` of two words. `found` and `missing` are these words, each with its appends."""
    past.look()
    (word, ops), (other, others), (number, there) = found, missing, numbers
    if not 0 < number <= len(ops):
        return
    least = int(np.sum(past.ret[others] < past.call[ops[number - 1]]))
    if there < least:
        yield Said(
            f"One count has word {word} {times(number)}, and word {other} {times(there)}, but {_so_many(least)} of "
            f"word {other} had returned before {_so_many(number)} of word {word} had begun",
            (op,),
            needs_all=True,
        )


def _grown(past: Past, appends: dict[int, np.ndarray], one: int, two: int, word: int, grown: int) -> Iterator[Said]:
    ops = _of(appends, word)
    most = int(np.sum((past.ret[ops] > past.call[one]) & (past.call[ops] < past.ret[two])))
    least = int(np.sum((past.call[ops] > past.ret[one]) & (past.ret[ops] < past.call[two])))
    if grown >= 0 and (grown > most or grown < least):
        said = f"at most {_so_many(most)} of it" if grown > most else f"at least {_so_many(least)} of it"
        more = f"{times(grown)} more" if grown else "no more often"
        yield Said(
            f"Word {word} was counted {more} than by an earlier count, but {said} happened in between",
            (one, two),
            needs_all=True,
        )


def _counted(number: int) -> str:
    return f"counted {times(number)}" if number else "not counted"


def _so_many(number: int) -> str:
    return f"{number} append{'s' if number != 1 else ''}"
