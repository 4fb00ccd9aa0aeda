"""Every kind of sentence about a violation, and what must hold of the history if it is true.

This shares no code with the rules that make the sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from clew.checkers.models import ModelOperation
from tests.checkers.evidence.facts import Facts
from tests.checkers.evidence.known_counter_sentences import COUNTER_CLAIMS
from tests.checkers.evidence.known_string_sentences import STRING_CLAIMS
from tests.checkers.evidence.known_transaction_sentences import TRANSACTION_CLAIMS
from tests.checkers.evidence.known_values import found_values, set_values, told
from tests.checkers.evidence.known_version_sentences import VERSION_CLAIMS
from tests.checkers.evidence.known_word_sentences import WORD_CLAIMS


def sees(value: str) -> Callable[[ModelOperation], bool]:
    return lambda op: value in found_values(op)


def leaves(value: str) -> Callable[[ModelOperation], bool]:
    return lambda op: op.outcome == "ok" and value in set_values(op)


def is_set(value: str, facts: Facts) -> int:
    """How many operations set a value, or may have."""
    return sum(value in set_values(op) for op in facts.all_begun())


def count(f: str, value: str, facts: Facts) -> int:
    """How many operations of a function have this argument. An add that says that nothing changed does not count."""
    return sum(op.f == f and told(op.argument) == value and op.result is not False for op in facts.all_begun())


def comes_not_again(value: str, facts: Facts) -> bool:
    """Whether nothing can have set a value between the two reads that a sentence names."""
    return facts.never_between(lambda op: value in set_values(op))


def swapped_late(facts: Facts, seen: str, old: str, new: str, other: str) -> bool:
    """Whether the only operation that can have set what was seen is a swap, called when its value had gone for good."""
    (swap,) = [op for op, did in facts.named if did.f == "cas" and did.outcome == "info"]
    (by,) = [op for op, did in facts.named if facts.ret[op] < facts.call[swap]]
    return (
        seen == new != old != other
        and is_set(new, facts) == 1
        and new in set_values(facts.ops[swap])
        and told(facts.ops[swap].argument[0]) == old
        and (sees(other)(facts.ops[by]) or leaves(other)(facts.ops[by]))
        and facts.never_between(lambda op: old in set_values(op))
    )


def result(f: str, value: str) -> Callable[[ModelOperation], bool]:
    return lambda op: op.f == f and op.outcome == "ok" and told(op.result) == value


def has(f: str, value: str, there: bool) -> Callable[[ModelOperation], bool]:
    """Whether an operation of a set says that an element is there."""

    def says(op: ModelOperation) -> bool:
        if op.f != f or op.outcome != "ok":
            return False
        if f == "read":
            return (value in map(told, op.result)) is there
        answer = op.result if f == "contains" else op.result is (f == "remove")
        return told(op.argument) == value and answer is there

    return says


def lacks(value: str) -> Callable[[ModelOperation], bool]:
    def holds(op: ModelOperation) -> bool:
        if op.outcome != "ok" or op.f not in ("read", "get", "cas"):
            return False
        found = op.argument[0] if op.f == "cas" else op.result
        return value.strip('"') not in found if isinstance(found, str) else value not in map(told, found or ())

    return holds


def holds(value: str) -> Callable[[ModelOperation], bool]:
    return lambda op: op.outcome == "ok" and op.f in ("read", "get") and not lacks(value)(op)


def finds(value: str) -> Callable[[ModelOperation], bool]:
    return lambda op: any(has(f, value, True)(op) for f in SET)


def acked(f: str, value: str) -> Callable[[ModelOperation], bool]:
    return lambda op: op.f == f and op.outcome == "ok" and told(op.argument) == value


PUTS = {"enqueued": "enqueue", "pushed": "push", "inserted": "insert"}
TAKES = {"dequeued": "dequeue", "popped": "pop", "taken": "delete-min"}
TIMES = {"once": 1, "twice": 2, "never": 0, **{f"{n} times": n for n in range(3, 8)}}
V = r'(nothing(?: for \w)?|"[\w.]+"|-?\d+|\w = \w+)'
F = r"(read|get|txn)"
NOT_AGAIN = rf"nobody (?:wrote {V}|deleted it) in between"


def misses(value: str) -> Callable[[ModelOperation], bool]:
    return lambda op: op.f == "cas" and op.outcome == "mismatch" and told(op.argument[0]) == value


def missed(value: str, facts: Facts) -> int:
    """How many swaps to a value found another one than they expected."""
    return sum(op.f == "cas" and op.outcome == "mismatch" and told(op.argument[1]) == value for op in facts.all_begun())


def only_missed(which: str, value: str, facts: Facts) -> bool:
    """Whether a value was never set, but tried: by one swap, or by several, that found another one."""
    return facts.any(sees(value)) and not is_set(value, facts) and (missed(value, facts) == 1) == (which == "the only")


CLAIMS: dict[str, Callable[..., bool]] = {
    **COUNTER_CLAIMS,
    **VERSION_CLAIMS,
    rf"An? {F} returned {V}, which nobody had written": lambda x, f, v: (
        x.any(sees(v)) and not is_set(v, x) and not missed(v, x)
    ),
    rf"A swap from {V} to {V} succeeded, but nobody had written {V}": lambda x, old, new, v: (
        old == v and x.any(sees(v)) and not is_set(v, x) and not missed(v, x)
    ),
    rf"An? {F} returned {V}, but (the only|every) swap to {V} by then found another value than it expected": (
        lambda x, f, v, which, w: v == w and missed(v, x) > 0 and only_missed(which, v, x)
    ),
    rf"A swap from {V} to {V} succeeded, "
    rf"but (the only|every) swap to {V} by then found another value than it expected": (
        lambda x, old, new, which, w: old == w and missed(w, x) > 0 and only_missed(which, w, x)
    ),
    rf"An? {F} returned {V} after {V} was acknowledged": lambda x, f, v, w: x.any(leaves(w), sees(v)) and v != w,
    rf"An? {F} returned {V} after a (swap to {V}|delete) was acknowledged": lambda x, f, v, _, w: (
        x.any(leaves(w or "nothing"), sees(v)) and v != (w or "nothing")
    ),
    rf"An? {F} returned {V} after (?:another|an?) {F} had returned {V}(?:, and {NOT_AGAIN})?": (
        lambda x, f, v, g, w, v2: v != w and v2 in (None, v) and x.any(sees(w), sees(v)) and comes_not_again(v, x)
    ),
    rf"An? {F} returned {V} after a swap from {V} to itself(?:, and {NOT_AGAIN})?": lambda x, f, v, w, v2: (
        v != w and v2 in (None, v) and x.any(sees(w), sees(v)) and comes_not_again(v, x)
    ),
    rf"A swap from {V} to {V} succeeded after {V} was acknowledged": lambda x, v, _, w: (
        v != w and x.any(leaves(w), sees(v))
    ),
    rf"A swap from {V} to {V} succeeded after a (swap to {V}|delete) was acknowledged": lambda x, v, _, __, w: (
        v != (w or "nothing") and x.any(leaves(w or "nothing"), sees(v))
    ),
    rf"A swap from {V} to {V} succeeded after a {F} had returned {V}(?:, and {NOT_AGAIN})?": lambda x, v, _, f, w, v2: (
        v != w and v2 in (None, v) and x.any(sees(w), sees(v)) and comes_not_again(v, x)
    ),
    rf"A swap from {V} to {V} succeeded after a swap from {V} to itself(?:, and {NOT_AGAIN})?": (
        lambda x, v, _, w, v2: v != w and v2 in (None, v) and x.any(sees(w), sees(v)) and comes_not_again(v, x)
    ),
    rf"(?:An? {F} returned {V}|A swap from {V} to {V} succeeded), but only a swap from {V} can have set {V}, and that "
    rf"began after (?:{V} was acknowledged|a swap to {V} was acknowledged|a {F} had returned {V}|a (delete) was "
    rf"acknowledged|a swap from {V} to itself)": (
        lambda x, f, v, v2, _, old, new, w1, w2, g, w3, deleted, w4: swapped_late(
            x, v or v2, old, new, w1 or w2 or w3 or w4 or "nothing"
        )
    ),
    rf"A {F} returned {V} after {V} was swapped to {V}, and nothing set it to {V} again": lambda x, f, v, v2, w, v3: (
        v == v2 == v3 != w and is_set(v, x) <= 1
        and x.any(lambda op: v in found_values(op) and leaves(w)(op), sees(v))
    ),
    rf"A swap from {V} to {V} succeeded after {V} was swapped to {V}, and nothing set it to {V} again": (
        lambda x, v, _, v2, w, v3: v == v2 == v3 != w and is_set(v, x) <= 1
        and x.any(lambda op: v in found_values(op) and leaves(w)(op), sees(v))
    ),
    rf"Two clients both swapped {V} to {V}": lambda x, v, new: (
        sum(sees(v)(op) and leaves(new)(op) for _, op in x.named) == 2 and is_set(v, x) <= 1
    ),
    rf"Two clients both swapped {V}: one to {V}, one to {V}": lambda x, v, one, two: (
        all(any(sees(v)(op) and leaves(new)(op) for _, op in x.named) for new in (one, two)) and is_set(v, x) <= 1
    ),
    rf"One client swapped {V} twice(?: to {V}|: one to {V}, one to {V}), but it was written only once": (
        lambda x, v, *_: sum(sees(v)(op) for _, op in x.named) == 2 and is_set(v, x) <= 1
    ),
    rf"(\d) swaps from {V} succeeded, to .*, but it was there only {V}": lambda x, k, v, often: (
        sum(sees(v)(op) for _, op in x.named) == int(k) > TIMES[often]
    ),
    rf"The value was {V}, then {V}, then {V} again, but {V} was written only once": lambda x, v, w, again, once: (
        v == again == once and v != w and is_set(v, x) == 1
        and x.any(either(v), either(w), sees(v))
    ),
    rf"The value was {V}, then {V}, then {V}, then {V} again, but {V} was written only once since it was {V}": (
        lambda x, u, v, w, again, once, since: v == again == once != w and v != u == since
        and x.any(either(u), either(v), either(w), sees(v))
        and sum(v in set_values(op) for op in x.since_the_first()) <= 1
    ),
    rf"{V} was seen before {V} and {V} before {V}, but each was written only once": lambda x, v, w, w2, v2: (
        (v, w) == (v2, w2) and is_set(v, x) <= 1 and is_set(w, x) <= 1
        and x.any(either(v), either(w)) and x.any(either(w), either(v))
    ),
    rf"A swap from {V} found another value, but the value was {V} before it and after it, and was written only once": (
        lambda x, v, w: v == w and is_set(v, x) <= 1 and x.any(either(v), misses(v), sees(v))
    ),
    rf"A swap from {V} found another value, but nothing else had been written": lambda x, v: (
        x.any(misses(v)) and not any(value != v for op in x.all_begun() for value in set_values(op))
    ),
    rf"A swap from {V} found another value after (.*), and nothing else can have been written in between": (
        lambda x, v, after: x.any(either(v), misses(v)) and v in after.replace("a delete", "nothing")
    ),
    r"An? \w+ returned the value (\w+)": lambda x, v: False,
    r"A (write|cas|read) of (\w+) returned the value (\w+)": lambda x, f, v, w: v != w,
    r"An? (\w+) returned version (-?\d), which only the unset value has": lambda x, f, n: x.any(version(int(n))),
    r"Version (\d) had two values: (\w+) and (\w+)": lambda x, n, v, w: (
        v != w and all(version(int(n))(op) for _, op in x.named) and {told(op.result[1]) for _, op in x.named} == {v, w}
    ),
    r"Two changes both got version (\d)": lambda x, n: all(
        version(int(n))(op) and op.f != "read" for _, op in x.named
    ) and len(x.named) == 2,
    r"A (\w+) returned version (\d) after version (\d) was acknowledged": lambda x, f, n, m: (
        int(n) < int(m) and x.any(version(int(m)), version(int(n)))
    ),
    r"A (\w+) returned version (\d), but (?:at least )?(a|\d) changes? (?:was|were) acknowledged before it": (
        lambda x, f, n, count: x.any(version(int(n))) and len(x.named) == (1 if count == "a" else int(count)) + 1
        and int(n) < len(x.named) - (f == "read")
    ),
    r"A read returned (\w+) at version (\d)(?: after version (\d) was acknowledged| after another read had found "
    r"nothing)?, (?:and|but) (nobody wrote|everybody who wrote|everybody who had written) (\w+)(?: in between)?"
    r"(?: got another version)?": (
        lambda x, v, n, m, who, w: v == w and x.any(version(int(n)))
        and (m is None or (int(m) < int(n) and x.any(version(int(m)), version(int(n)))))
        and (who != "nobody wrote" or len(x.named) == 2)
        and all(not version(int(n))(op) for _, op in x.named if v in set_values(op))
    ),
    r"A (\w+) returned version (\d), which was there before it": lambda x, f, n: (
        f != "read" and x.any(version(int(n)), version(int(n)))
    ),
    r"A (read|txn) saw half of a write: (\w) = (\w+), but (\w) = (\w+) and not (\w+)": lambda x, f, a, v, b, w, new: (
        new != w and x.any(lambda op: sees(named_as(a, v))(op) and sees(named_as(b, w))(op))
        and any(named_as(a, v) in set_values(op) and named_as(b, new) in set_values(op) for _, op in x.named)
    ),
    # Sets.
    rf"An? (read|contains|add|remove) (?:has|found) {V}, but nobody had added it": lambda x, f, v: (
        x.any(has(f, v, True)) and not count("add", v, x)
    ),
    rf"The acknowledged add of {V} is gone: a later (\w+) (?:misses|did not find) it, and nobody removed it since": (
        lambda x, v, f: x.any(acked("add", v), has(f, v, False)) and not x.later(finds(v))
    ),
    rf"An? (\w+) (?:misses|did not find) {V} after its add was acknowledged, and nobody removed it since": (
        lambda x, f, v: x.any(acked("add", v), has(f, v, False)) and x.later(finds(v))
    ),
    rf"An? (\w+) (?:misses|did not find) {V}, though it had been seen there and nobody removed it since": (
        lambda x, f, v: x.any(lambda op: any(has(g, v, True)(op) for g in SET), has(f, v, False))
    ),
    rf"An? (\w+) (?:has|found) {V} after its removal was acknowledged, and nobody added it again": (
        lambda x, f, v: x.any(acked("remove", v), has(f, v, True))
    ),
    rf"An? (\w+) (?:has|found) {V} after it had been seen to be missing, and nobody added it again": (
        lambda x, f, v: x.any(lambda op: any(has(g, v, False)(op) for g in SET), has(f, v, True))
    ),
    rf"{V} was (newly added to|removed from) the set (\w+), but (removed|added) (\w+)": lambda x, v, did, n, un, m: (
        TIMES[n] == len(x.named) and all(told(op.argument) == v for _, op in x.named)
        and count("add" if un == "added" else "remove", v, x) == TIMES[m]
    ),
    rf"A read of the set returned {V} twice": lambda x, v: x.any(lambda op: [*map(told, op.result)].count(v) > 1),
    # Lists and strings.
    rf"A read returned {V}, which nobody had appended": lambda x, v: (
        x.any(lambda op: v in map(told, op.result or ())) and not count("append", v, x)
    ),
    r"A read returned (\d) (twice|3 times), but it had been appended (\w+)": lambda x, v, n, m: (
        x.any(lambda op: [*map(told, op.result)].count(v) == TIMES[n]) and count("append", v, x) == TIMES[m]
    ),
    rf"The acknowledged append of {V} is gone: a later (?:read|get|cas) (?:returned|expected and found) .*": (
        lambda x, v: x.any(acked("append", v), lacks(v)) and not x.later(holds(v))
    ),
    rf"An? (?:read|get|cas) (?:returned|expected and found) .* after the append of {V} was acknowledged": (
        lambda x, v: x.any(acked("append", v), lacks(v)) and x.later(holds(v))
    ),
    r"(\d) was appended (\w+), but a later read (?:returned it (\w+)|did not return it): .*": lambda x, v, n, m: (
        sum(acked("append", v)(op) for _, op in x.named) == TIMES[n] > TIMES[m or "never"]
        and x.any(acked("append", v),
                  lambda op: op.f == "read" and [*map(told, op.result)].count(v) == TIMES[m or "never"])
    ),
    r"Two reads disagree about the order: (.*) and (.*)": lambda x, one, two: (
        one != two and {told(op.result) for _, op in x.named} == {one, two}
    ),
    r"A (read|get) returned (.*) after another had returned (.*)": lambda x, f, late, early: (
        x.any(lambda op: told(op.result) == early, lambda op: told(op.result or "") == late or late == "[]")
    ),
    r"A read has (\d) and not (\d), but (\d) was appended first": lambda x, second, first, again: (
        first == again and x.any(acked("append", first), lambda op: op.f == "append" and told(op.argument) == second)
        and x.any(lambda op: op.f == "read" and {first, second} & set(map(told, op.result or ())) == {second})
    ),
    r"A read has (\d) before (\d), but (\d) was appended first": lambda x, second, first, again: (
        first == again and x.any(acked("append", first), lambda op: op.f == "append" and told(op.argument) == second)
    ),
    r"An? (get|cas) (?:returned|expected and found) (.*), which no writes and appends make up": lambda x, f, v: (
        x.any(sees(v)) and not built(v.strip('"'), x)
    ),
    # Containers.
    r"(\d) was (\w+), but nobody had (\w+) it": lambda x, v, took, put: (
        x.any(result(TAKES[took], v)) and not count(PUTS[put], v, x)
    ),
    r"(\d) was (\w+) (twice|3 times) but (\w+) (once|twice) by then": lambda x, v, took, n, put, m: (
        sum(result(TAKES[took], v)(op) for _, op in x.named) == TIMES[n] > TIMES[m] == count(PUTS[put], v, x)
    ),
    r"A ([\w-]+) found nothing, but (\d) (was still there|was put more often than taken)": lambda x, f, v, left: (
        x.any(lambda op: told(op.argument) == v and op.outcome == "ok", result(f, "nothing"))
        and ("often" in left or not any(result(f, v)(op) for op in x.all_begun()))
    ),
    r"A ([\w-]+) found nothing, but (\d) elements had been \w+ and at most (\d) \w+": lambda x, f, n, m: (
        int(n) > int(m) and x.any(result(f, "nothing"))
    ),
    r"(\d) was dequeued while (\d), enqueued before it, was still there": lambda x, v, w: (
        x.any(result("dequeue", v))
        and x.any(acked("enqueue", w), lambda op: op.f == "enqueue" and told(op.argument) == v)
        and not x.any(result("dequeue", w), result("dequeue", v))
    ),
    r"A pop returned (\d) while (\d) was on top of it": lambda x, v, w: x.any(
        acked("push", v), acked("push", w), result("pop", v)
    ),
    r"A delete-min returned (\d) while (\d) was there": lambda x, v, w: (
        v > w and x.any(acked("insert", w), result("delete-min", v))
    ),
    # Locks, decisions.
    r"Client (.+) acquired the lock twice without releasing it": lambda x, _: (
        {op.process for _, op in x.named} == {x.named[0][1].process} and all(op.f == "acquire" for _, op in x.named)
    ),
    r"Two(?: clients)? held the lock at once: client (.+) and client (.+)": lambda x, one, two: (
        len({op.process for _, op in x.named}) == 2 and all(op.f == "acquire" for _, op in x.named)
    ),
    r"The lock was acquired (\w+|\d times) but released (?:never|at most (\w+|\d times)) in between": lambda x, n, m: (
        TIMES[n] == len(x.named) > TIMES[m or "never"] + 1 and all(op.f == "acquire" for _, op in x.named)
    ),
    r"Client (.+) released the lock while client (.+) held it": lambda x, _, __: (
        x.any(lambda op: op.f == "acquire", lambda op: op.f == "release")
        and len({op.process for _, op in x.named}) == 2
    ),
    r"Client (.+) released a lock that it had never acquired": lambda x, _: not any(
        op.f == "acquire" and op.process == x.named[0][1].process for op in x.all_begun()
    ),
    r"Client (.+) released the lock (.+), but had acquired it (.+)": lambda x, _, n, m: (
        TIMES[n] == len(x.named)
        and sum(op.f == "acquire" and op.process == x.named[0][1].process for op in x.all_begun()) == TIMES[m]
    ),
    r'Term (\d) had two leaders: "(\w)" and "(\w)"': lambda x, term, one, two: (
        one != two and sorted(op.result for _, op in x.named) == sorted([[int(term), one], [int(term), two]])
    ),
    r"A (read|campaign) returned term (\d) after a (read|campaign) had returned term (\d)": lambda x, f, n, g, m: (
        int(n) < int(m) and x.any(lambda op: op.f == g and op.result is not None and op.result[0] == int(m),
                                  lambda op: op.f == f and op.result is not None and op.result[0] == int(n))
    ),
    r"A read found no leader after a (read|campaign) had returned term (\d)": lambda x, g, m: x.any(
        lambda op: op.f == g and op.result is not None and op.result[0] == int(m), result("read", "nothing")
    ),
    r"(?:One client was|Two clients were) told different decisions: (\d) and (\d)": lambda x, v, w: (
        v != w and {told(op.result) for _, op in x.named} == {v, w}
    ),
    r"A (propose|read) returned the decision (\d), which nobody had proposed": lambda x, f, v: (
        x.any(result(f, v)) and not count("propose", v, x)
    ),
    r"A (\w+) returned the decision (\d), but everybody who had proposed it was told another": lambda x, f, v: (
        x.any(result(f, v)) and all(op.result != int(v) for op in x.all_begun()
                                    if op.f == "propose" and told(op.argument) == v)
    ),
    r"A propose of (\d) returned no decision": lambda x, v: x.any(acked("propose", v)),
    r"A read found no decision after (\d) was decided": lambda x, v: x.any(
        lambda op: told(op.result) == v, result("read", "nothing")
    ),
    r"A read found no decision after a proposal of (\d) was answered": lambda x, v: x.any(
        acked("propose", v), result("read", "nothing")
    ),
    **TRANSACTION_CLAIMS,
    **STRING_CLAIMS, **WORD_CLAIMS,
}  # fmt: skip
"""Every kind of sentence but the last resort, and what must hold of the operations that it names."""
SET = ("read", "contains", "add", "remove")


def either(value: str) -> Callable[[ModelOperation], bool]:
    return lambda op: leaves(value)(op) or sees(value)(op)


def version(number: int) -> Callable[[ModelOperation], bool]:
    def told_so(op: ModelOperation) -> bool:
        if op.outcome != "ok" or op.result == op.argument:
            return False
        return op.result is None if not number else op.result is not None and op.result[0] == number

    return told_so


def named_as(name: str, value: str) -> str:
    return f"nothing for {name}" if value == "nothing" else f"{name} = {value}"


def built(content: str, facts: Facts) -> bool:
    """Whether a text is one that was put, or nothing, followed by texts that were appended."""
    begun = facts.all_begun()
    reader = next(op for _, op in facts.named)
    wholes = {"", *(v.strip('"') for op in begun if op is not reader for v in set_values(op))} - {"nothing"}
    pieces = "|".join(op.argument for op in begun if op.f == "append")
    return any(re.fullmatch(f"{whole}({pieces})*" if pieces else whole, content) for whole in wholes)
