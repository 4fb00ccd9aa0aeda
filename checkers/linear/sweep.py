"""Any model: all configurations at once, swept along the events (just-in-time linearization).

Lowe, "Testing for linearizability", CCPE 2017, section 5. A configuration is a state and the open operations that have
taken effect in it. A call opens an operation. A return is where things happen: a configuration in which the operation
has taken effect goes on without it; from every other one, each row of open operations that ends with the returning one
and is possible leads to a new configuration. When none is left, the return cannot be explained.

Nothing here is as long as the history but the linearization itself: a configuration has one bit for each *open*
operation, which takes a free place in its words (a *slot*) when it is called and gives it back when it returns; states
that no configuration is in any more are forgotten; and the beginning of the linearization on which all configurations
agree is settled and leaves the log. So it can run beside a test, from any set of configurations on (`Sweep`).

Four rules keep the sets small: `Eager observers`, `Earliest deadline first`, `Fewer unknown` and `Used by all`. The
reason for each stands in `clew.checkers.linear.configurations`, next to the line that uses it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.linear.configurations import (
    ASK,
    ASKED,
    BITS,
    COUNT,
    DEAD,
    ENTRIES,
    FREE,
    LOG,
    LOG_FULL,
    OPEN,
    POSITION,
    ROWS,
    SLOTS,
    STATE,
    THERE,
    VISIT,
    advance,
    collect,
)
from clew.checkers.memo import Memo
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget

_ASK_AT_ONCE = 1 << 15
_FEWEST_STATES = 1 << 14
_LOG_FIRST = 1 << 12


class Configuration(NamedTuple):
    """What an object may be like at a moment: its state, and which open operations have taken effect already.

    `used` are indices of operations of the problem.
    """

    state: Hashable
    used: frozenset[int]


def decide(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
    """Decide one problem. See `Decision`."""
    sweep = Sweep(problem, model, budget, deadline)
    answer = sweep.to(len(problem.event_op))
    if answer == "there":
        return Decision("valid", order=sweep.order(), engine="linear")
    if answer == "dead":
        return Decision("invalid", order=sweep.order(), stuck=sweep.position, engine="linear")
    return Decision("unknown", order=sweep.order(), why=answer, engine="linear")


class Sweep:
    """The configurations of a problem at a position, from which they can be moved on.

    It starts before everything, or from `start`: configurations that came out of an earlier part, at a moment at which
    just the first `opened` operations of the problem had been called. Those that come out of a sweep can start another
    one only if it was begun like that itself: otherwise states are merged that only this problem cannot tell apart.
    """

    def __init__(
        self,
        problem: Problem,
        model: Model,
        budget: Budget,
        deadline: Deadline,
        start: Sequence[Configuration] | None = None,
        opened: int = 0,
    ) -> None:
        self._problem, self._budget, self._clock = problem, budget, deadline
        self._memo = Memo(model, problem.classes, merge=start is None)
        self._asked = np.empty((_ASK_AT_ONCE, 2), np.int64)
        self._log = np.empty((_LOG_FIRST, 2), np.int32)
        self._settled: list[NDArray[np.int32]] = []
        self._registers = np.zeros(9, np.int64)
        self._open = np.empty(64, np.int32)
        self._op_of = np.full(64, FREE, np.int32)
        self._first = np.zeros(len(problem.classes), np.int64)
        self._many_states = _FEWEST_STATES
        self._forgot = -1
        self._room(16, 1)
        self._registers[COUNT] = 1
        self._now[0, :BITS] = (0, -1)
        if start is not None:
            self._begin(start, opened)

    def _room(self, rows: int, words: int) -> None:
        """Room for so many configurations of so many words each; what was there stays."""
        old = getattr(self, "_now", np.empty((0, 0), np.int64))
        self._now = np.zeros((rows, BITS + words), np.int64)
        self._now[: len(old), : old.shape[1]] = old
        self._then = np.zeros((rows, BITS + words), np.int64)
        self._seen = np.zeros((rows, BITS + words), np.int64)
        self._chains = np.empty((2, rows), np.int32)
        self._heads = np.empty((2, 2 * rows), np.int32)
        self._stamps = np.zeros((2, 2 * rows), np.int64)
        self._unknown = np.zeros(words, np.int64)
        for slot in self._open[: self._registers[OPEN]].tolist():
            if self._problem.ret[self._op_of[slot]] == NEVER:
                _set(self._unknown, slot)

    def _begin(self, start: Sequence[Configuration], opened: int) -> None:
        words = max(1, -(-opened // 64))
        self._open, self._op_of = np.empty(64 * words, np.int32), np.full(64 * words, FREE, np.int32)
        self._open[:opened] = np.argsort(self._problem.ret[:opened], kind="stable")
        self._op_of[:opened] = np.arange(opened)
        self._registers[POSITION] = self._registers[OPEN] = opened
        self._registers[COUNT] = len(start)
        self._room(max(16, 2 * len(start)), words)
        for row, (state, used) in enumerate(start):
            self._now[row, :BITS] = (self._memo.number(state), -1)
            for op in used:
                _set(self._now[row, BITS:], op)

    @property
    def position(self) -> int:
        """Everything before this position of the problem has been dealt with."""
        return int(self._registers[POSITION])

    @property
    def visited(self) -> int:
        """How many configurations it went on from until now, which is what its work grows with."""
        return int(self._registers[VISIT])

    def to(self, position: int) -> Literal["there", "dead", "memory", "time"]:
        """Sweep on to a position. Returns "there", "dead" if a return before it could not be explained, or why not."""
        problem, memo, registers = self._problem, self._memo, self._registers
        while True:
            status = advance(
                problem.event_op, problem.event_return, problem.cls, problem.ret, problem.observer,
                len(problem.classes), position, memo.keys, memo.next_state, self._now, self._then, self._seen,
                self._chains, self._heads, self._stamps, self._open, self._op_of, self._unknown,
                self._first, self._log, self._asked, registers,
            )  # fmt: skip
            if status == THERE:
                return "there"
            if status == DEAD:
                return "dead"
            if status == ASK:
                memo.learn([(state, cls) for state, cls in self._asked[: registers[ASKED]].tolist()])
            elif status == ROWS:
                self._room(4 * len(self._now), self._now.shape[1] - BITS)
            elif status == SLOTS:
                self._open = np.concatenate((self._open, np.empty_like(self._open)))
                self._op_of = np.concatenate((self._op_of, np.full_like(self._op_of, FREE)))
                self._room(len(self._now), len(self._op_of) // 64)
            elif status == LOG_FULL:
                self._settle()
            if len(memo.states) > self._many_states and self.position > self._forgot:
                self._forget()
            if self.bytes > self._budget.bytes:
                return "memory"
            if self._clock.passed():
                return "time"

    @property
    def bytes(self) -> int:
        """What it holds now, but for the part of the linearization that is settled."""
        rows = self._now.nbytes + self._then.nbytes + self._seen.nbytes
        return (
            rows + self._chains.nbytes + self._heads.nbytes + self._stamps.nbytes + self._log.nbytes + self._memo.bytes
        )

    def _settle(self) -> None:
        """Take what all configurations agree on out of the log, and what none leads back to; or make it longer."""
        registers, count = self._registers, int(self._registers[COUNT])
        kept, settled = collect(self._log, int(registers[ENTRIES]), self._now, count)
        self._settled.append(self._log[kept : kept + settled, 1].copy())
        registers[ENTRIES] = kept
        if 2 * kept > len(self._log) or settled == 0:
            self._log = np.concatenate((self._log, np.empty_like(self._log)))

    def _forget(self) -> None:
        """Forget the states that no configuration is in: they would be as many as the history has operations."""
        rows = self._now[: self._registers[COUNT]]
        states, rows[:, STATE] = np.unique(rows[:, STATE], return_inverse=True)
        self._memo.forget(states.tolist())
        self._many_states = max(_FEWEST_STATES, 4 * len(states))
        self._forgot = self.position  # a return that needs more states than that must come to its end

    def configurations(self) -> list[Configuration]:
        """Where the object may be now."""
        op_of = [(slot, int(self._op_of[slot])) for slot in self._open[: self._registers[OPEN]].tolist()]
        found = []
        for row in self._now[: self._registers[COUNT]]:
            used = frozenset(op for slot, op in op_of if row[BITS + (slot >> 6)] >> (slot & 63) & 1)
            found.append(Configuration(self._memo.states[row[STATE]], used))
        return found

    def open(self) -> list[int]:
        """The operations that are open now, and of which configurations know different things."""
        return sorted(self._op_of[self._open[: self._registers[OPEN]]].tolist())

    def order(self) -> list[int]:
        """A linearization of what has returned until now."""
        entry, tail = int(self._now[0, LOG]), []
        while entry >= 0:
            tail.append(int(self._log[entry, 1]))
            entry = int(self._log[entry, 0])
        return [*(op for part in self._settled for op in part.tolist()), *reversed(tail)]


def _set(words: NDArray[np.int64], slot: int) -> None:
    words.view(np.uint64)[slot >> 6] |= np.uint64(1 << (slot & 63))
