"""Sentences about elections: terms that grow, each with one leader."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

from clew.checkers.evidence.sentences.past import Past, Said, a, same, text, upper


def said_of_elections(past: Past) -> Iterator[Said]:
    """Two leaders of one term, an answer that is older than an earlier one, or no leader after one was told.

    Servers elect leaders without being asked, so nobody needs to have asked for what is told. But a term has one
    leader, and terms grow: two answers that disagree are impossible together, whatever happened besides.
    """
    answers = {op: past.operation(op).result for op in past.core if past.acknowledged(op)}
    told = {op: tuple(result) for op, result in answers.items() if result is not None}
    for one, two in combinations(told, 2):
        (term, leader), (other, rival) = told[one], told[two]
        if term == other and not same(leader, rival):
            yield Said(f"Term {term} had two leaders: {text(leader)} and {text(rival)}", (one, two))
    for one, two in permutations(answers, 2):
        if one not in told or not past.before(one, two):
            continue
        who, before = upper(a(past.operation(two).f)), a(past.operation(one).f)
        if two not in told:
            yield Said(f"{who} found no leader after {before} had returned term {told[one][0]}", (one, two))
        elif told[two][0] < told[one][0]:
            yield Said(
                f"{who} returned term {told[two][0]} after {before} had returned term {told[one][0]}", (one, two)
            )
