"""One key of a map from keys to strings (histories are partitioned by key before a model sees them)."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence, Set
from itertools import pairwise
from typing import Any

from clew.checkers.models.model import (
    APPEND,
    DIFFER,
    INFO,
    MISMATCH,
    OK,
    READ,
    SWAP,
    WRITE,
    Access,
    Model,
    ModelOperation,
    Need,
)
from clew.checkers.models.register import is_pair
from clew.histories.text import value_text


def _content(value: Any) -> str:
    return "" if value is None else value


def _appended(content: str, pieces: Set[str], begun: Set[str]) -> list[tuple[int, str]]:
    """The pieces of a content that were appended in any case, with their offsets.

    `begun` are the contents with which it may have begun: after each one it is taken apart, in the only way there is.
    What follows the longest of them counts, if all ways go on alike from there.
    """
    lengths = sorted(set(map(len, pieces)))
    ways = []
    for offset in sorted(len(start) for start in begun if content.startswith(start)):
        way = list[tuple[int, str]]()
        while offset < len(content):
            here = (content[offset : offset + length] for length in lengths)
            piece = next((part for part in here if part in pieces), None)
            if piece is None:
                break
            way.append((offset, piece))
            offset += len(piece)
        ways.append((offset, way))
    longest = ways[-1][1]
    if not longest or any(end == len(content) and longest[0] not in way for end, way in ways):
        return []
    return longest


class KeyValue(Model):
    """`get` -> string, `put s`, `append s`, `delete`, `cas [old, new]`. An absent key reads as "" or null:
    these are the same value."""

    name = "kv"
    initial = ""
    functions = ("get", "put", "append", "delete", "cas")
    register_initial = ""

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        if op.f == "get":
            return state if op.outcome == INFO or _content(op.result) == state else None
        if op.f == "put":
            return _content(op.argument)
        if op.f == "append":
            return state + op.argument
        if op.f == "delete":
            return ""
        old, new = map(_content, op.argument)
        if op.outcome == MISMATCH:
            return state if state != old else None
        return new if state == old else None

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f == "cas" and not is_pair(op.argument):
            return f"expected the value of a cas to be [old, new], found {value_text(op.argument)}"
        strings = op.argument if op.f == "cas" else [op.result] if op.f == "get" else [op.argument]
        for value in strings if op.f != "delete" else ():
            if not isinstance(value, str) and not (value is None and op.f != "append"):
                return f"expected the value of {op.f} to be a string, found {value_text(value)}"
        return None

    def observes(self, op: ModelOperation) -> bool:
        """See `Model.observes`."""
        if op.f == "cas":
            return op.outcome == MISMATCH or _content(op.argument[0]) == _content(op.argument[1])
        return op.f == "get" or (op.f == "append" and op.argument == "")

    def merge(self, classes: Sequence[ModelOperation]) -> Callable[[Any], Any]:
        """See `Model.merge`. If no string that was expected or returned begins with a state, none ever will, however
        long the state grows. All such states are alike until the next put. O(log n) for n such strings.
        """
        sought = sorted({_content(self._sought(op)) for op in classes})

        def begins(state: str) -> bool:
            place = bisect_left(sought, state)
            return place < len(sought) and sought[place].startswith(state)

        lost = "\0"
        while begins(lost):
            lost += "\0"
        return lambda state: state if begins(state) else lost

    def needs(self, classes: Sequence[ModelOperation]) -> Sequence[Sequence[Need]]:
        """See `Model.needs`.

        The state must be a beginning of what was returned or expected, because appends only add to it. And every piece
        of that must be in the state or be appended: a piece that is k times in the rest needs k appends. This is said
        only of what no put can have written, and if no piece begins with another one, so that the pieces are known.
        """
        pieces = {op.argument for op in classes if op.f == "append"} - {""}
        known = not any(two.startswith(one) for one, two in pairwise(sorted(pieces)))
        puts = {_content(op.argument[1] if op.f == "cas" else op.argument) for op in classes if op.f in ("put", "cas")}
        found = list[list[Need]]()
        for op in classes:
            if op.f not in ("get", "cas") or op.outcome != OK:
                found.append([])
                continue
            content = _content(self._sought(op))
            begun = tuple(("content", put) for put in (*puts, "") if content.startswith(put))
            found.append([Need((content, 0, ""), begun)])
            times = Counter[str]()
            for place, piece in reversed(_appended(content, pieces, puts | {""}) if known else []):
                times[piece] += 1
                found[-1].append(Need((content, place, piece), (("piece", piece),), times[piece]))
        return found

    def holds(self, state: Any, what: Any) -> bool:
        """See `Model.holds`."""
        content, place, piece = what
        return bool(content.startswith(state)) and (not piece or len(state) > place)

    def gives(self, op: ModelOperation) -> Sequence[Hashable]:
        """See `Model.gives`: a piece, or a content to go on from."""
        if op.f == "append":
            return (("piece", op.argument),)
        begun = None if op.f == "delete" else op.argument[1] if op.f == "cas" else op.argument
        return () if op.f == "get" or op.outcome == MISMATCH else (("content", _content(begun)),)

    def _sought(self, op: ModelOperation) -> Any:
        return op.argument[0] if op.f == "cas" else op.result if op.f == "get" else None

    def things(self, op: ModelOperation) -> Collection[Hashable]:
        """See `Model.things`: characters."""
        strings = op.argument if op.f == "cas" else (op.result,) if op.f == "get" else (op.argument,)
        return tuple(dict.fromkeys("".join(map(_content, strings if op.f != "delete" else ()))))

    def part(self, op: ModelOperation, things: Set[Hashable]) -> ModelOperation | None:
        """See `Model.part`. Without some of its characters a string is a string of the others.

        Strings that differ may then be equal. So a mismatch says nothing.
        """

        def part(string: Any) -> str:
            return "".join(one for one in _content(string) if one in things)

        if op.outcome == MISMATCH:
            return None
        if op.f == "get":
            return op._replace(argument=None, result=part(op.result))
        if op.f == "delete":
            return op._replace(argument=None, result=None)
        argument = [part(one) for one in op.argument] if op.f == "cas" else part(op.argument)
        return op._replace(argument=argument, result=None)

    def register_access(self, op: ModelOperation) -> Access | None:
        """See `Model.register_access`. A register has no appends."""
        if op.f == "get":
            return (READ, _content(op.result), None)
        if op.f in ("put", "delete"):
            return (WRITE, _content(op.argument) if op.f == "put" else "", None)
        if op.f == "cas":
            old, new = map(_content, op.argument)
            return (DIFFER, old, None) if op.outcome == MISMATCH else (SWAP, old, new)
        return None

    def content_access(self, op: ModelOperation) -> Access | None:
        """See `Model.content_access`."""
        if op.f == "append":
            return (APPEND, op.argument, None)
        return None if op.f == "cas" else self.register_access(op)
