"""Sentences about transactions: committed everywhere, or aborted everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from clew.checkers.evidence.sentences.past import Past, Said, a, text, upper
from clew.checkers.models.atomic_commit import COMMITTED


def said_of_transactions(past: Past) -> Iterator[Said]:
    """Two outcomes, a commit that nobody may have wanted, an outcome of nothing, or no outcome after one.

    A transaction ends once. It is committed only if a submit that nobody refuses began it, and that submit was called
    before anybody was told. So each of these is impossible, whatever the other operations did.
    """
    answers = [op for op in past.core if past.acknowledged(op)]
    told = {op: past.operation(op).result for op in answers if past.operation(op).result is not None}
    for one, two in combinations(told, 2):
        if told[one] != told[two]:
            clients = "One client was" if past.alike(one, two) else "Two clients were"
            yield Said(f"{clients} told different outcomes: {text(told[one])} and {text(told[two])}", (one, two))
    submits = [op for op in range(len(past.call)) if past.operation(op).f == "submit"]
    for op, outcome in told.items():
        begun = [one for one in submits if past.call[one] < past.ret[op]]
        willing = [one for one in begun if not past.operation(one).argument]
        failed = [one for one in past.failed(op) if one.f == "submit"]
        who = upper(a(past.operation(op).f))
        if not begun:
            which = "only a submit that failed" if failed else "nobody"
            yield Said(f"{who} was told {text(outcome)}, but {which} had submitted anything", (op,))
        elif outcome == COMMITTED and not willing:
            but = ", apart from submits that failed" if any(not one.argument for one in failed) else ""
            yield Said(f"{who} was told {text(outcome)}, but every submit was refused{but}", (op,))
        elif outcome == COMMITTED:
            # The first submit that was answered began before every one that was called after its answer.
            for first in (one for one in begun if past.operation(one).argument):
                late = [one for one in willing if not past.before(first, one)]
                if past.acknowledged(first) and not late:
                    yield Said(f"{who} was told {text(outcome)}, but a refused submit had ended before all others",
                               (op, first))  # fmt: skip
    for op in answers:
        if op in told:
            continue
        for one in told:
            if past.before(one, op):
                yield Said(f"A read was told nothing after {text(told[one])} had been told", (one, op))
