"""The sentences about words of a text, and what must hold of the history if one is true.

This shares no code with the rules that make the sentences.
"""

from __future__ import annotations

from collections.abc import Callable

from clew.checkers.models import ModelOperation
from tests.checkers.evidence.facts import Facts

SO_OFTEN = r"(never|once|twice|\d+ times)"
COUNTED = r"(not counted|counted (?:once|twice|\d+ times))"
MORE = r"(no more often|(?:once|twice|\d+ times) more)"
NUMBERS = {"never": 0, "once": 1, "twice": 2}


def number(words: str) -> int:
    words = "never" if words in ("no more often", "not counted") else words.removesuffix(" more")
    words = words.removeprefix("counted ")
    return NUMBERS[words] if words in NUMBERS else int(words.split()[0])


def found(word: str, often: str) -> Callable[[ModelOperation], bool]:
    return lambda op: op.f == "count" and dict(op.result or ()).get(int(word), 0) == number(often)


def appends(facts: Facts, word: str) -> list[tuple[int, int]]:
    """When the appends of a word were called, and when they returned."""
    return sorted(
        (facts.call[op], facts.ret[op])
        for op, did in enumerate(facts.ops)
        if did.f == "append" and did.argument == int(word)
    )


def begun(facts: Facts, word: str) -> int:
    return sum(op.f == "append" and op.argument == int(word) for op in facts.all_begun())


def returned(facts: Facts, word: str, before: int | None = None) -> int:
    """How many appends of a word had returned before a time, or before the named count began."""
    until = facts.call[facts.named[0][0]] if before is None else before
    return sum(ret < until for _, ret in appends(facts, word))


def between(facts: Facts, word: str, *, all: bool) -> int:
    """How many appends of a word lie between two counts, or can: those that overlap one of the two."""
    (one, _), (two, _) = sorted(facts.named, key=lambda named: facts.call[named[0]])
    begin, end = (facts.call[one], facts.ret[two]) if all else (facts.ret[one], facts.call[two])
    if all:
        return sum(ret > begin and call < end for call, ret in appends(facts, word))
    return sum(call > begin and ret < end for call, ret in appends(facts, word))


def more(facts: Facts, word: str) -> int:
    """How much more of a word the later count has found."""
    (_, one), (_, two) = sorted(facts.named, key=lambda named: facts.call[named[0]])
    earlier, later = dict(one.result), dict(two.result)
    return int(later.get(int(word), 0) - earlier.get(int(word), 0))


WORD_CLAIMS: dict[str, Callable[..., bool]] = {
    rf"Word (\d) was {COUNTED}, but only (\d) appends? of it had begun by then": lambda x, w, n, most: (
        x.any(found(w, n)) and number(n) > int(most) == begun(x, w)
    ),
    rf"Word (\d) was {COUNTED}, but no append of it had begun by then": lambda x, w, n: (
        x.any(found(w, n)) and number(n) > 0 == begun(x, w)
    ),
    rf"Word (\d) was {COUNTED}, but (\d) appends? of it had returned before that count began": (
        lambda x, w, n, least: x.any(found(w, n)) and number(n) < int(least) <= returned(x, w)
    ),
    rf"Word (\d) was {COUNTED}, after it had been counted {SO_OFTEN}": lambda x, w, after, before: (
        x.any(found(w, before), found(w, after)) and number(after) < number(before)
    ),
    r"One count found word (\d) more often than another one did, and word (\d) less often": lambda x, w, v: (
        any(
            dict(one.result).get(int(w), 0) > dict(two.result).get(int(w), 0)
            and dict(one.result).get(int(v), 0) < dict(two.result).get(int(v), 0)
            for _, one in x.named
            for _, two in x.named
        )
    ),
    rf"One count has word (\d) {SO_OFTEN}, and word (\d) {SO_OFTEN}, but (\d) appends? of word \3 had returned before "
    r"(\d) appends? of word \1 had begun": lambda x, w, n, v, m, least, begun_: (
        x.any(found(w, n))
        and x.any(found(v, m))
        and number(n) == int(begun_)
        and number(m) < int(least) <= returned(x, v, appends(x, w)[number(n) - 1][0])
    ),
    r"Word (\d) was counted {MORE} than by an earlier count, but at most (\d) appends? of it happened in "
    r"between": lambda x, w, n, most: more(x, w) == number(n) > int(most) == between(x, w, all=True),
    r"Word (\d) was counted {MORE} than by an earlier count, but at least (\d) appends? of it happened in "
    r"between": lambda x, w, n, least: more(x, w) == number(n) < int(least) == between(x, w, all=False),
}  # fmt: skip
"""Every kind of sentence about a text and its words, and what must hold of the operations that it names."""
