"""Counts that no order explains, if only the order of each process counts: found without a search.

Nothing is taken away from a tally. So in any order of everything

    each count has found no more of a thing than is added at all
    of two counts, one has found at least as much of everything as the other
    a count has found what the last count of its process had found, and what that process added since

The search for one order of all operations looks for the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import Form, TallyForm
from clew.checkers.weaker.observations import sessions_of
from clew.histories.history import History


def impossible_counts(history: History, problems: Sequence[Problem], forms: Sequence[Form | None]) -> tuple[int, ...]:
    """Operations (numbers of the history) that have no order, in the order of their numbers; empty if none are found.

    O(n log n) and with all that was found.
    """
    tallies = [form for form in forms if isinstance(form, TallyForm)]
    if len(tallies) < len(forms):
        return ()
    for form in tallies:
        found = _too_many(form) or _disagreeing(form)
        if found:
            return tuple(sorted(form.problem.number[found].tolist()))
    return _lost(history, problems, tallies)


def _counts(form: TallyForm) -> list[int]:
    """The counts that returned."""
    counts: list[int] = np.flatnonzero((form.read >= 0) & (form.problem.ret != NEVER)).tolist()
    return counts


def _too_many(form: TallyForm) -> list[int]:
    """A count that has found more of a thing than is added."""
    added = Counter(form.thing.tolist())
    for op in _counts(form):
        if any(often > added[thing] for thing, often in form.found[form.read[op]].items()):
            return [op]
    return []


def _disagreeing(form: TallyForm) -> list[int]:
    """Two counts, each of which has found more of some thing than the other."""
    by_total = sorted(_counts(form), key=lambda op: form.totals[form.read[op]])
    for one, two in pairwise(by_total):
        if form.growth(int(form.read[one]), int(form.read[two])) is None:
            return [one, two]
    return []


def _lost(history: History, problems: Sequence[Problem], forms: Sequence[TallyForm]) -> tuple[int, ...]:
    """A count that misses what its process had found before, or added itself; with all of that."""
    for session in sessions_of(history, problems):
        known: dict[int, Counter[int]] = {}
        since: dict[int, list[int]] = {}
        for key, op in session:
            form, number = forms[key], int(problems[key].number[op])
            own = since.setdefault(key, [])
            own.append(number)
            if form.read[op] < 0:
                known.setdefault(key, Counter())[int(form.thing[op])] += 1
                continue
            found = Counter(form.found[form.read[op]])
            if known.get(key, Counter()) - found:
                return tuple(own)
            known[key], since[key] = found, [number]
    return ()
