"""The tables of a sweep, made from a problem and what its operations do to the content or record."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers.contents.tables import (
    AHEAD,
    APPENDS,
    BITS,
    DIFFERS,
    ENSURES,
    ENTRY,
    LOG,
    LOST,
    NOT_CALLED,
    OPERATION,
    READS,
    REGISTERS,
    STATE,
    SWAPS,
    WRITES,
    Tables,
)
from clew.checkers.contents.trie import Content, Trie, trie_of
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import Ints
from clew.checkers.linear.waiting import COSTS
from clew.checkers.memo import put_all
from clew.checkers.models.model import APPEND, DIFFER, ENSURE, READ, SWAP, WRITE, Access, Model, ModelOperation

_KINDS = {READ: READS, DIFFER: DIFFERS, WRITE: WRITES, APPEND: APPENDS, SWAP: SWAPS, ENSURE: ENSURES}
_FIRST_ROWS, _FIRST_LOG = 1 << 8, 1 << 12
"""Rows of the tables, and entries of the log, at first. They grow by doubling."""
_CHAINS = 1 << 14
_MOST_OPEN = 1 << 12
"""If more operations are open at a time, rows are too long."""
_EACH_LOOK = 64
"""Operations between two looks at the deadline."""
_MANY = 256
"""If more operations of unknown outcome can help, it is not looked at whether one is left."""
_COSTS = 256
"""Rows that are so much dearer than the cheapest one, or more, count as equally dear."""


class Accesses(NamedTuple):
    """What operations do to a content."""

    by_class: list[Access]
    initial: Content
    """The content at first."""


def accesses_of(problem: Problem, model: Model) -> Accesses | None:
    """What the operations of each class do to the content.

    None if the object is none, or if its contents grow and nothing is appended.
    """
    if type(model).record_access is not Model.record_access:
        records = [access for access in map(model.record_access, problem.classes) if access is not None]
        return Accesses(records, model.record_initial) if len(records) == len(problem.classes) else None
    if type(model).content_access is Model.content_access:
        return None
    found = [_access(model, op) for op in problem.classes]
    known = [access for access in found if access is not None]
    names = {name for name, _, _ in known}
    if len(known) < len(found) or APPEND not in names or any(name == APPEND and not what for name, what, _ in known):
        return None
    return Accesses(known, known[0][1][:0])


def _access(model: Model, op: ModelOperation) -> Access | None:
    """What an operation does to the content; None if it does something else."""
    access = model.content_access(op)
    if access is None:
        # A compare-and-set: appends do nothing to a register, so it does the same to a content.
        access = model.register_access(op)
        return access if access is not None and access[0] in (SWAP, DIFFER) else None
    return access


def tables_of(problem: Problem, accesses: Accesses, deadline: Deadline) -> Tables | None:
    """The tables of a sweep that stands before the first event.

    None if the deadline passes, or if so many operations are open at a time that a row would be too long.
    """
    pieces = list(dict.fromkeys(what for name, what, _ in accesses.by_class if name == APPEND))
    contents = _contents(problem, accesses, bool(pieces))
    open_at_once = int(np.cumsum(np.where(problem.event_return, -1, 1)).max(initial=1))
    trie = trie_of(contents, pieces, deadline) if open_at_once <= _MOST_OPEN else None
    if trie is None:
        return None
    number = {piece: number for number, piece in enumerate(pieces)}
    effects: dict[tuple[str, int, int], int] = {}
    by_class = np.zeros(len(accesses.by_class), OPERATION)
    by_class["instead"] = LOST
    for cls, (name, what, new) in enumerate(accesses.by_class):
        sought = target = 0
        if name not in (WRITE, APPEND):
            sought = trie.node[what]
            by_class["beyond"][cls] = sought + 1 if pieces else trie.end[sought]
        if name in (WRITE, SWAP, ENSURE):
            target = _node(trie, what if name == WRITE else new)
        if name == ENSURE:
            by_class["instead"][cls] = target
        if name == APPEND:
            target = number[what]
        by_class["kind"][cls], by_class["sought"][cls], by_class["target"][cls] = _KINDS[name], sought, target
        by_class["effect"][cls] = effects.setdefault((name, sought, target), len(effects))
    ops = np.zeros(len(problem) + 1, OPERATION)
    ops[:-1], ops["slot"] = by_class[problem.cls], NOT_CALLED
    ops["call"][:-1] = problem.call
    ops["instead"][:-1][problem.ret == NEVER] = LOST  # then it changes nothing, and need not have happened
    kind = ops["kind"][:-1]
    listed = _helpers(problem, ops, trie, bool(pieces), deadline)
    if listed is None:
        return None
    helpers, ops["helpers"] = listed
    seeking = np.flatnonzero((kind != WRITES) & (kind != APPENDS))
    begin = _begin_to_matter(problem, kind)[seeking]
    order = begin.argsort(kind="stable")
    steps = np.array(trie.steps, np.int64).reshape(-1, 3)
    keys = np.full(1 << (2 * len(steps) + 16).bit_length(), -1, np.int64)
    values = np.empty(len(keys), np.int32)
    put_all(keys, values, steps[:, 0] * len(pieces) + steps[:, 1], steps[:, 2].astype(np.int32))
    words = -(-open_at_once // 64)
    at = np.zeros(1, REGISTERS)[0]
    at.count = 1
    t = Tables(
        at=at,
        event_op=problem.event_op,
        event_return=problem.event_return,
        ret=problem.ret,
        ops=ops,
        helpers=helpers,
        by_begin=seeking[order],
        begin=begin[order],
        parent=trie.parent,
        end=trie.end,
        alive=np.zeros(len(trie.parent), np.int64),
        grows=bool(pieces),
        wary=bool((kind == DIFFERS).any()),
        pieces=len(pieces),
        keys=keys,
        values=values,
        now=np.zeros((_FIRST_ROWS, BITS + 2 * words), np.int64),
        gone=np.zeros((_FIRST_ROWS, BITS + 2 * words), np.int64),
        met=np.zeros((_FIRST_ROWS, BITS + 2 * words), np.int64),
        chains=np.zeros((2, _FIRST_ROWS), np.int64),
        heads=np.zeros((2, _CHAINS), np.int64),
        stamps=np.zeros((2, _CHAINS), np.int64),
        log=np.zeros(_FIRST_LOG, ENTRY),
        slots=np.zeros(64 * words, np.int64),
        op_of=np.full(64 * words, NOT_CALLED, np.int64),
        sets=np.zeros((4, words), np.int64),
        pending=np.zeros((64 * words + AHEAD, 2 + words), np.int64),
        tried=np.zeros((2, len(effects)), np.int64),
        cost=np.zeros(_FIRST_ROWS, np.int64),
        behind=np.zeros(_FIRST_ROWS, np.int64),
        heads_of_cost=np.zeros(COSTS, np.int64),
        tails_of_cost=np.zeros(COSTS, np.int64),
        tally=np.zeros(_COSTS, np.int64),
        spent=np.zeros(words, np.int64),
        row=np.zeros(BITS + 2 * words, np.int64),
    )
    t.now[0, STATE], t.now[0, LOG] = _node(trie, accesses.initial), -1
    return t


def _contents(problem: Problem, accesses: Accesses, grows: bool) -> list[Content]:
    """The contents of the trie: what is sought, and if contents grow also what is written, for it may become that."""
    contents = {accesses.initial[:0]: None}
    returned = set(problem.cls[problem.ret != NEVER].tolist())
    for cls, (name, what, new) in enumerate(accesses.by_class):
        if name != APPEND and (name != WRITE or grows):
            contents[what] = None
        if (name == SWAP and grows) or (name == ENSURE and cls in returned):
            contents[new] = None
    return list(contents)


def _node(trie: Trie, content: Content) -> int:
    """The node of a content, or of the longest beginning of it that is sought; LOST if nobody seeks any."""
    sought = content
    while sought not in trie.node:
        sought = sought[:-1]
    return trie.node[sought] if sought or not content else LOST


def with_more_rows(t: Tables) -> Tables:
    """The tables with room for twice as many rows."""

    def doubled(table: NDArray[np.int64], axis: int) -> NDArray[np.int64]:
        return np.concatenate((table, np.zeros_like(table)), axis)

    return t._replace(
        now=doubled(t.now, 0), gone=doubled(t.gone, 0), met=doubled(t.met, 0), chains=doubled(t.chains, 1),
        cost=doubled(t.cost, 0), behind=doubled(t.behind, 0),
    )  # fmt: skip


def _begin_to_matter(problem: Problem, kind: Ints) -> Ints:
    """For each operation the first position at which it may still see the content that there is then.

    A content is overwritten for sure when the first write returns that is called later. What is called after that does
    not see it.
    """
    end = len(problem.event_op)
    certain = (kind == WRITES) & (problem.ret != NEVER)
    overwritten = np.full(end + 1, end, np.int64)
    overwritten[problem.call[certain]] = problem.ret[certain]
    overwritten = np.minimum.accumulate(overwritten[::-1])[::-1][1:]
    return np.searchsorted(overwritten, problem.call, side="right").astype(np.int64)


def _helpers(
    problem: Problem, ops: NDArray[np.void], trie: Trie, grows: bool, deadline: Deadline
) -> tuple[Ints, Ints] | None:
    """For each operation that must find something the writes and swaps that can lead there, one after the other, and
    where those of each operation begin. To a key leads what leads to a record that begins with it.

    They are called before it returns, and are not over when it is looked at for the first time. If they are too many,
    one is listed that is never called. None if the deadline passes.
    """
    kind = ops["kind"].tolist()
    to: dict[int, _Leading] = {}
    parent, target = trie.parent.tolist(), ops["target"].tolist()
    for op in range(len(problem)):
        if kind[op] in (WRITES, SWAPS, ENSURES):
            node = target[op]
            to.setdefault(node, _Leading()).ops.append(op)
            while not grows and node != LOST and parent[node] > 0:
                node = parent[node]
                to.setdefault(node, _Leading()).ops.append(op)
    above = list[int]()  # for each node the nearest one, from it upwards, to which an operation leads; or -1
    for node, higher in enumerate(parent):
        above.append(node if node in to else above[higher] if node and grows else -1)
    call, ret, sought, instead = (
        problem.call.tolist(),
        problem.ret.tolist(),
        ops["sought"].tolist(),
        ops["instead"].tolist(),
    )
    starts, found = list[int](), list[int]()
    for op in range(len(problem)):
        if op % _EACH_LOOK == 0 and deadline.passed():
            return None
        starts.append(len(found))
        if kind[op] not in (READS, SWAPS, ENSURES) or ret[op] == NEVER:
            continue
        node = above[sought[op]]
        while node >= 0:
            found += to[node].for_one(op, call, ret)
            node = above[parent[node]] if node and grows else -1
        if instead[op] != LOST:  # it leads there itself
            found += to[instead[op]].for_one(op, call, ret)
    return np.array(found, np.int64), np.array([*starts, len(found)], np.int64)


class _Leading:
    """The operations that lead to one node."""

    def __init__(self) -> None:
        self.ops = list[int]()
        self._begun, self._lost, self._next = list[int](), list[int](), 0

    def for_one(self, op: int, call: list[int], ret: list[int]) -> list[int]:
        """Those that can help an operation. Asked for operations in their order."""
        ops = self.ops
        while self._next < len(ops) and ops[self._next] < op:
            begun = ops[self._next]
            (self._lost if ret[begun] == NEVER else self._begun).append(begun)
            self._next += 1
        if len(self._lost) > _MANY:
            return [len(call)]
        self._begun = [other for other in self._begun if ret[other] > call[op] - AHEAD]
        late = bisect_left(ops, ret[op], self._next, key=call.__getitem__)
        return self._lost + self._begun + [other for other in ops[self._next : late] if other != op]
