"""A sweep of a counter from one result to the next; see `gaps`."""

from __future__ import annotations

from math import comb, log2
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import Ints
from clew.checkers.linear.configurations import collect
from clew.checkers.linear.gap_numbers import slot_of
from clew.checkers.linear.gap_rows import settle
from clew.checkers.linear.gap_tables import (
    BITS,
    DEAD,
    FOUND,
    KEYS,
    KNOWN,
    LEFT,
    LOG,
    PAUSE,
    REGISTERS,
    ROOM,
    UNKNOWN,
    WINDOW,
    Gaps,
)
from clew.checkers.linear.gaps import expand
from clew.checkers.linear.moments import BIT, Moments
from clew.checkers.linear.sets import HALF
from clew.checkers.linear.tables import ENTRY, WORK_PER_VISIT
from clew.checkers.verdict import Budget
from clew.checkers.wrong_list import NOBODY

_UNKNOWN = 3
"""What an add of unknown outcome costs, in bits, beside the choice of it."""
_FEWEST_FOUND = 1 << 9
"""Room for what is found at first."""
_MOST = 3
"""If gaps are not priced, there are very many sets of adds that lead to a result, and hardly any gap of a history has
more than two or three adds. A sweep as wide as at first tries sets of so many of each list of `sets` at most."""
_SETS, _MORE_SETS, _WIDE = 24, 128, 8
"""How many sets of adds of unknown outcome are tried in one gap, about. If there are more, it is those of few. A sweep
that is so many times as wide as at first tries more of them."""
_FEW, _ALIKE, _BEFORE = 10, 2, 1
"""If a history has more than so few adds of unknown outcome: how many open ones of the same number are tried in a gap,
and how many open adds of known outcome and of the same numbers may have to be in the gap with them."""
_MANY = 40
"""If gaps are priced and a history has more adds of unknown outcome than so many, what they add says which one it is:
see `gap_numbers`. If there are fewer, to try each of them decides more histories of 1,000 operations of 30 clients."""


class Mark(NamedTuple):
    """Where a sweep stood: see `GapSweep.go_back`."""

    at: np.record
    """A copy of its registers. The next two are copies of its tables."""
    rows: Ints
    log: NDArray[np.void]
    agreed: int
    """How many parts of the linearization all configurations had agreed on."""

    @property
    def bytes(self) -> int:
        """What the copies take."""
        return self.rows.nbytes + self.log.nbytes

    @property
    def position(self) -> int:
        """See `GapSweep.position`."""
        return int(self.at.results)


