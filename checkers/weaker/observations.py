"""Who saw whose write: a history of registers whose every value is set once, for all keys together.

If no value is set twice, a read tells which operation set what it saw. Weaker promises than linearizability are then
conditions on a graph of the writes, and a graph can be decided in polynomial time.

A *session* is a process of the history. A client thread gets a fresh process after an operation of unknown outcome, and
with it a fresh client: a new connection, which knows nothing of what the old one saw. No database can promise anything
across the two. So an operation of unknown outcome is the last of its session, and nothing comes after it.

Operations are numbered here session by session, each in the order of its session. So a set of operations is a whole
number in Python, one bit for each: unions and differences of sets cost n / 64 machine words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import DIFFERS, Form, RegisterForm
from clew.histories.history import History

NOTHING = -1
"""`Seen.sees` of an operation that sees nothing: a write."""


@dataclass(frozen=True)
class Seen:
    """One operation: what it saw, and whether it set a value."""

    number: int
    """Its position in `History.operations`."""
    key: int
    """The position of its problem among the problems."""
    sees: int
    """The operation whose value it saw; `Observations.initial(key)` for the initial value; NOTHING for a write."""
    sets: bool
    """Whether it set a value."""
    differs_from: int | None
    """For a mismatch, the operation that set the value which it did *not* see; NOTHING if nobody set it."""
    known: bool
    """False for an operation of unknown outcome."""
    happened: bool
    """False for an operation of unknown outcome whose value nobody saw."""


@dataclass(frozen=True)
class Observations:
    """All operations that count, session by session."""

    operations: list[Seen]
    sessions: list[range]
    """The operations of each session, in their order."""
    keys: int
    never_set: list[int] = field(default_factory=list)
    """Operations that saw a value which no operation sets."""

    def initial(self, key: int) -> int:
        """The number that stands for the initial value of a key. These follow the numbers of the operations."""
        return len(self.operations) + key

    @property
    def has_mismatches(self) -> bool:
        """Whether a compare-and-set found something else than it expected."""
        return any(op.differs_from is not None for op in self.operations)

    def with_witnesses(self, operations: Sequence[int]) -> list[int]:
        """These operations, and for each of unknown outcome others that show that it happened."""
        found = dict.fromkeys(operations)
        for op in operations:
            found.update(dict.fromkeys(self._witnesses(op)))
        return list(found)

    def _witnesses(self, op: int) -> list[int]:
        """Operations of which the first saw the value of `op`, each the value of the one before, and the last is known
        to have happened. Empty if `op` is known."""
        saw: dict[int, int] = {op: op}
        layer = [op]
        while layer:
            last = next((one for one in layer if self.operations[one].known), None)
            if last is not None:
                chain = [last]
                while saw[chain[-1]] != chain[-1]:
                    chain.append(saw[chain[-1]])
                return chain[-2::-1]
            following = []
            for one, other in enumerate(self.operations):
                if other.happened and other.sees in layer and one not in saw:
                    saw[one] = other.sees
                    following.append(one)
            layer = following
        return []


def sessions_of(history: History, problems: Sequence[Problem]) -> list[list[tuple[int, int]]]:
    """For each session its operations, as (problem, operation of the problem), in their order."""
    numbers = np.concatenate([problem.number for problem in problems] or [np.empty(0, np.int64)])
    key = np.repeat(np.arange(len(problems)), [len(problem) for problem in problems])
    place = np.concatenate([np.arange(len(problem)) for problem in problems] or [np.empty(0, np.int64)])
    process = history.operations.process[numbers]
    order = np.lexsort((numbers, process))
    found: list[list[tuple[int, int]]] = []
    last = None
    for row in order.tolist():
        if process[row] != last:
            last = process[row]
            found.append([])
        found[-1].append((int(key[row]), int(place[row])))
    return found


def observe(history: History, problems: Sequence[Problem], forms: Sequence[Form | None]) -> Observations | None:
    """What the operations saw. None if a problem is none of a register, or if a value is set twice."""
    registers = registers_of(forms)
    if registers is None or not all(form.values_set_once for form in registers):
        return None
    found = possible(history, problems, registers)
    operations = found.seen.operations
    never_set: list[int] = []
    for number, setters in found.setters.items():
        if setters:
            operations[number] = replace(operations[number], sees=setters.bit_length() - 1)
        else:
            never_set.append(number)
    operations = with_happened(operations)
    return replace(found.seen, operations=operations, never_set=[op for op in never_set if operations[op].happened])


def registers_of(forms: Sequence[Form | None]) -> list[RegisterForm] | None:
    """These forms, if all are of registers."""
    registers = [form for form in forms if isinstance(form, RegisterForm)]
    return registers if len(registers) == len(forms) else None


@dataclass(frozen=True)
class Possible:
    """What the operations may have seen."""

    seen: Observations
    """The operations. Nobody saw anything yet, and what has no known outcome did not happen."""
    setters: dict[int, int]
    """For each operation that saw a value the set of those that set this value, initial values included."""


def possible(history: History, problems: Sequence[Problem], registers: Sequence[RegisterForm]) -> Possible:
    """What the operations on registers may have seen, by their values alone."""
    sessions = sessions_of(history, problems)
    pairs = [pair for session in sessions for pair in session]
    setters: dict[tuple[int, int], int] = {}
    for key, form in enumerate(registers):
        setters[key, form.initial] = 1 << (len(pairs) + key)
    for number, (key, place) in enumerate(pairs):
        value = key, int(registers[key].sets[place])
        if value[1] >= 0:
            setters[value] = setters.get(value, 0) | 1 << number
    operations: list[Seen] = []
    may_see: dict[int, int] = {}
    for number, (key, place) in enumerate(pairs):
        form = registers[key]
        needs, differs = int(form.needs[place]), form.kind[place] == DIFFERS
        known = bool(form.problem.ret[place] != NEVER)
        those = setters.get((key, needs), 0)
        if needs >= 0 and not differs:
            may_see[number] = those & ~(1 << number)
        differs_from = (those.bit_length() - 1 if those else NOTHING) if differs else None
        numbered = int(form.problem.number[place])
        operations.append(Seen(numbered, key, NOTHING, bool(form.sets[place] >= 0), differs_from, known, known))
    lists, start = [], 0
    for session in sessions:
        lists.append(range(start, start + len(session)))
        start += len(session)
    return Possible(Observations(operations, lists, len(problems)), may_see)


def with_happened(operations: list[Seen]) -> list[Seen]:
    """The operations, where those of unknown outcome happened if one that happened saw their value."""
    happened = [op.happened for op in operations]
    waiting = [number for number, known in enumerate(happened) if known]
    while waiting:
        sees = operations[waiting.pop()].sees
        if 0 <= sees < len(operations) and not happened[sees]:
            happened[sees] = True
            waiting.append(sees)
    return [
        op if op.happened == now else replace(op, happened=now) for op, now in zip(operations, happened, strict=True)
    ]


def bits(mask: int) -> Iterator[int]:
    """The members of a set, largest first."""
    while mask:
        top = mask.bit_length() - 1
        yield top
        mask ^= 1 << top
