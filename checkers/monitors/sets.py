"""Sets to which no element is added twice.

*One element.* As long as no operation reads the whole set, every element is an object of its own, and a history of
several objects is linearizable if and only if each of them is (Herlihy & Wing, "Linearizability", TOPLAS 12(3), 1990,
theorem 1). An element is absent at first, present after its add, and absent again after the first remove that follows:

    gaps                        0  1  2  3  4  5  6  7
    add v                       |-----|                    `latest` = 1: the last gap in which it can be added
    contains v -> true                |--------|           so that it is present when it is seen
    remove v                                |-----|        x = 4: the first gap in which it can be removed after that
    present for certain               ====

`latest` is the last gap before the add returns and before the return of every operation that saw the element: that
found it, or removed it and returned so. If the add was called after `latest`, there is no linearization. A remove can
be the first after the add if it returns after the gap x: the first gap in which the add, the remove, and all operations
that saw the element have been called. If a remove returned that it removed the element, only that one can be the first.
Of those that can be, choose the one with the smallest x:

- If x is not after `latest`, let the add, the operations that saw the element, and the remove take effect in gap x, in
  this order. Every other operation can take effect before or after that.
- Otherwise add the element in gap `latest` and remove it in gap x. In every linearization it is present in all gaps in
  between: it was added by then, and no remove was first any sooner. So an operation that did not find the element (or
  did not remove it, though it would have) must be able to take effect up to gap `latest` or from gap x on. If it can,
  it does. This also holds for a remove that is first in some other linearization and not in this one: there it took
  effect in gap x or later.

If no remove can be first, x is after everything. An add of unknown outcome is left out if no operation saw the
element. If one did, the add took effect, and `latest` is no later than the return of the operations that saw it.

*The whole set.* If operations read the whole set and none removes anything, then every read has the elements of all
smaller reads. The operations stand in this order: adds of the elements of the smallest read, that read, adds of the
elements new in the next read, that read, and so on; at last the adds of elements that no read has. An operation that
asks for one element stands before or after the add of it, so it cuts the interval of that add: the add takes effect
after the call of every operation that did not find the element, and before the return of every one that did. Adds
between two reads stand in the order in which their intervals begin. Each operation takes effect where its interval
begins, or right after the one before it. So each is as early as in any linearization.

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


def order_of(form: SetForm, until: int, obliged: NDArray[np.bool_] | None = None) -> Ints | None:
    """A linearization of all that returns before position `until`, or None if there is none. O(n log n)

    With `obliged`, only these operations must happen. Every other one may take effect in its interval, or not at all;
    its answer must be UNKNOWN.
    """
    problem = form.problem
    called, returned = problem.call < until, problem.ret < until
    ret = np.where(returned, problem.ret, until + 1)
    if obliged is not None:
        returned &= obliged
    # Keep what returned, and adds and removes of unknown outcome: only these can have changed the set.
    counts = called & (returned | ((form.kind == REMOVES) & (form.answer != NO)))
    counts |= called & (form.kind == ADDS) & (form.answer != NO)
    # No element is added twice, so no add can have found its element in the set.
    if (returned & (form.kind == ADDS) & (form.answer == NO)).any():
        return None
    if len(form.reading):
        return _in_line(form, until, counts, returned, ret)
    return _each(form, until, counts, returned, ret)


def _adds(
    form: SetForm, until: int, counts: NDArray[np.bool_], returned: NDArray[np.bool_], ret: Ints, seen: Ints
) -> tuple[Ints, Ints] | None:
    """For each element the add that took effect (-1: none), and the last gap in which it can take effect.

    None if an operation saw an element of which no add had been called. `seen` are the elements of reads.
    """
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
    """A linearization if no operation reads the whole set: element by element."""
    call = form.problem.call
    found = _adds(form, until, counts, returned, ret, form.content)
    if found is None:
        return None
    add, latest = found
    added = add >= 0
    if (call[add[added]] > latest[added]).any():
        return None
    known_removes = returned & (form.kind == REMOVES) & (form.answer == YES)
    if np.bincount(form.element[known_removes], minlength=1).max(initial=0) > 1:
        return None
    has_known = np.zeros(form.elements + 1, np.bool_)
    has_known[form.element[known_removes]] = True

    # For each element the removes that can be the first, with their gaps x; of these the one with the smallest x.
    soonest = np.where(added, call[add], until)
    saw = np.flatnonzero(returned & (form.answer == YES) & (form.kind == ASKS))
    np.maximum.at(soonest, form.element[saw], call[saw])
    removes = np.flatnonzero(counts & (form.kind == REMOVES) & (form.answer != NO))
    removes = removes[added[form.element[removes]]]
    removes = removes[known_removes[removes] | ~has_known[form.element[removes]]]
    x = np.maximum(soonest[form.element[removes]], call[removes])
    can = x < ret[removes]
    removes, x = removes[can], x[can]
    by_gap = np.argsort(x, kind="stable")[::-1]
    first = np.full(form.elements + 1, -1, np.int64)
    gone = np.full(form.elements + 1, until, np.int64)
    first[form.element[removes[by_gap]]] = removes[by_gap]
    gone[form.element[removes[by_gap]]] = x[by_gap]
    if (has_known & (first < 0)).any():
        return None
    add_gap = np.where(added, np.minimum(latest, gone), until)

    # An operation that did not see its element takes effect before the add, or after the first remove.
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
    """A linearization if nothing is removed and some operation reads the whole set."""
    call = form.problem.call
    reads = np.flatnonzero(returned[form.reading])
    size = np.diff(form.starts)[reads]
    reads, size = reads[np.argsort(size, kind="stable")], np.sort(size)
    # The elements of each read, the smallest read first.
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
    placed = np.concatenate((missed, ops[line], saw))
    gaps = np.concatenate((call[missed], gap, np.maximum(call[saw], add_gap[form.element[saw]])))
    result: Ints = placed[np.argsort(gaps, kind="stable")]
    return result
