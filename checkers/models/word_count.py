"""A text that grows, and how often each word is in it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from clew.checkers.models.model import INFO, Model, ModelOperation, Need


class WordCount(Model):
    """`append w` adds a word to the text; `count` -> [[word, how often], ...], in the order of the words.

    Words are whole numbers. A word that is not in the text is not in the answer. A state is such an answer, as a tuple.
    """

    name = "word-count"
    initial = ()
    functions = ("append", "count")

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        if op.f == "count":
            return state if op.outcome == INFO or _counted(op.result) == state else None
        counts = dict(state)
        counts[op.argument] = counts.get(op.argument, 0) + 1
        return tuple(sorted(counts.items()))

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.f == "append" and type(op.argument) is not int:
            return f"expected append to have a whole number, found {op.argument!r}"
        if op.f == "append" or op.outcome == INFO:
            return None
        pairs = op.result if isinstance(op.result, list | tuple) else [op.result]
        if all(map(_is_count, pairs)) and len({word for word, _ in pairs}) == len(pairs):
            return None
        return f"expected count to return a list of [word, how often], each word once, found {op.result!r}"

    def observes(self, op: ModelOperation) -> bool:
        """Counts do."""
        return op.f == "count"

    def needs(self, classes: Sequence[ModelOperation]) -> Sequence[Sequence[Need]]:
        """See `Model.needs`: a count needs each word as often as it says. One that is there too often stays so."""
        words = {op.argument for op in classes if op.f == "append"}
        return [
            [
                *(Need(("at least", word, count), (word,)) for word, count in _counted(op.result)),
                *(Need(("at most", word, dict(_counted(op.result)).get(word, 0)), ()) for word in sorted(words)),
            ]
            if op.f == "count" and op.outcome != INFO
            else []
            for op in classes
        ]

    def holds(self, state: Any, what: Any) -> bool:
        """See `Model.holds`."""
        bound, word, count = what
        there = dict(state).get(word, 0)
        return bool(there >= count if bound == "at least" else there <= count)

    def gives(self, op: ModelOperation) -> Sequence[Hashable]:
        """See `Model.gives`: one more of its word."""
        return (op.argument,) if op.f == "append" else ()


def _counted(result: Any) -> tuple[tuple[int, int], ...]:
    return tuple(sorted((word, count) for word, count in result))


def _is_count(pair: Any) -> bool:
    return (
        isinstance(pair, list | tuple)
        and len(pair) == 2
        and all(type(number) is int for number in pair)
        and pair[1] > 0
    )
