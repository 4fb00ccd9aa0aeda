"""How often each thing was added, and reads of all of it: decided by one pass over the events.

    append 1   |-----|                  the text is empty until its first add must take effect
    append 2      |-------|
    count            |-----|  {2: 1}    returns first of the two: so 2 was added, 1 not yet
    count                 |---|  {1: 1, 2: 1}

Nothing is ever taken away. So what reads found must be a chain, each at least as much as the one before in everything:
the *levels* of the tally. The tally is at each level for a while, and every read of this level falls into that time.

The pass lets everything take effect as late as it can: an add at its return, a level at the first return of one of its
reads, or right before an add that would be one too many for it. Adds that the tally needs for a level are taken from
those that are open, first the one that returns first.

Why that is right. When the pass enters a level, or makes an add take effect, it has to: later would be after a return,
or after an add that makes the level impossible. It makes no other add take effect than those that the level needs. Of
two open adds of one thing, the one that returns first can stand wherever the other one stands: until then they are
alike. So whatever another order has done by then that the pass has not, the pass can still do.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER
from clew.checkers.forms import Ints, Mask, TallyForm
from clew.checkers.monitors.first_unexplained import decide_by


def decide(form: TallyForm) -> Decision:
    """Decide a problem of things that are counted.

    O(n log n) and with all that is read if valid; if not, another log n times.
    """
    return decide_by(lambda until: order_of(form, until), form.problem, "monitors")


def order_of(form: TallyForm, until: int, obliged: Mask | None = None) -> Ints | None:
    """A linearization of everything that returns before position `until`, or None if there is none.

    With `obliged`, only these operations must happen. Every other read is left out, and every other add takes effect at
    any time after its call, or not at all.
    """
    problem = form.problem
    ret = np.where(problem.ret < until, problem.ret, NEVER)
    if obliged is not None:
        ret = np.where(obliged, ret, NEVER)
    levels = _levels(form, ret)
    if levels is None:
        return None
    level_of = {form.read[level.reads[0]]: number for number, level in enumerate(levels) if level.reads}
    tally = _Tally(levels)
    returns, thing = ret.tolist(), form.thing.tolist()
    events = zip(problem.event_op[:until].tolist(), problem.event_return[:until].tolist(), strict=True)
    for now, (op, over) in enumerate(events):
        if not over:
            if thing[op] >= 0:
                heapq.heappush(tally.open.setdefault(thing[op], []), (returns[op], op))
        elif returns[op] == NEVER or op in tally.added:
            continue
        elif not (tally.add(thing[op], now) if thing[op] >= 0 else tally.enter(level_of[form.read[op]], now)):
            return None
    tally.leave(len(problem.event_op))
    return np.array(tally.order, np.int64)


@dataclass
class _Level:
    """What some reads found, all of them the same."""

    found: dict[int, int]
    grown: dict[int, int]
    """How much more that is than the level before."""
    reads: list[int]
    last_call: int


def _levels(form: TallyForm, ret: Ints) -> list[_Level] | None:
    """What was found by reads that returned, from the least to the most. None if of two neither is the lesser one."""
    reading: dict[int, list[int]] = {0: []}
    for op in np.flatnonzero((form.read >= 0) & (ret != NEVER)).tolist():
        reading.setdefault(int(form.read[op]), []).append(op)
    levels, before = list[_Level](), 0
    for number in sorted(reading, key=form.totals.__getitem__):
        grown = form.growth(before, number)
        if grown is None:
            return None
        reads = reading[number]
        levels.append(_Level(form.found[number], grown, reads, int(form.problem.call[reads[-1]]) if reads else -1))
        before = number
    return levels


@dataclass
class _Tally:
    """The tally at one moment of the pass."""

    levels: list[_Level]
    level: int = 0
    """The last level that it has reached."""
    has_left: bool = False
    """Whether more was added since."""
    there: dict[int, int] = field(default_factory=dict)
    open: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """For each thing the adds that have been called and have not taken effect, as a heap by their returns."""
    added: set[int] = field(default_factory=set)
    order: list[int] = field(default_factory=list)

    def add(self, thing: int, now: int) -> bool:
        """Let the add of a thing that returns first take effect. Returns whether that is possible."""
        there = self.there.get(thing, 0)
        while self.level + 1 < len(self.levels) and self.levels[self.level + 1].found.get(thing, 0) <= there:
            if not self.enter(self.level + 1, now):
                return False
        if not self.leave(now):
            return False
        self._take_effect(thing)
        return True

    def enter(self, level: int, now: int) -> bool:
        """Reach a level, unless it is behind already. Returns whether that is possible."""
        while self.level < level:
            if not self.leave(now):
                return False
            self.level += 1
            reached = self.levels[self.level]
            for thing in reached.grown:
                missing = reached.found[thing] - self.there.get(thing, 0)
                if missing > len(self.open.get(thing, ())):
                    return False
                for _ in range(missing):
                    self._take_effect(thing)
            self.has_left = False
        return True

    def leave(self, now: int) -> bool:
        """End the time of this level. Returns whether all its reads were called by then."""
        level = self.levels[self.level]
        if not self.has_left:
            self.order += level.reads
            self.has_left = True
        return level.last_call < now

    def _take_effect(self, thing: int) -> None:
        _, op = heapq.heappop(self.open[thing])
        self.there[thing] = self.there.get(thing, 0) + 1
        self.added.add(op)
        self.order.append(op)
