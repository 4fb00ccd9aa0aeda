"""The operations of one key, as the rules of sentences look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import Mask
from clew.checkers.models.model import INFO, OK, Access, Model, ModelOperation
from clew.histories.event import MISMATCH
from clew.histories.frozen import freeze
from clew.histories.history import FAIL, History
from clew.histories.text import value_text

MOST = 40
"""Operations of a counterexample that rules look at, the last to return. Rules compare pairs and triples of them."""
_FREE_LOOKS = 2_000
"""So much is looked at in any case, however late it is: some milliseconds in a short history."""
_VALUE = 40
"""Characters of a value that a sentence has room for."""


@dataclass(frozen=True)
class Said:
    """A sentence, without its full stop."""

    text: str
    operations: tuple[int, ...] = ()
    """The operations (indices into the problem) that it speaks of."""
    needs_all: bool = False
    """True if the sentence counts operations that it does not name. Otherwise the named operations are impossible
    together, whether or not the others took effect, and whatever they returned."""


class OutOfTime(Exception):
    """The deadline passed while the rules looked for a sentence."""


class Past:
    """An invalid problem and its counterexample. Operations are indices into the problem.

    When the deadline has passed, `look` raises `OutOfTime`. Rules look at the time for each pair of operations or more
    often. `operation` and `before` do so for them.
    """

    def __init__(
        self,
        history: History,
        model: Model,
        problem: Problem,
        counterexample: list[int],
        deadline: Deadline | None = None,
    ) -> None:
        self.history, self.model, self.problem = history, model, problem
        self.call, self.ret = problem.call, problem.ret
        self.deadline = deadline
        """None once there is nothing more to ask than what the last resort needs."""
        self._looks = 0
        self.size = len(counterexample)
        """How many operations the counterexample has."""
        by_return = sorted(counterexample, key=lambda op: (problem.ret[op], problem.call[op]))
        self.core = sorted(by_return[-MOST:])
        """The counterexample in the order of its calls; of a long one the last to return."""

    def operation(self, op: int) -> ModelOperation:
        """What was asked for, and how it ended."""
        self.look()
        of_class: ModelOperation = self.problem.classes[self.problem.cls[op]]
        return of_class

    def accesses(self, access: Callable[[ModelOperation], Access | None]) -> list[Access] | None:
        """What each operation accesses; None if one of them is something else."""
        of_class = []
        for op in self.problem.classes:
            one = access(op)
            if one is None:
                return None
            of_class.append(one)
        return [of_class[cls] for cls in self.problem.cls.tolist()]

    def acknowledged(self, op: int) -> bool:
        """Whether an operation returned `ok`."""
        return self.operation(op).outcome == OK

    def before(self, first: int, second: int) -> bool:
        """Whether one operation had returned when another was called."""
        self.look()
        return bool(self.ret[first] < self.call[second])

    def begun(self, op: int) -> Mask:
        """The operations that were called before this one returned."""
        begun: Mask = self.call < self.ret[op]
        return begun

    def look(self, things: int = 1) -> None:
        """Raise `OutOfTime` if the deadline has passed, and a few things were looked at: now so many more."""
        self._looks += things
        if self._looks > _FREE_LOOKS and self.deadline is not None and self.deadline.passed():
            raise OutOfTime

    def client(self, op: int) -> str:
        """The client of an operation, `client 1`; if its process has another number, `client 1 (process 6)`."""
        return self.history.client(int(self.problem.number[op]))

    def alike(self, *ops: int) -> bool:
        """Whether one client did all these operations."""
        return len({int(self.history.lanes[self.problem.number[op]]) for op in ops}) == 1

    def failed(self, op: int) -> Iterator[ModelOperation]:
        """The operations of this key that failed, without a mismatch, and were invoked before `op` returned.

        Their outcome is "info": a rule asks what they do if they took effect after all.
        """
        operations, number = self.history.operations, int(self.problem.number[op])
        begun = operations.start <= (operations.end[number] if self.ret[op] != NEVER else NEVER)
        mismatch = self.history.errors.find(MISMATCH)
        refused = operations.error != (-1 if mismatch is None else mismatch)
        same = operations.key == operations.key[number]
        for other in np.flatnonzero(begun & refused & same & (operations.outcome == FAIL)).tolist():
            yield ModelOperation(
                self.history.fs[operations.f[other]],
                self.history.values[operations.argument[other]],
                None,
                INFO,
                int(operations.process[other]) if self.model.by_process else None,
            )


def same(one: object, other: object) -> bool:
    """Whether two JSON values are equal, and of equal type."""
    return bool(freeze(one) == freeze(other))


def text(value: object) -> str:
    """A value in a sentence. What was never set is "nothing"."""
    return "nothing" if value is None else value_text(value, _VALUE)


def listed(parts: list[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def a(noun: str) -> str:
    """The noun with its article."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def upper(words: str) -> str:
    """The words with a capital letter at the beginning."""
    return words[:1].upper() + words[1:]
