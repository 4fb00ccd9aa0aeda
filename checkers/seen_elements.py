"""Reads of a whole set pin the order of its elements: intervals become shorter before the search begins.

Let v be an element with one add, a. It is absent, then present from a on, then absent again from the first remove on
that takes effect after a, for ever. So in every linearization

- a comes before every operation that saw v: a read with v in it, or one that removed v or found it;
- an operation that did not see v comes before a if no remove of v was called before it returned, or if something that
  was called later saw v;
- a remove of v that returned before something was called that saw v comes before a;
- if a returned before an operation was called that did not see v, it comes after a remove r of v, and whatever saw v
  comes before r;
- if a remove of v returned that it removed v, then it is r.

If one operation comes before another one, its interval may end where the other's does, and the other's may begin where
its own does, as in `pinned`. Only what is certain counts: both operations have returned, or it is the call of an
operation of unknown outcome which must have taken effect, because something saw it. An operation of unknown outcome
keeps its end. What became shorter makes more certain, so this is done until nothing changes.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict

import numpy as np

from clew.checkers.accesses import set_accesses, times_of
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import Ints
from clew.checkers.models.model import ADD, CONTAINS, READ, REMOVE, Model

MOST_SEEN = 1 << 28
"""Reads times elements, at most: a table has a byte for each. Sets of 49,000 operations have so many, if there are as
many adds, removes and reads."""
_MOST_ROUNDS = 20
"""Rounds at most. What is left out is missing only from what makes the search shorter."""


def applies(problem: Problem, model: Model, deadline: Deadline) -> bool:
    """Whether the object is a set that is read whole, and some element is added once. False if the deadline passes."""
    accesses = set_accesses(problem, model, deadline)
    if accesses is None:
        return False
    times = Counter[object]()
    for access, count in zip(accesses, times_of(problem), strict=True):
        if access[0] == ADD:
            times[access[1]] += count
    return 1 in times.values() and any(access[0] == READ for access in accesses)


def shorter_intervals(problem: Problem, model: Model, deadline: Deadline) -> tuple[Ints, Ints]:
    """The calls and returns that are possible, for a problem to which this `applies`.

    The call of an operation that can have no place is after its return. O(reads * elements) for each round. When the
    deadline passes, the intervals stay as they are then. If the table would be too large, they stay as they were.
    """
    accesses = set_accesses(problem, model, deadline)
    if accesses is None:
        return problem.call, problem.ret
    adds: dict[object, list[int]] = defaultdict(list)
    removes: dict[object, list[int]] = defaultdict(list)
    saw: dict[object, list[int]] = defaultdict(list)
    missed: dict[object, list[int]] = defaultdict(list)
    certain: set[int] = set()
    reads: list[int] = []
    for op, (cls, returned) in enumerate(zip(problem.cls.tolist(), (problem.ret != NEVER).tolist(), strict=True)):
        name, what, answer = accesses[cls]
        if name == READ:
            reads += [op] if returned else []
            continue
        if name == ADD:
            adds[what].append(op)
        elif name == REMOVE:
            if answer is not False or not returned:
                removes[what].append(op)
            if answer is True and returned:
                certain.add(op)
        if returned and name in (REMOVE, CONTAINS) and answer is not None:
            (saw if answer else missed)[what].append(op)
    # The last row is for the elements that are not added once.
    once = {element: number for number, element in enumerate(one for one, those in adds.items() if len(those) == 1)}
    whole = np.array(reads, np.int64)
    if len(reads) * len(once) > MOST_SEEN:
        return problem.call, problem.ret
    has = np.zeros((len(once) + 1, len(reads)), np.bool_)
    for read, cls in enumerate(problem.cls[whole].tolist()):
        if deadline.passed():
            return problem.call, problem.ret
        what = accesses[cls][1] or ()
        has[np.fromiter(map(once.get, what, itertools.repeat(-1)), np.int64, len(what)), read] = True
    call, ret = problem.call.copy(), problem.ret.copy()
    for _ in range(_MOST_ROUNDS):
        before = int(call.sum()), int(ret[ret != NEVER].sum())
        for element, number in once.items():
            if deadline.passed():
                return call, ret
            # Kept for all elements, these would be eight times as large as the table.
            seeing = np.concatenate((whole[has[number]], np.array(saw[element], np.int64)))
            not_seeing = np.concatenate((whole[~has[number]], np.array(missed[element], np.int64)))
            removing = np.array(removes[element], np.int64)
            _narrow_one(call, ret, adds[element][0], seeing, not_seeing, removing, certain)
        if before == (int(call.sum()), int(ret[ret != NEVER].sum())):
            break
    return call, ret


def _narrow_one(
    call: Ints, ret: Ints, add: int, seeing: Ints, not_seeing: Ints, removing: Ints, certain: set[int]
) -> None:
    """Shorten the intervals of what was done to one element."""
    if len(seeing):
        call[seeing] = np.maximum(call[seeing], call[add])
        if ret[add] != NEVER:
            ret[add] = min(ret[add], ret[seeing].min())
    # The add took effect if it returned or if its element was seen. If neither, nothing is certain about it.
    if ret[add] == NEVER and not len(seeing):
        return
    known = [remove for remove in removing.tolist() if remove in certain]
    if len(removing) and len(seeing):
        # What comes before something that saw the element is not the remove of it. So it comes before the add.
        idle = removing[ret[removing] < call[seeing].max()]
        if len(idle):
            call[add] = max(call[add], call[idle].max())
            ret[idle] = np.minimum(ret[idle], ret[add])
            removing = np.setdiff1d(removing, idle)
    if known:
        removing = np.array(known, np.int64)
    saw = seeing[~np.isin(seeing, removing)] if known else seeing
    last_seen = call[saw].max() if len(saw) else -1
    # The remove that takes effect comes after all that saw the element.
    first = max(call[removing].min() if len(removing) else NEVER, last_seen)
    early = not_seeing[ret[not_seeing] < first]
    if len(early):
        call[add] = max(call[add], call[early].max())
        ret[early] = np.minimum(ret[early], ret[add])
    late = not_seeing[call[not_seeing] > ret[add]]
    if not (len(late) or known):
        return
    soonest = ret[late].min() if len(late) else NEVER
    call[late] = np.maximum(call[late], first)
    ret[saw] = np.minimum(ret[saw], min(soonest, ret[removing].max() if len(removing) else NEVER))
    if len(removing) == 1:
        (remove,) = removing.tolist()
        call[remove] = max(call[remove], last_seen)
        if ret[remove] != NEVER:
            ret[remove] = min(ret[remove], soonest)
