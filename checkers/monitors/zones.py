"""Registers whose every value is set by at most one operation: decided by sorting.

If no value is set twice, it is known which operation a read saw. The operations that set or saw one value form a
cluster. A successful compare-and-set from a to b glues the cluster of b right behind that of a, so clusters form
chains, the *blocks*. In a linearization a block is contiguous, and the order inside it is known: set, reads,
compare-and-set, reads, and so on. Block A must stand before block B if an operation of A returned before one of B was
called:

    f(A) < s(B),    f = the first return in a block, s = its last call

Gibbons & Korach ("Testing shared memories", SIAM J. Computing 26(4), 1997, section 4) call [f, s] a forward zone if
f < s and [s, f] a backward zone otherwise. They show that a history is atomic if no two forward zones overlap and no
backward zone lies inside a forward one. Both conditions say that no two blocks must stand before each other. Why this
is enough: if A must stand before B and B need not stand before A, then f(A) < s(B) and s(A) <= f(B), so f + s grows
from A to B. Hence the blocks sorted by f + s are in order, if there is any order. One pass over that order, which is
then the witness, decides. The block of the initial value, if it has operations, stands first.

*Unknown outcomes.* An operation of unknown outcome happened for certain if an operation that happened needs the value
that it set. If none does, it can be left out of a linearization: no result changes, because what follows it is a write
or another such operation.

*Failed compare-and-sets* (DIFFERS) are ignored here; `insert_mismatches` places them afterwards.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER
from clew.checkers.forms import DIFFERS, SWAPS, AppendForm, RegisterForm
from clew.checkers.monitors.appends import register_form_at
from clew.checkers.monitors.first_unexplained import decide_by

_NO_OPERATION = -1


def decide_register(form: RegisterForm) -> Decision:
    """Decide a problem with `values_set_once`, *ignoring* failed compare-and-sets (DIFFERS).

    O(n log n) if valid, otherwise O(n log² n). If there are failed compare-and-sets, "invalid" is still right, but
    `stuck` is only an upper bound; "valid" still needs `insert_mismatches`.
    """
    return decide_by(lambda until: order_of(form, until), form.problem, "zones")


def decide_appends(form: AppendForm) -> Decision:
    """Decide a problem of appends. O(n log n) if valid, otherwise O(n log² n)."""
    return decide_by(lambda until: order_of(register_form_at(form, until), until), form.problem, "zones")


def order_of(form: RegisterForm, until: int, obliged: NDArray[np.bool_] | None = None) -> NDArray[np.int64] | None:
    """A linearization of everything that returns before position `until`, or None if there is none. O(n log n)

    With `obliged`, only these operations must happen. Every other one may take effect in its interval, or not at all:
    like one of unknown outcome it is left out unless an operation that happens needs its value.
    """
    problem = form.problem
    values = form.values
    ret = problem.ret.copy()
    ret[ret >= until] = NEVER
    setter = np.empty(values + 1, np.int64)
    setter.fill(_NO_OPERATION)
    setter[form.sets] = np.arange(len(problem))  # the last one is for what sets nothing

    happened = (ret != NEVER) & (form.kind != DIFFERS)
    if obliged is not None:
        happened &= obliged
    (wave,) = happened.nonzero()
    while len(wave):
        needed = form.needs[wave]
        authors = setter[needed[(needed >= 0) & (needed != form.initial)]]
        if np.count_nonzero(authors == _NO_OPERATION):
            return None
        wave = authors[~happened[authors]]
        if len(wave):
            wave = np.unique(wave)
            happened[wave] = True
    ops: NDArray[np.int64] = happened.nonzero()[0]
    if not len(ops):
        return ops

    kind, sets, needs = form.kind[ops], form.sets[ops], form.needs[ops]
    root = np.arange(values)
    depth = np.zeros(values, np.int64)
    (swaps,) = (kind == SWAPS).nonzero()
    if len(swaps):
        if np.bincount(needs[swaps]).max() > 1:
            return None
        root[sets[swaps]] = needs[swaps]
        depth[sets[swaps]] = 1
        # Pointer jumping: after k rounds every value points 2^k compare-and-sets back, or to the start of its chain.
        for _ in range(int(values).bit_length() + 1):
            beyond = depth[root]
            if not np.count_nonzero(beyond):
                break
            depth = depth + beyond
            root = root[root]
        else:
            return None  # a chain without a start: compare-and-sets in a circle

    reads = sets < 0
    value = np.where(reads, needs, sets)
    block = root[value]
    returned, called = ret[ops], problem.call[ops]
    # Every block that has operations has one that has returned.
    first_return = np.full(values, len(problem.event_op))
    np.minimum.at(first_return, block, returned)
    last_call = np.full(values, -1)
    np.maximum.at(last_call, block, called)
    rank = first_return + last_call
    rank[form.initial] = -1
    order = np.lexsort((returned, reads, depth[value], block, rank[block]))
    if np.count_nonzero(returned[order][1:] < np.maximum.accumulate(called[order])[:-1]):
        return None
    in_order: NDArray[np.int64] = ops[order]
    return in_order


def insert_mismatches(form: RegisterForm, order: list[int]) -> list[int] | None:
    """The same order with the failed compare-and-sets in it, or None if they do not fit into *this* order.

    All other operations happen as early as their order allows. Each failed compare-and-set then gets a point inside its
    interval at which the register differs from what it expected, if there is one.
    """
    problem = form.problem
    differing = np.flatnonzero((form.kind == DIFFERS) & (problem.ret != NEVER))
    if not len(differing):
        return order
    ops = np.array(order, np.int64)
    happens = np.maximum.accumulate(problem.call[ops]) if len(ops) else np.empty(0, np.int64)
    state = np.full(len(ops) + 1, form.initial, np.int64)
    changes = np.where(form.sets[ops] >= 0, np.arange(1, len(ops) + 1), 0)
    latest = np.maximum.accumulate(np.concatenate(([0], changes)))
    state[latest > 0] = form.sets[ops[latest[latest > 0] - 1]]
    # The gap i lies before ops[i]. It lasts from happens[i - 1] to happens[i].
    first = np.searchsorted(happens, problem.call[differing], "left")
    last = np.searchsorted(happens, problem.ret[differing], "right")
    gap_change = np.flatnonzero(np.concatenate(([True], state[1:] != state[:-1])))
    gaps = first.copy()
    same = state[first] == form.needs[differing]
    following = np.searchsorted(gap_change, first, "right")
    beyond = following >= len(gap_change)
    if (same & beyond).any():
        return None
    gaps[same] = gap_change[following[same]]
    if (gaps > last).any():
        return None
    begins = np.concatenate(([-1], happens))
    point = np.maximum(problem.call[differing], begins[gaps])
    everything = np.concatenate((ops, differing))
    # Sorted by gap; an operation ends its gap, so the differing ones of a gap stand before it, by their points.
    gap = np.concatenate((np.arange(len(ops)), gaps))
    late = np.concatenate((np.ones(len(ops), np.int64), np.zeros(len(differing), np.int64)))
    points = np.concatenate((np.zeros(len(ops), np.int64), point))
    result: list[int] = everything[np.lexsort((points, late, gap))].tolist()
    return result
