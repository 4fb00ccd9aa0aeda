"""One key of a map from keys to strings (histories are partitioned by key before a model sees them)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from clew.checkers.models.model import APPEND, DIFFER, INFO, MISMATCH, READ, SWAP, WRITE, Access, Model, ModelOperation
from clew.checkers.models.register import is_pair


def _content(value: Any) -> str:
    return "" if value is None else value


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
            return f"expected the value of a cas to be [old, new], found {op.argument!r}"
        strings = op.argument if op.f == "cas" else [op.result] if op.f == "get" else [op.argument]
        for value in strings if op.f != "delete" else ():
            if not isinstance(value, str) and not (value is None and op.f != "append"):
                return f"expected the value of {op.f} to be a string, found {value!r}"
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

    def _sought(self, op: ModelOperation) -> Any:
        return op.argument[0] if op.f == "cas" else op.result if op.f == "get" else None

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