class GapSweep:
    """The best `width` configurations that explain the same number of results; `to` explains more.

    Positions are numbers of results. The moments are those of the problem. If `priced`, the best are the most probable
    ones, from the beginning of the history on. If not, they are those in which the operations that are open are most
    probably used or not used.
    """

    def __init__(
        self,
        problem: Problem,
        moments: Moments,
        budget: Budget,
        deadline: Deadline,
        width: int,
        priced: bool = True,
    ) -> None:
        self._problem, self._moments, self._budget, self._deadline = problem, moments, budget, deadline
        sums, told = moments.sums, moments.told
        known = np.flatnonzero(problem.ret != NEVER)
        unknown = np.flatnonzero(problem.ret == NEVER)
        self.end = int(sums.told.sum())
        self._there = not told.any()
        place = np.empty(len(problem), np.int64)
        place[known], place[unknown] = np.arange(len(known)), np.arange(len(unknown))
        self._agreed: list[NDArray[np.int32]] = []
        self._at = np.zeros(1, REGISTERS)[0]
        self._first_width, self._priced = width, priced
        self._at.count = 1
        numbers = unknown[~sums.told[unknown] & (sums.delta[unknown] != 0)]
        few = len(numbers) <= _FEW
        self._by_number = priced and len(numbers) > _MANY
        self._at.alike, self._at.before = (UNKNOWN, KNOWN) if few else (_ALIKE, _BEFORE)
        if self._by_number:
            self._at.alike = 0
        self._at.window = BITS + -(-len(unknown) // 64)
        rows = np.zeros((1, int(self._at.window) + 2), np.int64)
        rows[0, LOG], rows[0, LEFT] = -1, told.sum()
        room = 4 * HALF
        self._tables = Gaps(
            call=problem.call,
            ret=problem.ret,
            begin=moments.begin,
            first=moments.first,
            span=moments.span,
            delta=sums.delta,
            told=sums.told,
            before=sums.before,
            random=np.random.default_rng(1).integers(0, 1 << 64, len(problem), np.uint64),
            at=self._at,
            known=known,
            unknown=unknown,
            numbers=numbers,
            **_table_of(sums.delta[numbers]),
            place=place,
            by=moments.by,
            behind=moments.behind,
            least=np.zeros(2, np.int64),
            gap=_prices(KNOWN, 1, 1) * priced,
            gap_of_unknown=_prices(UNKNOWN, 0, _UNKNOWN) * priced,
            rows=rows,
            next=np.zeros_like(rows),
            found=np.empty(_FEWEST_FOUND, FOUND),
            tally=np.zeros(KEYS, np.int64),
            heads=np.empty(2, np.int32),
            chains=np.empty(1, np.int32),
            log=np.empty(0, ENTRY),
            results=np.zeros(len(problem), np.int64),
            adds=np.zeros(KNOWN + UNKNOWN, np.int64),
            gain=np.zeros(KNOWN + UNKNOWN, np.int64),
            sorted=np.zeros(KNOWN, np.int64),
            sums=np.zeros((4, room), np.int64),
            masks=np.zeros((4, room), np.uint64),
            gains=np.zeros((4, room), np.int64),
            sizes=np.zeros((4, room), np.int64),
        )
        self.widen(width)

    @property
    def position(self) -> int:
        """How many results every configuration explains. `end` if one explains all that must be explained."""
        return self.end if self._there else int(self._at.results)

    @property
    def dropped(self) -> bool:
        """Whether anything was left out that may lead to the end. "dead" proves nothing then."""
        return bool(self._at.dropped)

    @property
    def bytes(self) -> int:
        """What it holds now, without the part of the linearization on which all agree."""
        t = self._tables
        tables = (t.rows, t.next, t.found, t.heads, t.chains, t.log, t.sums, t.masks, t.gains, t.by, t.behind)
        return sum(int(table.nbytes) for table in tables)

    def widen(self, width: int) -> None:
        """Keep so many configurations from now on."""
        self._at.width = width
        self._at.most = KNOWN if self._priced or width > self._first_width else _MOST
        self._at.many = self._by_number + (self._by_number and width >= _WIDE * self._first_width)
        self._at.sets = _SETS if width < _WIDE * self._first_width else _MORE_SETS

    def _make_room(self, rows: Ints, kept: int, columns: int) -> None:
        """Make room for `kept` configurations beside those that are there, the first ones of `rows`."""
        count = int(self._at.count)
        wide = np.zeros((max(kept, count), columns), np.int64)
        wide[:count, : rows.shape[1]] = rows[:count]
        self._tables = self._tables._replace(
            rows=wide,
            next=np.zeros_like(wide),
            heads=np.empty(2 * len(wide), np.int32),
            chains=np.empty(len(wide), np.int32),
        )

    def mark(self) -> Mark:
        """Where it stands, for `go_back`."""
        self._shorten_log()  # or the copies of a log that was long once take as long as the sweep
        t, at = self._tables, self._at
        return Mark(at.copy(), t.rows[: at.count].copy(), t.log[: at.entries].copy(), len(self._agreed))

    def go_back(self, mark: Mark) -> None:
        """Stand again where it stood. The mark can be used again."""
        at = self._at
        for name in ("results", "count", "base", "entries", "dropped"):
            at[name] = mark.at[name]
        del self._agreed[mark.agreed :]
        self._tables = self._tables._replace(log=np.concatenate((mark.log, np.empty_like(mark.log))))
        self._make_room(mark.rows, len(self._tables.rows), self._tables.rows.shape[1])

    def to(self, position: int, steps: int | None = None) -> Literal["there", "dead", "memory", "time"]:
        """Explain so many results, looking at so many `steps` at most: sets of adds.

        Returns "there"; "dead" if no configuration explains one more; or what ran out.
        """
        at = self._at
        while self.position < position:
            at.now = self._moments.results[min(int(at.results), len(self._moments.results) - 1)]
            at.source, at.found, at.bound = 0, 0, KEYS - 1
            self._tables.tally[:] = 0
            status = PAUSE
            while status in (PAUSE, ROOM):
                if status == ROOM:
                    more = np.empty(3 * len(self._tables.found), FOUND)
                    self._tables = self._tables._replace(found=np.concatenate((self._tables.found, more)))
                at.pause = at.work + WORK_PER_VISIT if steps is None else min(at.work + WORK_PER_VISIT, steps)
                if self._deadline.passed() or (steps is not None and at.work >= steps):
                    return "time"
                status = expand(self._tables)
            if status == DEAD:
                return "dead"
            order = np.argsort(self._tables.found["score"][: at.found], kind="stable")
            self._make_room_in_log()
            rows = self._tables.rows
            if len(rows) < min(at.width, at.found):
                self._make_room(rows, 2 * int(min(at.width, at.found)), rows.shape[1])
            while settle(self._tables, order) == WINDOW:
                rows = self._tables.rows
                self._make_room(rows, len(rows), 2 * rows.shape[1])
            self._tables = self._tables._replace(rows=self._tables.next, next=self._tables.rows)
            rows = self._tables.rows
            done = np.flatnonzero(rows[: at.count, LEFT] == 0)
            if len(done):
                self._there, rows[0] = True, rows[done[0]]
            if self.bytes > self._budget.bytes:
                return "memory"
        return "there"

    def _make_room_in_log(self) -> None:
        """Shorten the log, or make it longer."""
        at, log = self._at, self._tables.log
        more = (KNOWN + UNKNOWN + 1) * int(min(at.width, at.found))
        if at.entries + more <= len(log):
            return
        kept = self._shorten_log()
        if 2 * (kept + more) > len(log):
            self._tables = self._tables._replace(log=np.concatenate((log[:kept], np.empty(3 * (kept + more), ENTRY))))

    def _shorten_log(self) -> int:
        """Take out of the log what all configurations agree on and what none leads back to; returns its length."""
        at, log = self._at, self._tables.log
        kept, agreed = collect(log, int(at.entries), self._tables.rows, int(at.count))
        self._agreed.append(log["op"][kept : kept + agreed].copy())
        at.entries = kept
        return int(kept)

    def order(self) -> list[int]:
        """A linearization of what has returned before the first return that is not explained.

        Of the whole problem if all results are explained.
        """
        t, tail = self._tables, list[int]()
        entry = int(t.rows[0, LOG])
        while entry >= 0:
            tail.append(int(t.log["op"][entry]))
            entry = int(t.log["before"][entry])
        order = [*(op for part in self._agreed for op in part.tolist()), *reversed(tail)]
        if self._there:
            used = np.zeros(len(self._problem), np.bool_)
            used[order] = True
            order += t.known[~used[t.known]].tolist()
        return order


def _table_of(numbers: Ints) -> dict[str, Ints]:
    """The hash table of some numbers: see `Gaps.slots` and `Gaps.next_number`."""
    slots = np.full(4 << len(numbers).bit_length(), NOBODY, np.int64)
    following = np.full(len(numbers), NOBODY, np.int64)
    for place in range(len(numbers) - 1, -1, -1):
        slot = slot_of(numbers[place], len(slots))
        following[place], slots[slot] = slots[slot], place
    return {"slots": slots, "next_number": following}


def _prices(most: int, each: int, more: int) -> Ints:
    """What it costs to choose k of n adds: `each` bits for any choice, `more` for each add, and which ones they are."""
    table = np.zeros((most + 1, most + 1), np.int64)
    for n in range(most + 1):
        for k in range(n + 1):
            table[n, k] = round(BIT * (each + more * k + log2(comb(n, k))))
    return table
