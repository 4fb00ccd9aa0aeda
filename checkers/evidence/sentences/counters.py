"""Sentences about counters: how much had been added, which number nobody got, and which was counted twice.

Where all adds are of one amount, sentences count adds: "only 159 adds of 1 had begun by then". Otherwise they tell
sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import Any

import numpy as np

from clew.checkers.evidence.sentences.past import Past, Said, a, listed, upper
from clew.checkers.forms import Mask

_FEW = 3
"""Numbers that a sentence lists one by one."""
_WORK = 100_000_000
"""Adds times their sum: more are not looked through for those that come to a number."""


def said_of_counters(past: Past) -> Iterator[Said]:
    """An answer against all adds that can have happened by then, or since another answer.

    Adds that had returned when an operation was called are in the sum that it returned. Adds that had been called when
    it returned can be. The same holds between two answers, one after the other: what the second adds to the first.

    If nothing is subtracted, the counter never goes back. Then smaller answers come first, whatever the times say, and
    no two adds can cover the same numbers: an add of 2 that returned 5 covers 4 and 5.

    If the counterexample has just two answers, it rests on both, and sentences about the two come first.
    """
    counts = _Counts(past)
    if len(counts.answers) == 2:
        yield from _of_two(past, counts)
    for op in counts.answers:
        yield from counts.out_of_bounds(op)
    for op in counts.answers:
        yield from counts.no_sum(op)
    if len(counts.answers) > 2:
        yield from _of_two(past, counts)
    if counts.only_grows:
        for op in counts.by_result:
            yield from counts.skipped(op)


def _of_two(past: Past, counts: _Counts) -> Iterator[Said]:
    """Two answers against each other."""
    for one, two in permutations(counts.answers, 2):
        if past.before(one, two):
            yield from counts.since(one, two)
    for rule in (counts.twice, counts.between) if counts.only_grows else ():
        for one, two in combinations(counts.by_result, 2):
            yield from rule(one, two)


class _Counts:
    """The adds of a counter, and the answers in the counterexample."""

    def __init__(self, past: Past) -> None:
        self.past = past
        # Amounts may be larger than 64 bits.
        of_class = np.array([0 if op.f == "read" else op.argument for op in past.problem.classes], object)
        self.amount = of_class[past.problem.cls]
        self.answers = [op for op in past.core if past.acknowledged(op) and past.operation(op).f != "add"]
        amounts = set(self.amount.tolist()) - {0}
        self.only_grows = min(amounts, default=0) >= 0
        self.by_result = sorted(self.answers, key=lambda op: (self.result(op), self.amount[op]))
        self.step = amounts.pop() if self.only_grows and len(amounts) == 1 else None
        """The amount of all adds, if it is the same for all."""

    def result(self, op: int) -> Any:
        """The number that an operation returned."""
        return self.past.operation(op).result

    def adds(self, total: Any) -> str:
        """So many adds: `one add of 1`, `5 adds of 1`. `total` is what they come to."""
        count = total // self.step
        return f"{'one add' if count == 1 else f'{count} adds'} of {self.step}"

    def kind(self, op: int) -> str:
        """`a read`, `an add-and-get of 1`."""
        f = self.past.operation(op).f
        return f"{a(f)}{'' if f == 'read' else f' of {self.amount[op]}'}"

    def answer(self, op: int) -> str:
        """`A read returned 2`, `An add-and-get of 1 returned 2`."""
        return f"{upper(self.kind(op))} returned {self.result(op)}"

    def pair(self, one: int, two: int) -> str:
        """`An add-and-get of 1 returned 2 and another 3`, `A read returned 2 and an add-and-get of 1 returned 3`."""
        if self.kind(one) == self.kind(two):
            return f"{self.answer(one)} and another {self.result(two)}"
        return f"{self.answer(one)} and {self.kind(two)} returned {self.result(two)}"

    def but(self, op: int) -> str:
        """What to add if adds failed, which may have taken effect after all."""
        failed = any(add.f != "read" for add in self.past.failed(op))
        return ", apart from adds that failed" if failed else ""

    def out_of_bounds(self, op: int) -> Iterator[Said]:
        """More than all adds come to that had begun, or less than those that had returned before it began."""
        past, own = self.past, self.amount[op]
        over, begun = past.ret < past.call[op], past.begun(op)
        begun[op] = False
        least, most = _bounds(self.amount, over, begun)
        found, included = self.result(op) - own, ", its own included," if own else ""
        if self.step is not None and found % self.step:
            yield Said(f"{self.answer(op)}, but every add is of {self.step}{self.but(op)}", (op,), needs_all=True)
        if found < 0 and self.only_grows:
            yield Said(f"{self.answer(op)}, and nothing was subtracted{self.but(op)}", (op,), needs_all=True)
        if found > most:
            what = f"all adds that had begun by then{included} come to at most {most + own}"
            if self.step is not None:
                what = f"only {self.adds(most + own)} had begun by then"
            if not own and not self.amount[begun].any():
                what = "nothing had been added by then"
            yield Said(f"{self.answer(op)}, but {what}{self.but(op)}", (op,), needs_all=True)
        if found < least:
            if self.step is not None:
                what = f"{self.adds(least)} had returned before it began"
            elif not own and least == int(self.amount[over].sum()):
                what = f"the adds that had returned before it began come to {least}"
            else:
                what = f"all adds that had begun by then{included} come to at least {least + own}"
            yield Said(f"{self.answer(op)}, but {what}{self.but(op)}", (op,), needs_all=True)

    def no_sum(self, op: int) -> Iterator[Said]:
        """An answer that no adds come to, whichever of them took effect by then."""
        past, found = self.past, self.result(op) - self.amount[op]
        over, begun = past.ret < past.call[op], past.begun(op)
        begun[op] = False
        rest = found - int(self.amount[over].sum())
        open_ = sorted(self.amount[begun & ~over].tolist())
        least = sum(amount for amount in open_ if amount < 0)
        # Bit n says that some of these adds come to n + least. What is subtracted comes first, so that sums only grow
        # after it, and those above the answer lead nowhere.
        sought = rest - least
        if sought < 0 or sought * len(open_) > _WORK:
            return
        sums = 1 << -least
        for amount in open_:
            if amount < 0:
                sums |= sums >> -amount
            elif amount <= sought:
                sums = (sums | sums << amount) & ((2 << sought) - 1)
        if not sums >> sought & 1:
            what = f"and no adds that had begun by then come to {found}"
            if self.amount[op]:
                what += f" before its own {self.amount[op]}"
            yield Said(f"{self.answer(op)}, {what}{self.but(op)}", (op,), needs_all=True)

    def _possible(self, one: int, two: int) -> Mask:
        """Other operations that can have taken effect between two, if the first of them took effect first."""
        possible: Mask = (self.past.ret > self.past.call[one]) & self.past.begun(two)
        possible[[one, two]] = False
        return possible

    def since(self, one: int, two: int) -> Iterator[Said]:
        """An answer and a later one, and what can have been added between them."""
        past, possible = self.past, self._possible(one, two)
        sure = (past.call > past.ret[one]) & (past.ret < past.call[two])
        least, most = _bounds(self.amount, sure, possible)
        own = self.amount[two]
        grown = self.result(two) - own - self.result(one)
        if least <= grown <= most:
            return
        included, link = ", its own included," if own else "", "but"
        if grown < 0 and not (self.amount[possible | sure] < 0).any():
            what, link = "nothing was subtracted since", "and"
        elif grown < least:
            what = f"all adds since{included} come to at least {least + own}"
            if self.step is not None:
                what = f"{self.adds(least)} began and returned in between"
        else:
            what, link = f"nothing {'else ' if own else ''}was added since", "and"
            if most:
                link = "but"
            if most and self.step is not None:
                what = f"only {self.adds(most + own)} can have made the difference"
            elif most:
                what = f"all adds since{included} come to at most {most + own}"
        words = (
            f"{self.answer(two)} after {self.kind(one)} had returned {self.result(one)}, {link} {what}{self.but(two)}"
        )
        yield Said(words, (one, two), needs_all=True)

    def twice(self, one: int, two: int) -> Iterator[Said]:
        """Two answers that cover the same number. `two` returned the larger one, or the same."""
        start, end = self.result(two) - self.amount[two], self.result(one)
        if not self.amount[two] or start >= end:
            return
        if self.amount[one] == self.amount[two] and self.result(one) == self.result(two):
            adds = f"Two adds of {self.amount[one]} both returned {self.result(one)}"
        elif self.amount[one]:
            adds = f"One add took the counter from {end - self.amount[one]} to {end}, another from {start} to "
            adds += f"{self.result(two)}"
        elif end < self.result(two):
            adds = f"{self.answer(one)}, but an add took the counter from {start} to {self.result(two)} at once"
        else:
            return
        yield Said(f"{adds}, and nothing was subtracted", (one, two), needs_all=True)

    def skipped(self, op: int) -> Iterator[Said]:
        """Numbers up to an answer that no add covers, and too few adds without an answer to cover them.

        The adds up to the answer come to it. Those of them that have answers cover numbers up to it, each number once.
        Those that have none had begun when `op` returned, and come to no more than all that had.
        """
        past, result, step = self.past, self.result(op), self.step
        begun = past.begun(op)
        told = np.array([past.acknowledged(x) and past.operation(x).f == "add-and-get" for x in range(len(begun))])
        covered = sorted(
            (self.result(x) - self.amount[x], self.result(x))
            for x in np.flatnonzero(told & begun).tolist()
            if self.amount[x] and self.result(x) <= result
        )
        gaps, reached = [], 0
        for start, end in [*covered, (result, result)]:
            if start > reached:
                gaps.append((reached, start))
            reached = max(reached, end)
        missing, open_ = sum(end - start for start, end in gaps), int(self.amount[begun & ~told].sum())
        if missing <= open_ or any(self._covers_some(x, gaps) for x in np.flatnonzero(told).tolist()):
            return
        without = (
            f"and adds without an answer come to {open_}"
            if open_
            else "and every add was answered: more was counted than was added"
        )
        if step is not None and not any(end % step for gap in gaps for end in gap):
            numbers = [number for start, end in gaps[:_FEW]
                       for number in range(start + step, min(end, start + _FEW * step) + 1, step)]  # fmt: skip
            few, more = [str(number) for number in numbers[:_FEW]], missing // step - _FEW
            if more > 0:
                few[_FEW - 1 :] = [f"{more + 1} other numbers below it"]
            nobody = f"nobody got {listed(few, 'or')}"
            without = f"and every add of {step} was answered: more was counted than was added"
            if open_:
                without = f"and only {self.adds(open_)} got no answer"
        else:
            nobody = f"no add took the counter from {gaps[0][0]} to {gaps[0][1]}"
        yield Said(f"{self.answer(op)}, but {nobody}, {without}{self.but(op)}", (op,), needs_all=True)

    def _covers_some(self, op: int, gaps: list[tuple[Any, Any]]) -> bool:
        """Whether an add covers numbers in one of these gaps."""
        first, last = self.result(op) - self.amount[op], self.result(op)
        return any(start < last and first < end for start, end in gaps)

    def between(self, one: int, two: int) -> Iterator[Said]:
        """Two answers, and not enough adds that can have come between them. `two` returned the larger one."""
        own, grown = self.amount[two], self.result(two) - self.result(one)
        _, most = _bounds(self.amount, self._possible(one, two) & False, self._possible(one, two))
        if grown <= most + own:
            return
        what = f"all adds that can have made the difference come to at most {most + own}"
        if self.step is not None:
            what = f"only {self.adds(most + own)} can have made the difference of {grown}"
        if not most + own:
            what = "no add can have come in between"
        yield Said(f"{self.pair(one, two)}, but {what}{self.but(two)}", (one, two), needs_all=True)


def _bounds(amount: Any, sure: Mask, possible: Mask) -> tuple[int, int]:
    """The least and the most that adds come to: all that are sure, and any of those that are possible."""
    certain, open_ = int(amount[sure].sum()), amount[possible & ~sure]
    return certain + int(open_[open_ < 0].sum()), certain + int(open_[open_ > 0].sum())
