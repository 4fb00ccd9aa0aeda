"""Sentences about consensus: a value that is decided once and for ever."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from clew.checkers.evidence.sentences.past import Past, Said, a, same, text, upper


def said_of_decisions(past: Past) -> Iterator[Said]:
    """Two decisions, a decision that nobody proposed, or none after one. Every answer but null names the decision."""
    answers = [op for op in past.core if past.acknowledged(op)]
    told = {op: past.operation(op).result for op in answers if past.operation(op).result is not None}
    for one, two in combinations(told, 2):
        if not same(told[one], told[two]):
            clients = "One client was" if past.alike(one, two) else "Two clients were"
            yield Said(f"{clients} told different decisions: {text(told[one])} and {text(told[two])}", (one, two))
    proposed = [(op, past.operation(op).argument) for op in range(len(past.call)) if past.operation(op).f == "propose"]
    for op, value in told.items():
        if not any(same(other, value) and past.call[one] < past.ret[op] for one, other in proposed):
            failed = any(same(other.argument, value) for other in past.failed(op) if other.f == "propose")
            who = "which only a proposal that failed had proposed" if failed else "which nobody had proposed"
            yield Said(f"{upper(a(past.operation(op).f))} returned the decision {text(value)}, {who}", (op,))
        # A proposal that was told another decision was not the first.
        begun = [one for one, other in proposed if same(other, value) and past.call[one] < past.ret[op]]
        refuted = [one for one in begun if past.acknowledged(one) and not same(past.operation(one).result, value)]
        if begun == refuted and begun and not any(one.f == "propose" for one in past.failed(op)):
            words = f"{upper(a(past.operation(op).f))} returned the decision {text(value)}, but everybody who had "
            yield Said(f"{words}proposed it was told another", (op, *begun))
    for op in answers:
        if past.operation(op).result is not None:
            continue
        if past.operation(op).f == "propose":
            yield Said(f"A propose of {text(past.operation(op).argument)} returned no decision", (op,))
            continue
        for one, value in told.items():
            if past.before(one, op):
                yield Said(f"A read found no decision after {text(value)} was decided", (one, op))
        for one, value in proposed:
            if past.acknowledged(one) and past.before(one, op):
                yield Said(f"A read found no decision after a proposal of {text(value)} was answered", (one, op))
