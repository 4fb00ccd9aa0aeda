"""Every kind of sentence about a counter, and what must hold of the history if it is true.

This shares no code with the rules that make the sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.checkers.evidence.facts import Facts

ADD = r"[Aa]n? (?:read|add-and-get of (-?\d))"
ADDS = r"(\d|one) adds? of (\d)"

COUNTER_CLAIMS: dict[str, Callable[..., bool]] = {
    rf"{ADD} returned (-?\d+), but only {ADDS} had begun by then": lambda x, own, n, most, step: (
        int(n) > number(most) * int(step) == added(x, 1) + int(own or 0)
    ),
    rf"{ADD} returned (-?\d+), but nothing had been added by then": lambda x, own, n: (
        own is None and int(n) > 0 and not any(op.argument for op in x.all_begun())
    ),
    rf"{ADD} returned (-?\d+), but {ADDS} had returned before it began": lambda x, own, n, least, step: (
        int(n) - int(own or 0) < number(least) * int(step) == added(x, -1)
    ),
    rf"{ADD} returned (-?\d+), but all adds that had begun by then(, its own included,)? come to at most (-?\d+)": (
        lambda x, own, n, with_own, most: int(n) > int(most) == added(x, 1) + int(own or 0)
    ),
    rf"{ADD} returned (-?\d+), but (?:all adds that had begun by then(?:, its own included,)? come to at least|"
    r"the adds that had returned before it began come to) (-?\d+)": (
        lambda x, own, n, least: int(n) < int(least) == added(x, -1) + int(own or 0)
    ),
    rf"{ADD} returned (-?\d+), and nothing was subtracted": lambda x, own, n: (
        int(n) < int(own or 0) and subtracts_nothing(x)
    ),
    rf"{ADD} returned (-?\d+), but every add is of (\d+)": lambda x, own, n, step: (
        int(n) % int(step) and {op.argument for op in x.ops if op.argument} == {int(step)}
    ),
    rf"{ADD} returned (-?\d+) after {ADD} had returned (-?\d+), and nothing (else )?was added since": (
        lambda x, own, n, first, m, other: in_turn(x, m, n) and int(n) > int(m) + int(own or 0)
        and bool(other) == bool(own) and since(x, 1) == int(own or 0)
    ),
    rf"{ADD} returned (-?\d+) after {ADD} had returned (-?\d+), and nothing was subtracted since": (
        lambda x, own, n, first, m: in_turn(x, m, n) and int(n) < int(m) + int(own or 0)
        and not any(x.ops[op].argument < 0 for op in between(x))
    ),
    rf"{ADD} returned (-?\d+) after {ADD} had returned (-?\d+), but only {ADDS} can have made the "
    "difference": (
        lambda x, own, n, first, m, most, step: in_turn(x, m, n)
        and int(n) - int(m) > number(most) * int(step) == since(x, 1)
    ),
    rf"{ADD} returned (-?\d+) after {ADD} had returned (-?\d+), but {ADDS} began and returned in "
    "between": (
        lambda x, own, n, first, m, least, step: in_turn(x, m, n)
        and int(n) - int(m) - int(own or 0) < number(least) * int(step) == since(x, -1) - int(own or 0)
    ),
    rf"{ADD} returned (-?\d+) after {ADD} had returned (-?\d+), but all adds since(?:, its own included,)? come to at "
    r"(most|least) (-?\d+)": (
        lambda x, own, n, first, m, which, bound: in_turn(x, m, n)
        and int(bound) == since(x, 1 if which == "most" else -1)
        and (int(n) - int(m) > int(bound) if which == "most" else int(n) - int(m) < int(bound))
    ),
    rf"{ADD} returned (-?\d+) and (?:another|{ADD} returned) (-?\d+), but only {ADDS} can have "
    r"made the difference of (\d+)": lambda x, own, n, own2, m, most, step, difference: (
        int(m) - int(n) == int(difference) > number(most) * int(step) == since(x, 1) and subtracts_nothing(x)
    ),
    rf"{ADD} returned (-?\d+) and (?:another|{ADD} returned) (-?\d+), but no add can have come in between": (
        lambda x, own, n, own2, m: int(m) > int(n) and since(x, 1) == 0 and subtracts_nothing(x)
    ),
    rf"{ADD} returned (-?\d+) and (?:another|{ADD} returned) (-?\d+), but all adds that can have made the difference "
    r"come to at most (\d+)": lambda x, own, n, own2, m, most: (
        int(m) - int(n) > int(most) == since(x, 1) and subtracts_nothing(x)
    ),
    r"Two adds of (\d) both returned (\d+), and nothing was subtracted": lambda x, own, n: (
        [(op.argument, op.result) for _, op in x.named] == [(int(own), int(n))] * 2 and subtracts_nothing(x)
    ),
    r"One add took the counter from (-?\d) to (\d), another from (-?\d) to (\d), and nothing was subtracted": (
        lambda x, *ends: {(op.result - op.argument, op.result) for _, op in x.named}
        == {(int(ends[0]), int(ends[1])), (int(ends[2]), int(ends[3]))} and int(ends[2]) < int(ends[1])
        and subtracts_nothing(x)
    ),
    r"A read returned (\d), but an add took the counter from (\d) to (\d) at once, and nothing was subtracted": (
        lambda x, n, start, end: int(start) < int(n) < int(end) and subtracts_nothing(x)
        and (int(end) - int(start), int(end)) in [(op.argument, op.result) for _, op in x.named]
    ),
    rf"{ADD} returned (\d+), but nobody got (.*), (?:and every add of (\d) was answered: "
    rf"more was counted than was added|and only {ADDS} got no answer)": lambda x, own, n, missing, every, most, step: (
        how_many(missing) * int(every or step)
        == int(n) - len({v for v in numbers(x) if 0 < v <= int(n)})
        > unanswered(x) == (int(step) * number(most) if step else 0)
        and subtracts_nothing(x)
    ),
    rf"{ADD} returned (\d+), but no add took the counter from (\d+) to (\d+), "
    r"(?:and every add was answered: more was counted than was added|"
    r"and adds without an answer come to (\d+))": lambda x, own, n, start, end, open_: (
        not set(range(int(start) + 1, int(end) + 1)) & numbers(x)
        and int(n) - len({v for v in numbers(x) if 0 < v <= int(n)}) > unanswered(x) == int(open_ or 0)
        and subtracts_nothing(x)
    ),
    rf"{ADD} returned (-?\d+), and no adds that had begun by then come to (-?\d+)(?: before its own -?\d)?": (
        lambda x, own, n, rest: int(n) - int(own or 0) == int(rest) and int(rest) not in sums(x)
    ),
}  # fmt: skip
"""Every kind of sentence about a counter, and what must hold of the operations that it names."""


def added(facts: Facts, sign: int) -> int:
    """The most (1) or the least (-1) that all adds but the named one can have come to."""
    ((one, _),) = facts.named
    total = 0
    for op, did in enumerate(facts.ops):
        if op == one or did.f == "read" or facts.call[op] > facts.ret[one]:
            continue
        if facts.ret[op] < facts.call[one] or did.argument * sign > 0:
            total += did.argument
    return total


def number(word: str) -> int:
    return 1 if word == "one" else int(word)


def subtracts_nothing(facts: Facts) -> bool:
    return all(op.f == "read" or op.argument >= 0 for op in facts.ops)


def in_turn(facts: Facts, first: str, second: str) -> bool:
    """Whether one of the two named operations returned a number, and the other one after it."""
    return facts.any(lambda op: op.result == int(first), lambda op: op.result == int(second))


def between(facts: Facts) -> list[int]:
    """The adds, apart from the two named ones, that can have taken effect after the first and before the second."""
    one, two = (op for op, _ in facts.named)
    return [
        op
        for op, did in enumerate(facts.ops)
        if op not in (one, two) and did.f != "read" and facts.ret[op] > facts.call[one]
        and facts.call[op] < facts.ret[two]
    ]  # fmt: skip


def since(facts: Facts, sign: int) -> int:
    """The most (1) or the least (-1) that the second of the named two and all adds between them can have come to."""
    one, two = (op for op, _ in facts.named)
    total = facts.ops[two].argument or 0
    for op in between(facts):
        sure = facts.call[op] > facts.ret[one] and facts.ret[op] < facts.call[two]
        amount = facts.ops[op].argument
        if sure or amount * sign > 0:
            total += amount
    return int(total)


def numbers(facts: Facts) -> set[int]:
    """Every number that an add-and-get covers: one of 2 that returned 5 covers 4 and 5."""
    return {
        value
        for op in facts.ops
        if op.f == "add-and-get" and op.outcome == "ok"
        for value in range(op.result - op.argument + 1, op.result + 1)
    }


def how_many(missing: str) -> int:
    """How many numbers stand in a list: `2, 3 or 7 other numbers below it`."""
    other = re.search(r"(\d+) other numbers", missing)
    listed = re.findall(r"\d+", missing[: other.start()] if other else missing)
    return len(listed) + (int(other[1]) if other else 0)


def sums(facts: Facts) -> set[int]:
    """What the adds but the named one can have come to, by all choices of those that overlap it."""
    ((one, _),) = facts.named
    found = {0}
    for op, did in enumerate(facts.ops):
        if op != one and did.f != "read" and facts.call[op] < facts.ret[one]:
            more = {total + did.argument for total in found}
            found = more if facts.ret[op] < facts.call[one] else found | more
    return found


def unanswered(facts: Facts) -> int:
    """What the adds come to that told no number and had been called when the last named operation returned."""
    begun = facts.all_begun()
    return sum(op.argument for op in begun if op.f == "add" or (op.f == "add-and-get" and op.outcome != "ok"))
