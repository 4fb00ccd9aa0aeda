"""Sentences about counters."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import Any

import numpy as np

from clew.checkers.evidence.sentences.past import Past, Said, a, upper
from clew.checkers.forms import Mask


def said_of_counters(past: Past) -> Iterator[Said]:
    """An answer against all adds that can have happened by then, or since another answer.

    Adds that had returned when an operation was called are in the sum that it returned. Adds that had been called when
    it returned can be. The same holds between two answers, one after the other: what the second adds to the first.
    """
    # Amounts may be larger than 64 bits.
    of_class = np.array([0 if op.f == "read" else op.argument for op in past.problem.classes], object)
    amount = of_class[past.problem.cls]
    answers = [op for op in past.core if past.acknowledged(op) and past.operation(op).f != "add"]
    for op in answers:
        yield from _out_of_bounds(past, amount, op)
    for one, two in permutations(answers, 2):
        if past.before(one, two):
            yield from _since(past, amount, one, two)
    if bool((amount >= 0).all()):
        for one, two in combinations([op for op in answers if amount[op] > 0], 2):
            result = past.operation(one).result
            if result == past.operation(two).result:
                yield Said(f"Two adds both returned {result}, and nothing was subtracted", (one, two), needs_all=True)


def _bounds(amount: Any, sure: Mask, possible: Mask) -> tuple[int, int]:
    """The least and the most that adds come to: all that are sure, and any of those that are possible."""
    certain, open_ = int(amount[sure].sum()), amount[possible & ~sure]
    return certain + int(open_[open_ < 0].sum()), certain + int(open_[open_ > 0].sum())


def _answer(past: Past, amount: Any, op: int) -> str:
    """`A read returned 2`, `An add-and-get of 1 returned 2`."""
    f = past.operation(op).f
    return f"{upper(a(f))}{'' if f == 'read' else f' of {amount[op]}'} returned {past.operation(op).result}"


def _out_of_bounds(past: Past, amount: Any, op: int) -> Iterator[Said]:
    over, begun = past.ret < past.call[op], past.begun(op)
    begun[op] = False
    least, most = _bounds(amount, over, begun)
    found = past.operation(op).result - amount[op]
    but = ", apart from adds that failed" if any(add.f != "read" for add in past.failed(op)) else ""
    if found > most:
        what = f"no more than {most} had been added" if most >= 0 else f"all adds by then come to at most {most}"
        yield Said(f"{_answer(past, amount, op)}, but {what}{but}", (op,), needs_all=True)
    if found < least:
        sure = least == int(amount[over].sum())
        what = "adds acknowledged before it come to" if sure else "all adds by then come to at least"
        yield Said(f"{_answer(past, amount, op)}, but {what} {least}{but}", (op,), needs_all=True)


def _since(past: Past, amount: Any, one: int, two: int) -> Iterator[Said]:
    possible = (past.ret > past.call[one]) & past.begun(two)
    possible[[one, two]] = False
    sure = (past.call > past.ret[one]) & (past.ret < past.call[two])
    least, most = _bounds(amount, sure, possible)
    before = past.operation(one)
    grown = past.operation(two).result - amount[two] - before.result
    if least <= grown <= most:
        return
    if least >= 0 > grown:
        what = "nothing was subtracted since"
    elif grown < least:
        what = f"adds since come to at least {least}"
    else:
        what = "nothing was added since" if most == 0 else f"adds since come to at most {most}"
    but = ", apart from adds that failed" if any(add.f != "read" for add in past.failed(two)) else ""
    words = f"{_answer(past, amount, two)} after {a(before.f)} had returned {before.result}, and {what}{but}"
    yield Said(words, (one, two), needs_all=True)
