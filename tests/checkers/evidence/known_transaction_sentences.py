"""The sentences about transactions, and what must hold of the history if one is true.

This shares no code with the rules that make the sentences.
"""

from __future__ import annotations

from collections.abc import Callable

from clew.checkers.models import ModelOperation
from tests.checkers.evidence.facts import Facts


def told(outcome: str | None) -> Callable[[ModelOperation], bool]:
    return lambda op: op.outcome == "ok" and op.result == outcome


def submits(facts: Facts, *, refused: bool) -> list[ModelOperation]:
    return [op for op in facts.all_begun() if op.f == "submit" and bool(op.argument) is refused]


def is_refused(op: ModelOperation) -> bool:
    return op.f == "submit" and op.outcome == "ok" and op.argument > 0


TOLD = r'A (submit|read) was told "(\w+)"'
FAILED = ", apart from submits that failed"

TRANSACTION_CLAIMS: dict[str, Callable[..., bool]] = {
    r'(?:One client was|Two clients were) told different outcomes: "(\w+)" and "(\w+)"': lambda x, one, two: (
        one != two and {op.result for _, op in x.named} == {one, two}
    ),
    rf"{TOLD}, but (?:nobody|only a submit that failed) had submitted anything": lambda x, f, o: (
        x.any(told(o)) and all(op.f != "submit" for op in x.all_begun())
    ),
    rf"{TOLD}, but every submit was refused(?:{FAILED})?": lambda x, f, o: (
        o == "committed"
        and x.any(told(o)) and not submits(x, refused=False) and len(submits(x, refused=True)) > 0
    ),
    rf"{TOLD}, but a refused submit had ended before all others": lambda x, f, o: (
        o == "committed" and x.any(told(o)) and x.any(is_refused)
    ),
    r'A read was told nothing after "(\w+)" had been told': lambda x, o: x.any(told(o), told(None)),
}  # fmt: skip
"""Every kind of sentence about transactions, and what must hold of the operations that it names."""
