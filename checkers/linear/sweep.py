"""Any model: all configurations at once, swept along the events (just-in-time linearization).

This is the algorithm of Lowe, "Testing for linearizability", CCPE 29(4), 2017, section 5. A *configuration* is a state
together with the open operations that have taken effect in it. A call opens an operation. A return decides: a
configuration in which the returning operation has taken effect goes on without it. From every other configuration,
every possible sequence of open operations that ends with the returning one leads to a new configuration. If no
configuration is left, the return cannot be explained.

Only the linearization itself is as long as the history. A configuration has one bit for each *open* operation, which
occupies a *slot* from its call to its return. States that no configuration is in any more are forgotten. The beginning
of the linearization on which all configurations agree leaves the log. So a sweep can run beside a test, and can start
from any set of configurations (`Sweep`).

Five rules keep the sets small: `Eager observers`, `Earliest deadline first`, `Fewer unknown`, `More observers` and
`Used by all`. The reason for each stands next to the line that uses it, in `clew.checkers.linear.configurations` and
`rows`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.linear.configurations import advance, collect
from clew.checkers.linear.narrow import KEYS
from clew.checkers.linear.rows import BITS, LOG, STATE
from clew.checkers.linear.tables import (
    ASK,
    DEAD,
    ENTRY,
    FREE,
    LOG_FULL,
    REGISTERS,
    ROWS,
    SLOTS,
    THERE,
    WORK_PER_VISIT,
    Tables,
)
from clew.checkers.linear.waiting import COSTS
from clew.checkers.memo import QUESTION, Memo
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget

_ASK_AT_ONCE = 1 << 15
"""Transitions that are asked for at once, half a megabyte: a return with many configurations asks for thousands, and
begins anew each time."""
_FEWEST_STATES = 1 << 14
"""States that are remembered before any is forgotten. To learn a transition again costs a call of Python, so states are
forgotten seldom. This many small states take a megabyte or two."""
_ALL = 1 << 40
"""As a width: more configurations than fit into any memory."""
_LOG_FIRST = 1 << 12
"""Entries of the log at first: 32 KB. It grows only if what the configurations do not agree on is longer."""


class Mark(NamedTuple):
    """Where a sweep stood: see `Sweep.go_back`."""

    at: np.record
    """A copy of its registers. The next four are copies of its tables."""
    now: NDArray[np.int64]
    log: NDArray[np.void]
    slots: NDArray[np.int32]
    op_of: NDArray[np.int32]
    agreed: int
    """How many parts of the linearization all configurations had agreed on."""

    @property
    def bytes(self) -> int:
        """What the copies take."""
        return self.now.nbytes + self.log.nbytes + self.slots.nbytes + self.op_of.nbytes

    @property
    def position(self) -> int:
        """See `Sweep.position`."""
        return int(self.at.position)


class Configuration(NamedTuple):
    """A state that an object may be in at a moment, and the open operations that have taken effect by then."""

    state: Hashable
    used: frozenset[int]
    """The open operations that have taken effect, as indices into the problem."""


def decide(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
    """Decide one problem."""
    sweep = Sweep(problem, model, budget, deadline)
    answer = sweep.to(len(problem.event_op))
    if answer == "there":
        return Decision("valid", order=sweep.order(), engine="linear")
    if answer == "dead":
        return Decision("invalid", order=sweep.order(), stuck=sweep.position, engine="linear")
    return Decision("unknown", order=sweep.order(), why=answer, engine="linear")


class Sweep:
    """The configurations of a problem at one position; `to` moves the position forward.

    A sweep begins before the first event, or from `start`: the configurations that an earlier sweep reached. At that
    moment exactly the first `opened` operations of the problem have been called.

    A sweep made without `start` treats states as one if no operation of this problem tells them apart. So its
    configurations cannot start another sweep.

    It keeps `width` configurations at most, or all. See `clew.checkers.linear.narrow`.
    """

    def __init__(
        self,
        problem: Problem,
        model: Model,
        budget: Budget,
        deadline: Deadline,
        start: Sequence[Configuration] | None = None,
        opened: int = 0,
        *,
        width: int = _ALL,
    ) -> None:
        self._problem, self._budget, self._deadline = problem, budget, deadline
        self._memo = Memo(model, problem.classes, merge=start is None)
        self._agreed: list[NDArray[np.int32]] = []
        self._many_states = _FEWEST_STATES
        self._forgot = -1
        self._at = np.zeros(1, REGISTERS)[0]
        self._at.count = 1
        self._at.width = width
        self._tables = Tables(
            at=self._at,
            event_op=problem.event_op,
            event_return=problem.event_return,
            cls=problem.cls,
            ret=problem.ret,
            observer=problem.observer,
            free=np.ones(len(problem.classes), np.bool_),
            first=np.zeros(len(problem.classes), np.int64),
            slots=np.empty(64, np.int32),
            op_of=np.full(64, FREE, np.int32),
            log=np.empty(_LOG_FIRST, ENTRY),
            asked=np.empty(_ASK_AT_ONCE, QUESTION),
            heads_of_cost=np.empty(COSTS, np.int64),
            tails_of_cost=np.empty(COSTS, np.int64),
            tally=np.empty(0 if width == _ALL else KEYS, np.int64),
            **_room(np.array([[0, -1, 0]], np.int64), 16, 1, width),
        )
        if start is not None:
            self._begin(start, opened)

    def _begin(self, start: Sequence[Configuration], opened: int) -> None:
        """Stand right after the calls of the first `opened` operations, with these configurations."""
        words = max(1, -(-opened // 64))
        slots, op_of = np.empty(64 * words, np.int32), np.full(64 * words, FREE, np.int32)
        slots[:opened] = np.argsort(self._problem.ret[:opened], kind="stable")
        op_of[:opened] = np.arange(opened)
        self._at.position = self._at.open = opened
        self._at.count = len(start)
        rows = np.zeros((len(start), BITS + words), np.int64)
        for row, (state, used) in enumerate(start):
            rows[row, :BITS] = (self._memo.number(state), -1)
            for op in used:
                _set(rows[row, BITS:], op)
        self._tables = self._tables._replace(slots=slots, op_of=op_of)
        self._make_room(max(16, 2 * len(start)), words, rows)

    def _make_room(self, rows: int, words: int, now: NDArray[np.int64] | None = None) -> None:
        """Make room for `rows` configurations of `words` words each. The configurations stay, or become `now`."""
        tables = self._tables._replace(
            **_room(self._tables.now if now is None else now, rows, words, int(self._at.width))
        )
        for slot in tables.slots[: self._at.open].tolist():
            op = tables.op_of[slot]
            if self._problem.ret[op] == NEVER:
                _set(tables.unknown, slot)
            elif self._problem.observer[self._problem.cls[op]]:
                _set(tables.observing, slot)
        self._tables = tables

    @property
    def position(self) -> int:
        """Everything before this position of the problem has been dealt with."""
        return int(self._at.position)

    @property
    def visited(self) -> int:
        """How many configurations it went on from until now. Its work grows with this number."""
        return int(self._at.visited)

    @property
    def dropped(self) -> bool:
        """Whether any configuration was dropped. "dead" proves nothing then."""
        return bool(self._at.dropped)

    def widen(self, width: int) -> None:
        """Keep so many configurations from now on."""
        self._at.width = width

    def mark(self) -> Mark:
        """Where it stands, for `go_back`. A sweep that makes marks must not forget states."""
        self._tables.free[self._memo.sometimes_impossible()] = False
        self._many_states = _ALL
        at, t = self._at, self._tables
        now, log = t.now[: at.count].copy(), t.log[: at.entries].copy()
        return Mark(at.copy(), now, log, t.slots.copy(), t.op_of.copy(), len(self._agreed))

    def go_back(self, mark: Mark) -> None:
        """Stand again where it stood. The mark can be used again."""
        at = self._at
        for name in ("position", "count", "open", "entries", "dropped"):
            at[name] = mark.at[name]
        del self._agreed[mark.agreed :]
        log = self._tables.log
        if len(log) < len(mark.log):
            log = np.empty(2 * len(mark.log), ENTRY)
        log[: len(mark.log)] = mark.log
        self._tables = self._tables._replace(log=log, slots=mark.slots.copy(), op_of=mark.op_of.copy())
        self._make_room(len(self._tables.now), len(mark.op_of) // 64, mark.now)

    def to(self, position: int, steps: int | None = None) -> Literal["there", "dead", "memory", "time"]:
        """Sweep on to a position, with so many `steps` at most: operations tried, and configurations compared.

        Returns "there"; "dead" if a return before the position cannot be explained; or what ran out.
        """
        memo, at = self._memo, self._at
        row = np.empty(self._tables.now.shape[1], np.int64)
        while True:
            tables = self._tables
            at.pause = at.work + WORK_PER_VISIT if steps is None else min(at.work + WORK_PER_VISIT, steps)
            status = advance(memo.transitions, tables, position, row)
            if status == THERE:
                return "there"
            if status == DEAD:
                return "dead"
            if status == ASK:
                memo.learn(tables.asked[: at.asked].tolist(), self._deadline)
            elif status == ROWS:
                # The tables that depend on the number of configurations become four times as large.
                if 4 * (self.bytes - memo.bytes - tables.log.nbytes) > self._budget.bytes:
                    return "memory"
                self._make_room(4 * len(tables.now), tables.now.shape[1] - BITS)
            elif status == SLOTS:
                slots = np.concatenate((tables.slots, np.empty_like(tables.slots)))
                op_of = np.concatenate((tables.op_of, np.full_like(tables.op_of, FREE)))
                self._tables = tables._replace(slots=slots, op_of=op_of)
                self._make_room(len(tables.now), len(op_of) // 64)
                row = np.empty(self._tables.now.shape[1], np.int64)
            elif status == LOG_FULL:
                self._shorten_log()
            if len(memo.states) > self._many_states and self.position > self._forgot and not at.halfway:
                self._forget()
            if self.bytes > self._budget.bytes:
                return "memory"
            if self._deadline.passed() or (steps is not None and at.work >= steps):
                return "time"

    @property
    def bytes(self) -> int:
        """What it holds now, without the part of the linearization on which all agree."""
        t = self._tables
        tables = (t.now, t.then, t.seen, t.chains, t.heads, t.stamps, t.log, t.cost, t.behind, t.order, t.scratch)
        return sum(int(table.nbytes) for table in tables) + self._memo.bytes

    def _shorten_log(self) -> None:
        """Take out of the log what all configurations agree on and what none leads back to; or make it longer."""
        log = self._tables.log
        kept, agreed = collect(log, int(self._at.entries), self._tables.now, int(self._at.count))
        self._agreed.append(log["op"][kept : kept + agreed].copy())
        self._at.entries = kept
        if 2 * kept > len(log) or agreed == 0:
            self._tables = self._tables._replace(log=np.concatenate((log, np.empty_like(log))))

    def _forget(self) -> None:
        """Forget the states that no configuration is in. In the end they would be as many as the operations."""
        rows = self._tables.now[: self._at.count]
        states, rows[:, STATE] = np.unique(rows[:, STATE], return_inverse=True)
        self._memo.forget(states.tolist())
        self._many_states = max(_FEWEST_STATES, 4 * len(states))
        self._forgot = self.position  # a return that needs more states than that must come to its end

    def configurations(self) -> list[Configuration]:
        """All configurations at the present position."""
        t = self._tables
        op_of = [(slot, int(t.op_of[slot])) for slot in t.slots[: self._at.open].tolist()]
        found = []
        for row in t.now[: self._at.count]:
            used = frozenset(op for slot, op in op_of if row[BITS + (slot >> 6)] >> (slot & 63) & 1)
            found.append(Configuration(self._memo.states[row[STATE]], used))
        return found

    def open(self) -> list[int]:
        """The operations that are open now. Configurations differ in which of them have taken effect."""
        return sorted(self._tables.op_of[self._tables.slots[: self._at.open]].tolist())

    def order(self) -> list[int]:
        """A linearization of what has returned until now."""
        log = self._tables.log
        entry, tail = int(self._tables.now[0, LOG]), []
        while entry >= 0:
            tail.append(int(log["op"][entry]))
            entry = int(log["before"][entry])
        return [*(op for part in self._agreed for op in part.tolist()), *reversed(tail)]


def _room(
    now: NDArray[np.int64], rows: int, words: int, width: int
) -> dict[str, NDArray[np.int64] | NDArray[np.int32]]:
    """The tables whose size depends on how many configurations there may be, with the configurations `now`."""
    wide = np.zeros((rows, BITS + words), np.int64)
    wide[: len(now), : now.shape[1]] = now
    return {
        "now": wide,
        "then": np.zeros_like(wide),
        "seen": np.zeros_like(wide),
        "chains": np.empty((2, rows), np.int32),
        "cost": np.empty(rows, np.int32),
        "behind": np.empty(rows, np.int32),
        "order": np.empty(0 if width == _ALL else rows, np.int64),
        "scratch": np.empty(0 if width == _ALL else rows, np.int64),
        "heads": np.empty((2, 2 * rows), np.int32),
        "stamps": np.zeros((2, 2 * rows), np.int64),
        "unknown": np.zeros(words, np.int64),
        "observing": np.zeros(words, np.int64),
    }


def _set(words: NDArray[np.int64], slot: int) -> None:
    words.view(np.uint64)[slot >> 6] |= np.uint64(1 << (slot & 63))
