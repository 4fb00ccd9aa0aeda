"""A contradiction from the sentence: the operations that it names, where these alone are impossible.

A search for a small contradiction leaves out one operation after the other, and asks each time whether the rest is
still impossible. Among hundreds of operations it seldom knows. But a sentence that fits says at once which ones to look
at:

    "99 was taken, but nobody had inserted it"                     one operation
    "A read returned 7, but all adds that had begun come to 5"     one operation
    "A read returned 3, but 5 adds of 1 had returned before"       the read and four of the adds

Most sentences name operations that are impossible whatever the others did (`Said.needs_all`): that is what the rule's
docstring argues, and what the tests try by brute force. Where a sentence counts operations that it does not name, a
proof must show that those which it names suffice, or that they do with all that change anything.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.evidence.counterexample import Impossible, by_search, fewer, let_go
from clew.checkers.evidence.quick_proofs import quick_proof
from clew.checkers.evidence.sentences.past import MOST, Past, Said
from clew.checkers.evidence.sentences.sentence import first_said
from clew.checkers.forms import Mask
from clew.checkers.models.model import Model
from clew.histories.history import History

_TRIES = 500
"""Sets that are tried. A contradiction of k operations out of n takes about 2 k log n tries."""


class Named(NamedTuple):
    """What a sentence has shown. Indices into the problem."""

    counterexample: list[int]
    """What a sentence can be said of."""
    contradiction: list[int]
    """Those of it that are impossible together. None can be left out, as far as a proof shows."""


def find_named(history: History, model: Model, problem: Problem, among: Mask, deadline: Deadline) -> Named | None:
    """The contradiction of the first sentence that fits some operations, which are impossible together.

    None if no sentence fits, or if it is not known that what it names is impossible. The sentence is about the
    operation that returned last, or else about those that returned later and had begun, or else about those that had
    returned.
    """
    by_return = np.flatnonzero(among)
    by_return = by_return[np.argsort(problem.ret[by_return], kind="stable")]
    # What an operation returned is known before it returns: so an answer that is absurd can be in the way of others.
    under_way = np.flatnonzero(~among & (problem.call < problem.ret[by_return[-1]]) & (problem.ret != NEVER))
    impossible = _proofs(problem, model, deadline)
    for core in (by_return[-1:], under_way, np.sort(by_return[-MOST:])):
        said = first_said(Past(history, model, problem, core.tolist(), deadline))
        found = None if said is None else _shown(problem, said, among, impossible, deadline)
        if said is None or found is None:
            continue
        # Leave out what the sentence does not need either.
        again = first_said(Past(history, model, problem, found, deadline))
        named = list(said.operations) if again is None and not said.needs_all else found
        return Named(sorted({*named, *found}), found)
    return None


def _shown(problem: Problem, said: Said, among: Mask, impossible: Impossible, deadline: Deadline) -> list[int] | None:
    """Operations that are impossible together, from those that a sentence speaks of; None if no proof shows any.

    A sentence can also tell what happened later, such as a take that shows that an element was still there. Only what
    is `among` those that had returned is kept, if that is impossible too. What began after these is never kept.
    """
    named = np.zeros(len(problem), np.bool_)
    named[list(said.operations)] = True
    by_now = problem.call < problem.ret[among].max()
    if (named & ~among).any() and impossible(named & among):
        named &= among
    if (named & ~by_now).any():
        return None
    if said.needs_all and not impossible(named):
        # Then what was counted matters.
        named |= ~problem.observer[problem.cls] & by_now & (problem.call < problem.ret[list(said.operations)].max())
        if not impossible(named):
            return None
    tries = 0

    def over() -> bool:
        nonlocal tries
        tries += 1
        return tries > _TRIES or deadline.passed()

    found: list[int] = np.flatnonzero(fewer(named, impossible, over)).tolist()
    return found


def _proofs(problem: Problem, model: Model, deadline: Deadline) -> Impossible:
    """Whether operations are known to be impossible if the others are let go: by a quick proof, or by a search."""
    quickly = quick_proof(problem, model, deadline)
    search = by_search(*let_go(problem, model), deadline)
    return lambda those: quickly(those) or search(those)
