"""Sets to which no element is added twice.

*One element.* As long as nobody reads the whole set, every element is an object of its own, and a history of several
objects is linearizable if and only if each of them is (Herlihy & Wing, "Linearizability", TOPLAS 12(3), 1990, theorem
1). An element is absent at first, present after its add, and absent again after the first remove that follows:

    gaps                        0  1  2  3  4  5  6  7
    add v                       |-----|                    `latest` = 1: the last gap in which it can be added
    contains v -> true                |--------|           so that it is present for those who saw it
    remove v                                |-----|        x = 4: the first gap in which it can be removed after that
    present for certain               ====

`latest` is the last gap before the add returns and before the return of anybody who saw the element (or removed it and
was told so). If the add was called after `latest`, nothing explains this. A remove can be the first after the add if it
returns after the gap x: the first gap in which the add, the remove, and everybody who saw the element have been called.
If a remove was told that it removed the element, only that one can be the first. Of those that can be, choose the one
with the smallest x:

- If x is not after `latest`, let the add, everybody who saw the element, and the remove take effect in gap x, in this
  order. Everybody else can take effect before or after that.
- Otherwise add the element in gap `latest` and remove it in gap x. In every linearization it is present in all gaps in
  between: it was added by then, and no remove was first any sooner. So an operation that did not find the element (or
  did not remove it, though it would have) must be able to take effect up to gap `latest` or from gap x on. If it can,
  it does. This also holds for a remove that is first in some other linearization and not in this one: there it took
  effect in gap x or later.

If no remove can be first, x is after everything. An add of unknown outcome did not happen if nobody saw the element. If
somebody did, it happened, and `latest` is no later than the return of those who saw it.

*The whole set.* If somebody reads all of it and nobody ever removes anything, then what is read only grows. This puts
the operations in line: the elements of the smallest content, those who read it, the elements that the next content has
more, and so on, at last the elements that nobody read. An operation that asked for one element cuts the interval of its
add: to the part after the calls of those who did not find it, and before the returns of those who did. Then it has a
place before or after the add. Let everybody in line take effect at his call or right after the one before him, with the
elements of one content in the order of their calls: then each is as early as in any linearization.

Reads and removes together have no form (see `forms`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clew.checkers.decision import Decision
from clew.checkers.forms import ADDS, ASKS, NO, REMOVES, YES, Ints, SetForm
from clew.checkers.monitors.first_unexplained import decide_by


def decide(form: SetForm) -> Decision:
    """Decide a problem. O(n log n) if valid, otherwise O(n log² n)."""
    return decide_by(lambda until: order_of(form, until), form.problem, "monitors")


def order_of(form: SetForm, until: int) -> Ints | None:
    """A linearization of all that returns before position `until`, or None if there is none. O(n log n)"""
    problem = form.problem
    called, returned = problem.call < until, problem.ret < until
    ret = np.where(returned, problem.ret, until + 1)
    # Who may or may not happen and changes nothing is left out, and nobody can say that he added what was there.
    counts = called & (returned | ((form.kind == REMOVES) & (form.answer != NO)))
    counts |= called & (form.kind == ADDS) & (form.answer != NO)
    if (returned & (form.kind == ADDS) & (form.answer == NO)).any():
        return None
    if len(form.reading):
        return _in_line(form, until, counts, returned, ret)
    return _each(form, until, counts, returned, ret)


def _adds(
    form: SetForm, until: int, counts: NDArray[np.bool_], returned: NDArray[np.bool_], ret: Ints, seen: Ints
) -> tuple[Ints, Ints] | None:
    """For each element the add that happened, -1 if none did, and the last gap in which it can have; None if somebody
    saw an element that nobody had begun to add. `seen` are the elements of reads."""
    saw = np.flatnonzero(returned & (form.answer == YES) & (form.kind != ADDS))
    latest = np.full(form.elements + 1, until, np.int64)
    np.minimum.at(latest, form.element[saw], ret[saw] - 1)
    was_seen = np.zeros(form.elements + 1, np.bool_)
    was_seen[form.element[saw]] = True
    was_seen[seen] = True
    adds = np.flatnonzero(counts & (form.kind == ADDS))
    adds = adds[returned[adds] | was_seen[form.element[adds]]]
    add = np.full(form.elements + 1, -1, np.int64)
    add[form.element[adds]] = adds
    np.minimum.at(latest, form.element[adds], ret[adds] - 1)
    return None if (was_seen & (add < 0)).any() else (add, latest)


def _each(form: SetForm, until: int, counts: NDArray[np.bool_], returned: NDArray[np.bool_], ret: Ints) -> Ints | None:
    """Element by element."""
    call = form.problem.call
    found = _adds(form, until, counts, returned, ret, form.content)
    if found is None:
        return None
    add, latest = found
    added = add >= 0
    if (call[add[added]] > latest[added]).any():
        return None
    told = returned & (form.kind == REMOVES) & (form.answer == YES)
    if np.bincount(form.element[told], minlength=1).max(initial=0) > 1:
        return None
    some_told = np.zeros(form.elements + 1, np.bool_)
    some_told[form.element[told]] = True

    # The gap x of each remove that can be the first, and of these removes the one with the smallest.
    soonest = np.where(added, call[add], until)
    saw = np.flatnonzero(returned & (form.answer == YES) & (form.kind == ASKS))
    np.maximum.at(soonest, form.element[saw], call[saw])
    removes = np.flatnonzero(counts & (form.kind == REMOVES) & (form.answer != NO))
    removes = removes[added[form.element[removes]]]
    removes = removes[told[removes] | ~some_told[form.element[removes]]]
    x = np.maximum(soonest[form.element[removes]], call[removes])
    can = x < ret[removes]
    removes, x = removes[can], x[can]
    by_gap = np.argsort(x, kind="stable")[::-1]
    first = np.full(form.elements + 1, -1, np.int64)
    gone = np.full(form.elements + 1, until, np.int64)
    first[form.element[removes[by_gap]]] = removes[by_gap]
    gone[form.element[removes[by_gap]]] = x[by_gap]
    if (some_told & (first < 0)).any():
        return None
    add_gap = np.where(added, np.minimum(latest, gone), until)

    # Who did not see it takes effect before the add, or behind the first remove.
    others = np.flatnonzero(returned & (form.kind != ADDS) & (form.answer != YES))
    others = others[first[form.element[others]] != others]
    which = form.element[others]
    before = (call[others] <= add_gap[which]) | ~added[which]
    if (~before & (ret[others] - 1 < gone[which])).any():
        return None
    firsts = first[first >= 0]
    adds = add[added]
    ops = np.concatenate((others, adds, saw, firsts))
    gap = np.concatenate((
        np.where(before, call[others], np.maximum(call[others], gone[which])),
        add_gap[added],
        np.maximum(call[saw], add_gap[form.element[saw]]),
        gone[form.element[firsts]],
    ))  # fmt: skip
    stage = np.concatenate(
        (np.where(before, 0, 4), np.full(len(adds), 1), np.full(len(saw), 2), np.full(len(firsts), 3))
    )
    order = np.lexsort((stage, form.element[ops], gap))
    result: Ints = ops[order[gap[order] < until]]
    return result


def _in_line(
    form: SetForm, until: int, counts: NDArray[np.bool_], returned: NDArray[np.bool_], ret: Ints
) -> Ints | None:
    """Where nothing is removed, and somebody reads everything."""
    call = form.problem.call
    reads = np.flatnonzero(returned[form.reading])
    size = np.diff(form.starts)[reads]
    reads, size = reads[np.argsort(size, kind="stable")], np.sort(size)
    # For each of them, in the order of their sizes, what is in it.
    place = np.repeat(np.arange(len(reads)), size)
    within = np.arange(len(place)) - np.repeat(np.cumsum(size) - size, size)
    content = form.content[form.starts[reads[place]] + within]
    found = _adds(form, until, counts, returned, ret, content)
    if found is None:
        return None
    add, latest = found
    first = np.full(form.elements + 1, len(reads), np.int64)
    np.minimum.at(first, content, place)
    if (first + np.bincount(content, minlength=form.elements + 1) != len(reads)).any():
        return None  # an element is in one content and not in a larger one

    added = np.flatnonzero(add >= 0)
    adds = add[added]
    earliest = np.full(form.elements + 1, -1, np.int64)
    earliest[added] = call[adds]
    missed = np.flatnonzero(returned & (form.kind == ASKS) & (form.answer == NO))
    np.maximum.at(earliest, form.element[missed], call[missed])
    ops = np.concatenate((adds, form.reading[reads]))
    begin = np.concatenate((earliest[added], call[form.reading[reads]]))
    end = np.concatenate((latest[added], ret[form.reading[reads]] - 1))
    turn = np.concatenate((2 * first[added], 2 * np.searchsorted(size, size, "left") + 1))
    line = np.lexsort((begin, turn))
    gap = np.maximum.accumulate(begin[line])
    if (gap > end[line]).any():
        return None
    add_gap = np.full(form.elements + 1, until, np.int64)
    adding = line < len(adds)
    add_gap[added[line[adding]]] = gap[adding]
    saw = np.flatnonzero(returned & (form.kind == ASKS) & (form.answer == YES))
    everybody = np.concatenate((missed, ops[line], saw))
    gaps = np.concatenate((call[missed], gap, np.maximum(call[saw], add_gap[form.element[saw]])))
    result: Ints = everybody[np.argsort(gaps, kind="stable")]
    return result
