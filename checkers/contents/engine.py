"""Contents that are overwritten now and then: lists and strings to which is appended, and records.

    put "2."        |---|
    append "1."        |------------------|      the get needs "2.4.", so 1 was not appended before it.
    append "4."            |---|                 It may have been right before the put, or after the get.
    get -> "2.4."             |---|

Like `clew.checkers.linear`, this sweeps all configurations along the events (Lowe, "Testing for linearizability", CCPE
29(4), 2017, section 5). A configuration is a content and which of the open operations have taken effect. Six things
keep them few.

*Lost contents are one.* A content matters as long as an operation can still find it, or something that begins with it.
When a write returns that is called later, it is overwritten for sure: what is called after that does not find it. So at
each moment only the contents count that begin what is found between now and then. They are nodes of a trie, each with a
count of who can still find what is under it. All other contents are one: LOST. Nothing leads back from it but a write.

*Records* are contents that do not grow, such as (version, value). An operation may seek a key, the first fields of a
record: a compare-and-set of version 3 finds (3, "a") and (3, "b"). In the trie the key stands above its records. As
long as the key is sought and a record of it is not, the node of the key stands for the record: nobody tells it from
others of the key that are not sought.

*What is overwritten needs no place.* When a write takes effect, each write and append that is open then may have taken
effect right before it, where nobody noticed. So from then on it is *free*, like an operation of unknown outcome: it can
take effect later, or need not. Which of them came before the write is never tried. (`clew.checkers.lazy` does the same
for registers, one operation after the other.) An append where the content is lost is put off for the same reason. It is
never tried to lose a content on purpose, but by the operation that returns: whatever is possible with a lost content is
possible with any other, because writes and appends always are. Only a compare-and-set that missed is possible sooner
with a lost one, so histories that have one try it.

*Needs.* A configuration is dead if an operation that will return must find what does not begin with the content, and no
write that leads there is left.

*Equals.* Operations that do the same are equal, whether their outcome is known or not. Of these the one that returns
first is tried. And of two configurations with the same content one is as good as the other if it has at least as much
left of everything; see `_as_good` in `clew.checkers.contents.rows`.

*Cheap and narrow first.* Each operation of unknown outcome that a configuration uses has its price, the higher the
longer ago it was called (`clew.checkers.contents.rows`). At a return the cheapest configurations come first. The first
sweep keeps 32, and none that is much dearer than the cheapest. Where it is lost it goes back, keeps more and spends
more (`clew.checkers.linear.going_back`). If it never drops any, it proves both answers. Otherwise one that drops none
has a short turn, because it soon shows what is impossible. Then both have longer turns.

Measured on 10,000 operations of 30 clients, 5 values and 2 % of unknown outcomes: 0.6 s for a `kv`; 0.5 to 2.3 s for
records with versions, where a search depth first and `clew.checkers.linear` are lost after some thousand operations.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers.contents.search import DEAD, LOG_FULL, ROWS, THERE, advance, count_anew
from clew.checkers.contents.start import Accesses, tables_of, with_more_rows
from clew.checkers.contents.tables import LOG, NOT_CALLED, WRITES, Tables
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.linear.configurations import collect
from clew.checkers.linear.going_back import to_the_end
from clew.checkers.verdict import Budget

_WORK_PER_VISIT = 300_000
"""Rows and operations looked at until Python may look at the deadline: some milliseconds."""
_ALL = 1 << 40
"""As a width: more configurations than fit into any memory."""
_SWEEPS = ((32, 1), (_ALL, 8), (128, 1), (_ALL, 1))
"""For each sweep the configurations that it keeps at first, and by what its steps are divided."""
_SLACK, _MORE = 3, 3
"""How much dearer than the best one a configuration may be that is kept, in bits: by the first sweep, and how much more
for each time that the width is doubled."""
_EVERY, _AFTER = 64, 256
"""Events between two marks, and events behind the place where it was lost, after which it is narrow again."""


def decide(
    problem: Problem, accesses: Accesses, budget: Budget, deadline: Deadline, steps: int | None = None
) -> Decision:
    """Decide one problem; `accesses` says what each class does (see `accesses_of`). If invalid, `stuck` is None.

    `steps` bounds each of its sweeps by something that is the same on every machine: rows and operations looked at.
    When they are used up, the answer is "unknown" and `why` is "time".
    """
    end = len(problem.event_op)
    best = Decision("unknown", why="time", engine="contents")
    for width, divisor in _SWEEPS:
        tables = tables_of(problem, accesses, deadline)
        if tables is None:
            break
        sweep = Sweep(problem, tables, budget, deadline)
        sweep.widen(width)
        share = None if steps is None else steps // divisor
        if width == _ALL:
            answer = sweep.to(end, share)
        else:
            answer = to_the_end(sweep, deadline, end, width, share, budget.bytes, _EVERY, _AFTER)
        order = sweep.order()
        if answer == "there":
            return Decision("valid", order=order, engine="contents")
        if answer == "dead" and not sweep.dropped:
            return Decision("invalid", order=order, engine="contents")
        if len(order) >= len(best.order):
            best = Decision("unknown", why="memory" if answer == "memory" else "time", order=order, engine="contents")
        if deadline.passed():
            break
    return best


class Mark(NamedTuple):
    """Where a sweep stood: see `Sweep.go_back`."""

    at: np.record
    """A copy of its registers. The next five are copies of its tables."""
    now: NDArray[np.int64]
    log: NDArray[np.void]
    slots: NDArray[np.int64]
    op_of: NDArray[np.int64]
    sets: NDArray[np.int64]
    agreed: int
    """How many parts of the linearization all configurations had agreed on."""

    @property
    def bytes(self) -> int:
        """What the copies take."""
        return sum(int(table.nbytes) for table in (self.now, self.log, self.slots, self.op_of, self.sets))

    @property
    def position(self) -> int:
        """See `Sweep.position`."""
        return int(self.at.position)


class Sweep:
    """The configurations of a problem at one position; `to` moves the position forward."""

    def __init__(self, problem: Problem, tables: Tables, budget: Budget, deadline: Deadline) -> None:
        self._problem, self._t, self._budget, self._deadline = problem, tables, budget, deadline
        self._at = tables.at
        self._agreed: list[NDArray[np.void]] = []

    @property
    def position(self) -> int:
        """Everything before it has been dealt with."""
        return int(self._at.position)

    @property
    def dropped(self) -> bool:
        """Whether any configuration was dropped."""
        return bool(self._at.dropped)

    @property
    def bytes(self) -> int:
        """What the large tables take."""
        t = self._t
        return sum(int(table.nbytes) for table in (t.now, t.gone, t.met, t.chains, t.log, t.helpers, t.keys))

    def to(self, position: int, steps: int | None = None) -> Literal["there", "dead", "memory", "time"]:
        """Move on to a position."""
        at = self._at
        while True:
            at.pause = at.work + _WORK_PER_VISIT
            status = advance(self._t, position)
            if status == THERE:
                return "there"
            if status == DEAD:
                return "dead"
            if status == ROWS:
                self._t = with_more_rows(self._t)
            elif status == LOG_FULL:
                if at.halfway == 0:
                    self._shorten_log()
                if at.halfway or 2 * (at.entries + at.count) > len(self._t.log):
                    self._t = self._t._replace(log=np.concatenate((self._t.log, np.empty_like(self._t.log))))
            if self.bytes > self._budget.bytes:
                return "memory"
            if self._deadline.passed() or (steps is not None and at.work >= steps):
                return "time"

    def mark(self) -> Mark:
        """A mark at this position, to which the sweep can go back. Not within a return."""
        t, at = self._t, self._at
        self._shorten_log()
        return Mark(
            at.copy(), t.now[: at.count].copy(), t.log[: at.entries].copy(), t.slots.copy(), t.op_of.copy(),
            t.sets.copy(), len(self._agreed),
        )  # fmt: skip

    def go_back(self, mark: Mark) -> None:
        """Stand where the mark was made, at this position or before. The work that was done since then still counts."""
        t, at = self._t, self._at
        work, stamp, visit, width, slack = at.work, at.stamp, at.visit, at.width, at.slack
        for name in at.dtype.names or ():
            at[name] = mark.at[name]
        at.work, at.stamp, at.visit, at.width, at.slack = work, stamp, visit, width, slack
        t.now[: at.count], t.log[: at.entries] = mark.now, mark.log
        t.slots[:], t.op_of[:], t.sets[:] = mark.slots, mark.op_of, mark.sets
        del self._agreed[mark.agreed :]
        slot = t.ops["slot"][:-1]  # what was closed then is closed
        slot[self._problem.call >= mark.position] = NOT_CALLED
        (held,) = (mark.op_of >= 0).nonzero()
        slot[mark.op_of[held]] = held
        count_anew(t)

    def widen(self, width: int) -> None:
        """Keep so many configurations from now on."""
        self._at.width = width
        self._at.slack = width if width == _ALL else _SLACK + _MORE * ((width // _SWEEPS[0][0]).bit_length() - 1)

    def _shorten_log(self) -> None:
        """Take out of the log what all configurations agree on and what none leads back to."""
        t, at = self._t, self._at
        kept, agreed = collect(t.log, int(at.entries), t.now, int(at.count))
        self._agreed.append(t.log[kept : kept + agreed].copy())
        at.entries = kept

    def order(self) -> list[int]:
        """A linearization of what has returned until now.

        What was free and is not in the log took effect right before a write that was placed while it was open.
        """
        problem, log = self._problem, self._t.log
        entry, tail = int(self._t.now[0, LOG]), []
        while entry >= 0:
            tail.append(entry)
            entry = int(log["before"][entry])
        placed = np.concatenate([*self._agreed, log[tail[::-1]]])
        done = np.zeros(len(problem), np.bool_)
        done[placed["op"]] = True
        (writes,) = (self._t.ops["kind"][placed["op"]] == WRITES).nonzero()
        before: dict[int, list[int]] = {}
        for op in np.flatnonzero(~done & (problem.ret < self.position)).tolist():
            place = np.searchsorted(placed["at"][writes], problem.call[op], side="right")
            before.setdefault(int(writes[place]), []).append(op)
        order = list[int]()
        for number, op in enumerate(placed["op"].tolist()):
            order += before.get(number, [])
            order.append(op)
        return order
