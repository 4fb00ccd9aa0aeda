"""A sweep over stacks: the configurations at one position, which can move on and go back."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import PUTS, container_kinds
from clew.checkers.models.model import Model
from clew.checkers.newest.diagram import LAST, keep_only
from clew.checkers.newest.search import DEAD, ROOM, THERE, advance
from clew.checkers.newest.tables import (
    BARE,
    BITS,
    EDGE,
    ENTRY,
    FRAME,
    KNOWN,
    NODE,
    NOTHING,
    REGISTERS,
    STATE,
    STEP,
    Tables,
)
from clew.checkers.verdict import Budget

ALL = 1 << 40
"""As a width: more configurations than fit into any memory."""
NARROW = 4
"""Configurations that the narrowest sweep keeps. Of four histories of 10,000 operations with unknown outcomes, 4 decide
one of 30 clients within ten seconds that 16 do not. 16 decide the two of 10 clients, where 4 are lost."""
_SLACK, _MORE = 6, 2
"""How much dearer than the best one a configuration may be that is kept: by the narrowest sweep, and how much more for
each time that the width is doubled."""
_WORK_PER_VISIT = 300_000
"""Rows and nodes looked at until Python may look at the deadline: some milliseconds."""
_PATIENCE = 8
"""How many times as much one set may take to compute before Python looks. Then it is begun again, with twice that."""
_FIRST_ROWS, _FIRST_NODES, _FIRST_FRAMES = 1 << 8, 1 << 14, 1 << 8
"""Rows, nodes of the diagram and frames at first. They grow by doubling."""
_CHAINS = 1 << 12
_PRICES = 256
"""Rows that are so much dearer than the cheapest one, or more, count as equally dear."""


class Mark(NamedTuple):
    """Where a sweep stood: see `Sweep.go_back`."""

    at: np.record
    """A copy of its registers. The next five are copies of its tables."""
    now: NDArray[np.int64]
    slots: NDArray[np.int64]
    op_of: NDArray[np.int64]
    calls: NDArray[np.int64]
    empties: NDArray[np.int64]

    @property
    def bytes(self) -> int:
        """What the copies take."""
        return sum(int(table.nbytes) for table in self[1:])

    @property
    def position(self) -> int:
        """See `Sweep.position`."""
        return int(self.at.position)


class Sweep:
    """The configurations of a problem at one position; `to` moves the position forward."""

    def __init__(self, problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> None:
        self._problem, self._budget, self._deadline = problem, budget, deadline
        self.tables = tables_of(problem, model)
        self.marks = list[Mark]()
        """All marks on the way to this position."""
        self._full_at: tuple[int, ...] = ()
        self._patience = _PATIENCE * _WORK_PER_VISIT

    @property
    def position(self) -> int:
        """Everything before it has been dealt with."""
        return int(self.tables.at.position)

    @property
    def dropped(self) -> bool:
        """Whether any configuration was dropped."""
        return bool(self.tables.at.dropped)

    @property
    def work(self) -> int:
        """Rows and nodes that it has looked at."""
        return int(self.tables.at.work)

    @property
    def bytes(self) -> int:
        """What the large tables and the marks take."""
        t = self.tables
        large = (t.now, t.gone, t.met, t.chains, t.behind, t.nodes, t.places, t.known, t.frames, t.edge, t.entry_edge)
        # Counted at each visit, so all marks count as much as the last one.
        return sum(int(table.nbytes) for table in large) + sum(mark.bytes for mark in self.marks[-1:]) * len(self.marks)

    @property
    def over_budget(self) -> bool:
        """Whether it takes more memory than it may."""
        return self.bytes > self._budget.bytes

    def to(self, position: int, steps: int | None = None) -> Literal["there", "dead", "memory", "time"]:
        """Move on to a position."""
        while True:
            self.begin_visit()
            at = self.tables.at
            status = advance(self.tables, position)
            if status == THERE:
                return "there"
            if status == DEAD:
                return "dead"
            if status == ROOM:
                self.make_room()
            if self.over_budget:
                return "memory"
            if self._deadline.passed() or (steps is not None and at.work >= steps):
                return "time"

    def begin_visit(self) -> None:
        """Let the kernels work for a while."""
        at = self.tables.at
        at.pause = at.work + _WORK_PER_VISIT
        at.stop = at.work + self._patience

    def mark(self) -> Mark:
        """A mark at this position, to which the sweep can go back. Not within a return."""
        t, at = self.tables, self.tables.at
        mark = Mark(
            at.copy(),
            t.now[: at.count].copy(),
            t.slots.copy(),
            t.op_of.copy(),
            t.calls[: at.pushes].copy(),
            t.empties.copy(),
        )
        self.marks.append(mark)
        return mark

    def go_back(self, mark: Mark) -> None:
        """Stand where the mark was made. The work that was done since then still counts."""
        t, at = self.tables, self.tables.at
        for name in ("position", "count", "open", "pushes", "returns", "dropped"):
            at[name] = mark.at[name]
        at.phase = 0
        words = mark.now.shape[1]
        t.now[: at.count, words:] = 0
        t.now[: at.count, :words] = mark.now
        slots = len(mark.op_of)
        t.slots[:slots], t.op_of[:slots], t.op_of[slots:] = mark.slots, mark.op_of, -1
        t.calls[: len(mark.calls)] = mark.calls
        t.empties[: len(mark.empties)], t.empties[len(mark.empties) :] = mark.empties, 0
        (held,) = (mark.op_of >= 0).nonzero()
        t.slot_of[mark.op_of[held]] = held
        while self.marks[-1] is not mark:
            self.marks.pop()

    def widen(self, width: int) -> None:
        """Keep so many configurations from now on."""
        doubled = max(1, width // NARROW).bit_length() - 1
        self.tables.at.width = width
        self.tables.at.slack = ALL if width == ALL else _SLACK + _MORE * doubled

    def trace(self, position: int) -> bool:
        """Go back to the last mark and on to a position from there, as before, and write down how the rows come about.

        False if the deadline passes or there is no memory.
        """
        at = self.tables.at
        at.tracing, at.edges, at.entries = 1, 0, 0
        while len(self.tables.entry_edge) < at.count:
            self.tables = self.tables._replace(
                entry_edge=_longer(self.tables.entry_edge), entry_state=_longer(self.tables.entry_state)
            )
        t = self.tables
        at.entries = at.first = at.count
        t.now[: at.count, ENTRY] = np.arange(at.count)
        t.entry_state[: at.count], t.entry_edge[: at.count] = t.now[: at.count, STATE], -1
        there = self.to(position) == "there"
        at.tracing = 0
        return there

    def make_room(self) -> None:
        """Make whatever table is full larger. Forget the nodes of the diagram that are not needed any more first."""
        t, at = self.tables, self.tables.at
        if at.full:
            where = int(at.position), int(at.phase), int(at.source), int(at.entry)
            again, self._full_at = where == self._full_at, where
            at.full = 0
            if at.work >= at.stop:
                self._patience = 2 * self._patience if again else _PATIENCE * _WORK_PER_VISIT
            elif at.depth + 2 > len(t.frames):
                t = t._replace(frames=_longer(t.frames))
                at.depth = 0
            else:
                self._forget()
                # What is computed here may need more nodes at once than there are.
                if again or 2 * at.nodes >= len(t.nodes):
                    places, known = _longer(t.places), _unknown(2 * len(t.known))
                    t = self.tables = t._replace(nodes=_longer(t.nodes), places=places, known=known)
                    self._forget()
        most = 2 * int(at.open) + 4
        if max(at.gone, at.met) + most > len(t.met):
            t = t._replace(
                now=_longer(t.now), gone=_longer(t.gone), met=_longer(t.met), behind=_longer(t.behind),
                chains=np.concatenate((t.chains, t.chains), axis=1),
            )  # fmt: skip
        if at.tracing and at.entries + most > len(t.entry_edge):
            t = t._replace(entry_edge=_longer(t.entry_edge), entry_state=_longer(t.entry_state))
        if at.tracing and at.edges + most > len(t.edge):
            t = t._replace(edge=_longer(t.edge))
        if at.open == len(t.op_of):
            t = _with_more_slots(t)
        self.tables = t

    def _forget(self) -> None:
        """Forget the nodes of the diagram that no row, no mark and nothing else leads to."""
        t, at = self.tables, self.tables.at
        held = [t.now[: at.count, STATE], t.gone[: at.gone, STATE], t.met[: at.met, STATE]]
        held.append(t.entry_state[: at.entries])
        held += [mark.now[:, STATE] for mark in self.marks]
        held += [t.goal, t.steps["stacks"][: at.steps]]
        roots = np.concatenate(held)
        keep_only(t, roots)
        begin = 0
        for table in held:
            table[:] = roots[begin : begin + len(table)]
            begin += len(table)


def tables_of(problem: Problem, model: Model) -> Tables:
    """The tables of a sweep that stands before everything."""
    kind, element = container_kinds(problem, model)
    count, elements = len(problem), int(element.max(initial=-1)) + 1
    at = np.zeros(1, REGISTERS)[0]
    at.count, at.pushes, at.nodes = 1, 1, BARE + 1
    nodes = np.zeros(_FIRST_NODES, NODE)
    nodes[BARE]["symbol"] = nodes[NOTHING]["symbol"] = LAST
    now, gone, met = np.zeros((3, _FIRST_ROWS, BITS + 1), np.int64)
    now[0, STATE] = BARE
    known_pushes = int(np.count_nonzero((kind == PUTS) & (problem.ret != NEVER)))
    return Tables(
        at=at, event_op=problem.event_op, event_return=problem.event_return, call=problem.call, ret=problem.ret,
        kind=kind.astype(np.int64), element=element, slot_of=np.full(count, -1, np.int64),
        op_of=np.full(64, -1, np.int64), slots=np.zeros(64, np.int64), calls=np.zeros(known_pushes + 2, np.int64),
        empties=np.zeros(1, np.int64), now=now, gone=gone, met=met, row=np.zeros(BITS + 1, np.int64),
        heads=np.full((2, _CHAINS), -1, np.int64), stamps=np.full((2, _CHAINS), -1, np.int64),
        chains=np.zeros((2, _FIRST_ROWS), np.int64), levels=np.full(65, -1, np.int64),
        behind=np.zeros(_FIRST_ROWS, np.int64), tally=np.zeros(_PRICES, np.int64),
        tried=np.zeros(elements + 1, np.int64), nodes=nodes, places=np.zeros(_FIRST_NODES, np.int32),
        frames=np.zeros(_FIRST_FRAMES, FRAME), known=_unknown(_FIRST_NODES),
        entry_state=np.zeros(_FIRST_ROWS, np.int64), entry_edge=np.zeros(_FIRST_ROWS, np.int64),
        edge=np.zeros(_FIRST_ROWS, EDGE), goal=np.zeros(1, np.int64), steps=np.zeros(2 * count + 2, STEP),
    )  # fmt: skip


def _unknown(length: int) -> NDArray[np.void]:
    known = np.zeros(length, KNOWN)
    known["act"] = -1
    return known


def _longer(table: NDArray[Any]) -> NDArray[Any]:
    """Twice as long."""
    return np.concatenate((table, np.zeros_like(table)))


def _with_more_slots(t: Tables) -> Tables:
    """The tables with room for 64 more open operations."""

    def wider(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.concatenate((rows, np.zeros((len(rows), 1), np.int64)), axis=1)

    return t._replace(
        now=wider(t.now), gone=wider(t.gone), met=wider(t.met), row=np.append(t.row, 0),
        empties=np.append(t.empties, 0), op_of=np.append(t.op_of, np.full(64, -1, np.int64)),
        slots=np.append(t.slots, np.zeros(64, np.int64)), levels=np.append(t.levels, np.full(64, -1, np.int64)),
    )  # fmt: skip
