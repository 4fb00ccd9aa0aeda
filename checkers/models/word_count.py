"""A text that grows, and how often each word is in it."""

from __future__ import annotations

from typing import Any

from clew.checkers.models.model import ADD, INFO, READ, Access, Model, ModelOperation
from clew.histories.text import value_text


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
            return f"expected append to have a whole number, found {value_text(op.argument)}"
        if op.f == "append" or op.outcome == INFO:
            return None
        pairs = op.result if isinstance(op.result, list | tuple) else [op.result]
        if all(map(_is_count, pairs)) and len({word for word, _ in pairs}) == len(pairs):
            return None
        return f"expected count to return a list of [word, how often], each word once, found {value_text(op.result)}"

    def observes(self, op: ModelOperation) -> bool:
        """Counts do."""
        return op.f == "count"

    def tally_access(self, op: ModelOperation) -> Access | None:
        """See `Model.tally_access`."""
        return (ADD, op.argument, None) if op.f == "append" else (READ, dict(op.result or ()), None)


def _counted(result: Any) -> tuple[tuple[int, int], ...]:
    return tuple(sorted((word, count) for word, count in result))


def _is_count(pair: Any) -> bool:
    return (
        isinstance(pair, list | tuple)
        and len(pair) == 2
        and all(type(number) is int for number in pair)
        and pair[1] > 0
    )
