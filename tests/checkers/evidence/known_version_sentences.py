"""Every kind of sentence about a register whose compare-and-sets expect versions, and what must hold if it is true.

This shares no code with the rules that make the sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from clew.checkers.models import ModelOperation
from tests.checkers.evidence.facts import Facts

Test = Callable[[ModelOperation], bool]
STATE = r"(nothing|\d at version -?\d)"
STEP = r"(\d at version -?\d|version -?\d)"
FOUND = rf"(A read returned {STATE}|An init of \d returned {STATE}|A swap from version (-?\d) succeeded)"
BEFORE = (
    rf"(a delete was acknowledged|a swap to {STATE} was acknowledged|"
    rf"(?:an?|another) (?:read|init) had returned {STATE})"
)
TIMES = {"once": 1, "twice": 2, **{f"{n} times": n for n in range(3, 8)}}


def state(version: int, value: Any) -> str:
    return f"{value} at version {version}"


def answer(op: ModelOperation) -> str:
    """The state that an operation returned."""
    return "nothing" if op.result is None else state(*op.result)


def sets(op: ModelOperation) -> str:
    """The state that an operation sets if it takes effect; "" for one that was told that it set nothing."""
    if op.f == "delete":
        return "nothing"
    if op.f == "cas" and op.outcome != "mismatch":
        return state(op.argument[0] + 1, op.argument[1])
    if op.f == "init" and op.result in (None, [0, op.argument]):
        return state(0, op.argument)
    return ""


def reaches(step: str) -> Test:
    """Whether an operation sets a state, or a version with any value."""
    return lambda op: sets(op) == step or (step.startswith("version") and sets(op).endswith(f"at {step}"))


def finds(words: str) -> Test:
    """Whether an operation is the one that a sentence begins with."""
    swap = re.fullmatch(r"A swap from version (-?\d) succeeded", words)

    def is_it(op: ModelOperation) -> bool:
        if op.outcome != "ok" or op.f == "delete":
            return False
        if op.f == "cas":
            return swap is not None and op.argument[0] == int(swap[1])
        asked = f"An init of {op.argument}" if op.f == "init" else "A read"
        return words == f"{asked} returned {answer(op)}"

    return is_it


def comes_before(words: str) -> Test:
    """Whether an operation is the one that a sentence names after "after"."""

    def is_it(op: ModelOperation) -> bool:
        if op.outcome != "ok" or op.f == "delete":
            return op.outcome == "ok" and words == "a delete was acknowledged"
        if op.f == "cas":
            return words == f"a swap to {sets(op)} was acknowledged"
        return re.fullmatch(rf"(an?|another) {op.f} had returned {answer(op)}", words) is not None

    return is_it


def misses(version: str) -> Test:
    return lambda op: op.f == "cas" and op.outcome == "mismatch" and op.argument[0] == int(version)


def at_version(version: str) -> Test:
    return lambda op: op.outcome == "ok" and (sets(op) or answer(op)).endswith(f"at version {version}")


def pairs(facts: Facts, first: Test, second: Test) -> list[tuple[int, int]]:
    """Named operations that pass the tests, one before the other."""
    ops = facts.ops
    return [(one, two) for one, _ in facts.named for two, _ in facts.named
            if first(ops[one]) and second(ops[two]) and facts.ret[one] < facts.call[two]]  # fmt: skip


def between(facts: Facts, step: Test, one: int, two: int) -> list[int]:
    """Operations that can have taken a step after one operation and before another."""
    return [op for op, did in enumerate(facts.ops) if step(did) and op not in (one, two)
            and facts.ret[op] > facts.call[one] and facts.call[op] < facts.ret[two]]  # fmt: skip


def begun(facts: Facts, step: Test, until: int) -> list[int]:
    return [op for op, did in enumerate(facts.ops) if step(did) and op != until and facts.call[op] < facts.ret[until]]


def first_named(facts: Facts, test: Test) -> int:
    """The operation that the sentence is about."""
    return next(op for op, did in facts.named if test(did))


def in_order(facts: Facts, earlier: list[int], later: list[int]) -> bool:
    """Whether one of the later can follow one of the earlier."""
    return any(facts.ret[two] > facts.call[one] for one in earlier for two in later)


def nobody(facts: Facts, found: str, before: str, step: Test) -> bool:
    """Whether nobody can have taken the step between two named operations."""
    return any(not between(facts, step, one, two) for one, two in pairs(facts, comes_before(before), finds(found)))


def arrivals(facts: Facts, version: str, *ops: int) -> int:
    """How many operations can have set a version before the last of these returned; between two deletes one at most."""
    until = max(facts.ret[op] for op in ops)
    steps = ("nothing", "version 0", f"version {version}")
    deleted, *known = (
        sum(reaches(step)(op) for op, call in zip(facts.ops, facts.call, strict=True) if call < until) for step in steps
    )
    return min(deleted + 1, *known)


def set_too_seldom(facts: Facts, count: str, version: str, often: str) -> bool:
    """Whether this many named operations found a version and replaced it, though it was set less often."""
    swaps = [op for op, did in facts.named if finds(f"A swap from version {version} succeeded")(did)]
    return len(swaps) == int(count) > TIMES[often] == arrivals(facts, version, *swaps)


def two_values(facts: Facts, version: str, *values: str) -> bool:
    """Whether two named operations tell two values of a version that was set only once."""
    there = [(op, (sets(did) or answer(did))[0]) for op, did in facts.named if at_version(version)(did)]
    return any(
        (v, w) == values and v != w and arrivals(facts, version, one, two) <= 1 for one, v in there for two, w in there
    )


VERSION_CLAIMS: dict[str, Callable[..., bool]] = {
    r"A swap from version (-?\d) to (\d) returned (\d) at version (-?\d)": lambda x, n, v, w, m: (
        (int(n) + 1, v) != (int(m), w)
        and any(op.f == "cas" and op.argument == [int(n), int(v)] and answer(op) == state(m, w) for _, op in x.named)
    ),
    rf"{FOUND}, which nobody had set": lambda x, found, read, init, _: not begun(
        x, reaches(read or init), first_named(x, finds(found))
    ),
    rf"{FOUND}, but nobody had set {STEP}": lambda x, found, _, __, ___, step: not begun(
        x, reaches(step), first_named(x, finds(found))
    ),
    rf"{FOUND}, but nobody can have set {STEP} after {STEP}": lambda x, found, _, __, ___, step, since: not in_order(
        x, *(begun(x, reaches(one), first_named(x, finds(found))) for one in (since, step))
    ),
    rf"{FOUND} after {BEFORE}, and nobody can have deleted the value in between": lambda x, found, *rest: nobody(
        x, found, rest[3], reaches("nothing")
    ),
    rf"{FOUND} after {BEFORE}, and nobody can have set {STEP} in between": lambda x, found, *rest: nobody(
        x, found, rest[3], reaches(rest[-1])
    ),
    rf"{FOUND} after {BEFORE}, and nobody can have set {STEP} after (a delete|{STEP})": (
        lambda x, found, _, __, ___, before, ____, _____, step, since, ______: any(
            not in_order(x, between(x, reaches("nothing" if since == "a delete" else since), one, two),
                         between(x, reaches(step), one, two))
            for one, two in pairs(x, comes_before(before), finds(found))
        )
    ),
    rf"A swap from version (\d) found another version after {BEFORE}, and nobody can have changed the register in "
    "between": (
        lambda x, n, before, *_: any(
            at_version(n)(x.ops[one])
            and not between(x, lambda op: sets(op) == "nothing" or (op.f == "cas" and op.argument[0] == int(n)
                                                                    and op.outcome != "mismatch"), one, two)
            for one, two in pairs(x, comes_before(before), misses(n))
        )
    ),
    r"(\d) swaps from version (\d) succeeded, to .*, but version (\d) can have been set only (\w+|\d times)": (
        lambda x, count, n, again, often: n == again and set_too_seldom(x, count, n, often)
    ),
    r"Version (\d) had two values: (\d) and (\d), but it can have been set only once": two_values,
}  # fmt: skip
"""Every kind of sentence but the last resort, and what must hold of the operations that it names."""
