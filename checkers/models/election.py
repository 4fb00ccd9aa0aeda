"""Who leads: terms that grow, each with one leader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clew.checkers.models.model import INFO, Model, ModelOperation, Need
from clew.checkers.models.register import is_pair
from clew.histories.frozen import freeze
from clew.histories.text import value_text


class Election(Model):
    """`campaign` and `read` -> [term, leader]. A term has one leader, and no answer is of an earlier term than one
    that was given before it began.

    Servers elect leaders without being asked, so any operation may find a later term than the last one. A state is the
    last (term, leader). `read` -> null says that there was no leader yet.
    """

    name = "election"
    initial = (-1, None)
    functions = ("campaign", "read")

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        if op.outcome == INFO:
            return state
        if op.result is None:
            return state if state == self.initial else None
        term, leader = op.result
        after = (term, freeze(leader))
        return after if term > state[0] or after == state else None

    def misfit(self, op: ModelOperation) -> str | None:
        """See `Model.misfit`."""
        if op.argument is not None:
            return f"expected {op.f} to have no value, found {value_text(op.argument)}"
        if op.outcome == INFO or (op.result is None and op.f == "read"):
            return None
        if not is_pair(op.result) or type(op.result[0]) is not int or op.result[0] < 0 or op.result[1] is None:
            return f"expected {op.f} to return [term, leader], found {value_text(op.result)}"
        return None

    def observes(self, op: ModelOperation) -> bool:
        """Those of unknown outcome do: nobody was told of a term."""
        return op.outcome == INFO or op.result is None

    def needs(self, classes: Sequence[ModelOperation]) -> Sequence[Sequence[Need]]:
        """See `Model.needs`: terms never fall, and nothing helps against that."""
        found = list[Sequence[Need]]()
        for op in classes:
            state = self.initial if op.result is None else (op.result[0], freeze(op.result[1]))
            found.append([] if op.outcome == INFO else [Need(state, ())])
        return found

    def holds(self, state: Any, what: Any) -> bool:
        """See `Model.holds`."""
        return bool(state[0] < what[0] or state == what)
