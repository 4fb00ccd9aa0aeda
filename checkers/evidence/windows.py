"""Puts and takes of one element that do not add up within a window of time.

    put 1            |--|      |--|    |--|                 three puts of 1 had returned,
    take                   |--|     |-----|                 and at most two takes can have taken them
    take -> nothing                           |--|

If a take found nothing, all that had been put before is gone. So a window that begins or ends there shows with few
operations what is wrong, however long the history is:

    takes   An element is taken from the beginning, or from a take that found nothing, more often than it is put.
    puts    An element is put, up to a take that found nothing, more often than it can have been taken since.

Operations outside a set are let go: they take effect between call and return or not at all, and a take may have taken
any element. They are counted as what explains most.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import EMPTIES, PUTS, TAKES, Ints, Mask, container_kinds
from clew.checkers.models.model import Model

Window = Callable[[Mask], Mask]
"""From operations that did what they say to the fewest of them that do not add up in a window that ends with the last
return of them. Empty if all add up."""


def by_windows(problem: Problem, model: Model, search: Callable[[Mask], bool]) -> Callable[[Mask], bool]:
    """Whether a set is impossible: what does not add up in a container shows at once, and the rest is searched."""
    if model.discipline is None:
        return search
    window = windows_of(problem, model)
    return lambda those: bool(window(those).any()) or search(those)


def windows_of(problem: Problem, model: Model) -> Window:
    """What does not add up in a problem of a container. O(n log n) for a set, and for each of its elements."""
    kind, element = container_kinds(problem, model)
    call, ret = problem.call, problem.ret

    def taken_too_often(those: Mask, last: int) -> Mask:
        takes = np.flatnonzero(those & (kind == TAKES) & (element == element[last]))
        puts = np.sort(ret[(kind == PUTS) & (element == element[last]) & (call < ret[last])])
        empties = np.flatnonzero(those & (kind == EMPTIES))
        # A window begins with a take that found nothing, or with the history.
        begins, ends = np.append(call[empties], -1), np.append(ret[empties], -1)
        possible = len(puts) - np.searchsorted(puts, begins, "right")
        certain = len(takes) - np.searchsorted(np.sort(call[takes]), ends, "right")
        size = np.where(certain > possible, possible + 1 + (begins >= 0), len(problem) + 1)
        best = int(np.argmin(size))
        if certain[best] <= possible[best]:
            return _mask(problem)
        takes = takes[call[takes] > ends[best]]
        latest = takes[np.argsort(ret[takes])][-int(possible[best]) - 1 :]
        return _mask(problem, empties[best : best + 1], latest)

    def put_too_often(those: Mask, last: int) -> Mask:
        puts = those & (kind == PUTS) & (ret < call[last])
        takes = (kind != PUTS) & (call < ret[last])
        takes[last] = False
        found = [_mask(problem)]
        for code in np.unique(element[puts]).tolist():
            mine = np.flatnonzero(puts & (element == code))
            # Takes that did what they say, and did not take this element.
            other = takes & those & ((kind == EMPTIES) | ((kind == TAKES) & (element != code)))
            certain = len(mine) - np.arange(len(mine))
            possible = _after(ret[takes & ~other], call[mine])
            every = possible + _after(ret[other], call[mine])
            size = np.where(certain > possible, every, len(problem) + 1)
            best = int(np.argmin(size))
            if certain[best] > possible[best]:
                most = int(every[best]) + 1
                some = mine[best : best + most]
                held = np.flatnonzero(other & (ret > call[mine[best]]))[: most - len(some)]
                found.append(_mask(problem, some, held, np.array([last])))
        return min(found, key=lambda mask: int(mask.sum()) or len(problem) + 1)

    def window(those: Mask) -> Mask:
        those = those & (ret != NEVER)
        last = int(np.argmax(np.where(those, ret, -1)))
        if those.any() and kind[last] == TAKES:
            return taken_too_often(those, last)
        return put_too_often(those, last) if those.any() and kind[last] == EMPTIES else _mask(problem)

    return window


def _after(times: Ints, moments: Ints) -> Ints:
    """How many of these times are after each moment."""
    result: Ints = len(times) - np.searchsorted(np.sort(times), moments, "right")
    return result


def _mask(problem: Problem, *chosen: Ints) -> Mask:
    mask = np.zeros(len(problem), np.bool_)
    for ops in chosen:
        mask[ops] = True
    return mask
