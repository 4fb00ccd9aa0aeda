"""The sentences about what a string cannot have become since, and what must hold of the history if one is true.

This shares no code with the rules that make the sentences.
"""

from __future__ import annotations

from collections.abc import Callable

from clew.checkers.models import ModelOperation
from tests.checkers.evidence.facts import Facts

QUOTED = r'(nothing|"[\w.]*")'


def plain(shown: str) -> str:
    return "" if shown == "nothing" else shown.strip('"')


def becomes(content: str, op: ModelOperation) -> str | None:
    """The content after an operation, whatever it returned; None if it expects another one."""
    if op.f == "append":
        return f"{content}{op.argument}"
    if op.f == "cas":
        return str(op.argument[1] or "") if op.outcome != "mismatch" else content
    return str(op.argument or "") if op.f in ("put", "delete") else content


def reached(facts: Facts, starts: set[str], end: str) -> bool:
    """Whether operations that overlap the time from the first named one to the last lead to a content, in any order."""
    first, last = sorted(facts.named, key=lambda named: facts.call[named[0]])
    between = [
        op
        for number, op in enumerate(facts.ops)
        if number not in (first[0], last[0])
        and facts.ret[number] > facts.call[first[0]]
        and facts.call[number] < facts.ret[last[0]]
    ]
    found, wave = set(starts), set(starts)
    while wave:
        wave = {
            after
            for content in wave
            for op in between
            if (after := becomes(content, op)) is not None and len(after) <= 8 and after not in found
        }
        found |= wave
    return end in found


def found_at_last(facts: Facts, shown: str) -> str | None:
    """What the last named operation found, if it found what the sentence says."""
    _, did = max(facts.named, key=lambda named: facts.call[named[0]])
    content = str((did.argument[0] if did.f == "cas" else did.result) or "")
    return content if did.outcome == "ok" and content == plain(shown) else None


def not_since(left: Callable[[ModelOperation, str], bool]) -> Callable[[Facts, str, str], bool]:
    """Whether the first named operation left a content, and the last one found what that cannot have become."""

    def holds(facts: Facts, shown: str, start: str) -> bool:
        _, did = min(facts.named, key=lambda named: facts.call[named[0]])
        end = found_at_last(facts, shown)
        return (
            end is not None
            and did.outcome == "ok"
            and left(did, plain(start))
            and not reached(facts, {plain(start)}, end)
        )

    return holds


def not_since_append(facts: Facts, shown: str, piece: str) -> bool:
    """Whether the first named operation appended a piece, and the last one found what no content that ended with it can
    have become."""
    _, did = min(facts.named, key=lambda named: facts.call[named[0]])
    end, piece = found_at_last(facts, shown), plain(piece)
    if end is None or (did.f, did.argument, did.outcome) != ("append", piece, "ok"):
        return False
    starts = {end[:at] for at in range(len(end) + 1)} | {end}
    return not reached(facts, {start for start in starts if start.endswith(piece)} or {"?" + piece}, end)


FOUND = rf"An? (?:get|cas) (?:returned|expected and found) {QUOTED} after"
END = "and nothing written or appended since makes that up"
DELETED = not_since(lambda op, start: op.f == "delete")
STRING_CLAIMS: dict[str, Callable[..., bool]] = {
    rf"{FOUND} (?:another|a) get had returned {QUOTED}, {END}": not_since(
        lambda op, start: op.f == "get" and (op.result or "") == start
    ),
    rf"{FOUND} a put of {QUOTED} was acknowledged, {END}": not_since(
        lambda op, start: op.f == "put" and op.argument == start
    ),
    rf"{FOUND} a cas to {QUOTED} was acknowledged, {END}": not_since(
        lambda op, start: op.f == "cas" and op.argument[1] == start
    ),
    rf"{FOUND} the append of {QUOTED} was acknowledged, {END}": not_since_append,
    rf"{FOUND} a delete was acknowledged, {END}": lambda x, shown: DELETED(x, shown, "nothing"),
}
"""Every kind of sentence about a string that something else was appended to or written over."""
