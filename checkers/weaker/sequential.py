"""Sequential consistency: one order of all operations, of all keys, that keeps the order of each process.

    Lamport: "How to Make a Multiprocessor Computer That Correctly Executes Multiprocess Programs", IEEE Transactions on
    Computers C-28(9), 1979.

Times do not count: a read may be old, as long as everything that its process saw fits into one order. Unlike
linearizability, this is not local: each key alone may have its order, and no order fits both.

    process 0   write x 1    read y -> nothing
    process 1   write y 1    read x -> nothing         each key alone is fine; together there is no order

To decide it is NP-complete (Gibbons & Korach, "Testing Shared Memories", SIAM J. Computing 26(4), 1997, section 3),
even if it is known which write every read saw; for one key it is then easy. So there are three steps:

1. *Registers: what must come before what* (`saturated`). A cycle shows that there is no order. For one key whose values
   are set once, no cycle shows that there is one.
2. *Registers whose values are set once: a guess* at the order of the writes to each key, from their times
   (`write_orders`). If it is right, the order of the rest follows.
3. *A search* for the order, one operation after the other: depth first, the operation that began first before the
   others, with a memory of what was tried. A read that can come next comes next, for it changes nothing. What follows
   from step 1 is kept. It ends after a number of steps, and then the answer is `unknown`.

Every order that is found is replayed, whoever found it.

An operation of unknown outcome is the last of its process (see `observations`). It comes at any place, or nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.models.model import Model
from clew.checkers.weaker.before import OutOfTime
from clew.checkers.weaker.observations import NOTHING, Observations, Possible, bits, sessions_of
from clew.checkers.weaker.promise import SEQUENTIAL, Promise
from clew.checkers.weaker.saturated import Saturated, narrowed
from clew.checkers.weaker.write_orders import guessed_order
from clew.histories.history import History

MOST_STEPS = 50_000
"""The search gives up after so many operations were put next: about a second. A count, not a time, so that the answer
is the same on every machine."""
_LOOKS = 10
"""It gives up after so many times as many looks at what could come next, too. Among 30 processes there are 40 looks for
each operation that is put next: five seconds without this."""
_MOST_NARROWED = 5_000
"""Of more operations whose values are set more than once, nothing is concluded before the search: the sets would be too
large."""
_FEW_TO_COME = 8
"""If more operations than this may still set a value again, the search does not ask who has to see it before that. To
ask costs a step for each reader and, measured on 40 histories, saved nothing."""
_FEW = 12
"""A reason of at most this many operations is listed in full."""


def decide(
    history: History,
    model: Model,
    problems: Sequence[Problem],
    seen: Observations | None,
    deadline: Deadline,
    describe: Callable[[int], str],
    most_steps: int = MOST_STEPS,
    *,
    possible: Possible | None = None,
    impossible: tuple[int, ...] = (),
) -> Promise:
    """Whether a history is sequentially consistent.

    `seen` is None if it is not known who saw whose write; `possible` then says who may have, if these are registers.
    `impossible` are operations of which it is known that no order explains them.
    """
    if impossible:
        return Promise(SEQUENTIAL, "no", _these(impossible, describe), impossible)
    before: list[int] | None = None
    may_see: dict[int, int] = {}
    if possible is not None and len(possible.seen.operations) <= _MOST_NARROWED:
        certain = narrowed(possible, deadline)
        if certain is None:
            return Promise(SEQUENTIAL, "unknown", "out of time")
        if certain.saw_nothing is not None:
            number = possible.seen.operations[certain.saw_nothing].number
            why = f"in no order that keeps the order of each process was there what this saw: {describe(number)}"
            return Promise(SEQUENTIAL, "no", why, (number,))
        if certain.no_order:
            return Promise(SEQUENTIAL, "no", "no order that keeps the order of each process explains all answers")
        before, may_see = certain.before, certain.may_see
    if seen is not None:
        if seen.never_set:
            number = seen.operations[seen.never_set[0]].number
            why = f"no operation that did not fail set what this saw: {describe(number)}"
            return Promise(SEQUENTIAL, "no", why, (number,))
        saturated = Saturated(seen)
        if not saturated.saturate(deadline):
            return Promise(SEQUENTIAL, "unknown", "out of time")
        if saturated.cycle:
            return _no_order(seen, saturated, describe)
        before = saturated.rounds[-1]
        may_see = {op: 1 << one.sees for op, one in enumerate(seen.operations) if one.happened and one.sees != NOTHING}
    register = seen or (None if possible is None else possible.seen)
    search = _Search(history, model, problems, register, before, may_see)
    answer: bool | None = None
    if seen is not None:
        start = history.operations.start[search.number].tolist()
        end = history.operations.end[search.number].tolist()
        try:
            guess = guessed_order(seen, saturated.rounds[-1], saturated.readers, start, end, deadline)
        except OutOfTime:
            return Promise(SEQUENTIAL, "unknown", "out of time")
        answer = True if guess is not None and search.take(guess) else None
    if answer is None:
        answer = search.run(most_steps, deadline)
    if answer is None:
        return Promise(SEQUENTIAL, "unknown", f"no order was found in {search.steps:,} steps, nor that there is none")
    if not answer:
        return Promise(SEQUENTIAL, "no", "all orders that keep the order of each process were tried; none explains it")
    assert search.explains()
    keys = " of all keys" if len(problems) > 1 else ""
    why = f"one order{keys} that keeps the order of each process explains every answer"
    return Promise(SEQUENTIAL, "yes", why, order=tuple(search.numbers()))


def _no_order(seen: Observations, saturated: Saturated, describe: Callable[[int], str]) -> Promise:
    numbers = tuple(sorted(seen.operations[op].number for op in saturated.reason()))
    return Promise(SEQUENTIAL, "no", _these(numbers, describe), numbers)


def _these(numbers: tuple[int, ...], describe: Callable[[int], str]) -> str:
    why = f"no order that keeps the order of each process explains {'these' if len(numbers) > 1 else 'this'}"
    if len(numbers) > _FEW:
        return f"{why} {len(numbers)} operations"
    return "\n".join([f"{why}:", *(f"  {describe(number)}" for number in numbers)])


@dataclass
class _Node:
    """A place in the search."""

    at: list[int]
    """For each session how many of its operations were placed."""
    states: list[Any]
    placed: int
    length: int
    """How long the order was."""
    choices: list[int]
    """Sessions whose next operation can come next, the best one last."""


class _Search:
    """A search for an order of all operations that keeps the order of each session."""

    def __init__(
        self,
        history: History,
        model: Model,
        problems: Sequence[Problem],
        register: Observations | None,
        before: list[int] | None,
        may_see: dict[int, int],
    ) -> None:
        self._model = model
        pairs = sessions_of(history, problems)
        self._sessions: list[list[int]] = []
        self._pairs = [pair for session in pairs for pair in session]
        count = 0
        for session in pairs:
            self._sessions.append(list(range(count, count + len(session))))
            count += len(session)
        self.number = [int(problems[key].number[place]) for key, place in self._pairs]
        self._key = [key for key, _ in self._pairs]
        self._op = [problems[key].classes[problems[key].cls[place]] for key, place in self._pairs]
        self._observer = [bool(problems[key].observer[problems[key].cls[place]]) for key, place in self._pairs]
        self._start = [int(history.operations.start[number]) for number in self.number]
        known = [bool(problems[key].ret[place] != NEVER) for key, place in self._pairs]
        self._sets = [not observer for observer in self._observer]
        if register is not None:
            known = [op.happened for op in register.operations]
            self._sets = [op.sets for op in register.operations]
        self._last = [not needed for needed in known]
        self._must = sum(1 << op for op, needed in enumerate(known) if needed)
        self._keys = len(problems)
        self._before = before
        self._may_see = may_see
        """For operations that saw a value: who may have set it."""
        self._readers = [0] * (count + self._keys)
        """For each operation, and for each initial value, those that may see what it set."""
        self._alike = [0] * (count + self._keys)
        """For each of them, who may have set what these see."""
        for op, setters in may_see.items():
            for setter in bits(setters):
                self._readers[setter] |= 1 << op
                self._alike[setter] |= setters
        self._order: list[int] = []
        self.steps = 0
        """Operations that were put next."""
        self._looked = 0

    def numbers(self) -> list[int]:
        """The order that was found, in the numbers of the history."""
        return [self.number[op] for op in self._order]

    def take(self, order: list[int]) -> bool:
        """Take this order for the one that was sought, if it explains everything."""
        self._order = list(order)
        if self.explains():
            return True
        self._order.clear()
        return False

    def explains(self) -> bool:
        """Whether the order keeps that of each session, has all that happened, and gives every answer."""
        at = [0] * len(self._sessions)
        home = {op: session for session, mine in enumerate(self._sessions) for op in mine}
        states = [self._model.initial] * self._keys
        placed = 0
        for op in self._order:
            session, key = home[op], self._key[op]
            if self._next_of(session, at[session]) != op:
                return False
            at[session] += 1
            states[key] = self._model.step(states[key], self._op[op])
            if states[key] is None:
                return False
            placed |= 1 << op
        return self._must & ~placed == 0

    def run(self, most_steps: int, deadline: Deadline) -> bool | None:
        """True if an order was found, False if there is none, None if that took too many steps."""
        initial = ((1 << self._keys) - 1) << len(self._op)
        setters = [len(self._op) + key for key in range(self._keys)]
        node = _Node([0] * len(self._sessions), [(self._model.initial, s) for s in setters], initial, 0, [])
        self._look(node)
        stack, tried = [node], {self._name(node)}
        while stack:
            node = stack[-1]
            if self._must & ~node.placed == 0:
                return True
            if not node.choices:
                stack.pop()
                continue
            # Every time: a step of a queue whose elements may be gone can take a second.
            if max(self.steps, self._looked // _LOOKS) > most_steps or deadline.passed():
                return None
            del self._order[node.length :]
            child = _Node(list(node.at), list(node.states), node.placed, 0, [])
            self._place(child, node.choices.pop())
            self._look(child)
            name = self._name(child)
            if name not in tried:
                tried.add(name)
                stack.append(child)
        return False

    def _name(self, node: _Node) -> tuple[Any, ...]:
        return (node.placed, *(state for state, _ in node.states))

    def _look(self, node: _Node) -> None:
        """Place all reads that can come next, and list what else can."""
        again = True
        while again:
            again = False
            for session in range(len(self._sessions)):
                while (op := self._next(node, session)) is not None and self._observer[op] and self._fits(node, op):
                    self._place(node, session)
                    again = True
        fit = []
        for session in range(len(self._sessions)):
            op = self._next(node, session)
            if op is not None and not self._observer[op] and self._fits(node, op):
                fit.append((self._last[op], self._start[op], session))
        node.choices = [session for *_, session in sorted(fit, reverse=True)]
        node.length = len(self._order)

    def _next(self, node: _Node, session: int) -> int | None:
        return self._next_of(session, node.at[session])

    def _next_of(self, session: int, at: int) -> int | None:
        mine = self._sessions[session]
        return mine[at] if at < len(mine) else None

    def _fits(self, node: _Node, op: int) -> bool:
        """Whether an operation can come next, and need not come later."""
        self._looked += 1
        if self._before is not None and self._before[op] & ~node.placed:
            return False
        state, setter = node.states[self._key[op]]
        if self._sets[op] and self._last_chance(setter, node.placed | 1 << op, node.placed):
            return False
        return self._model.step(state, self._op[op]) is not None

    def _last_chance(self, setter: int, after: int, placed: int) -> bool:
        """Whether somebody still has to see this value before it is replaced, because nobody can set it again."""
        if (self._alike[setter] & ~placed).bit_count() > _FEW_TO_COME:
            return False
        return any(not self._may_see[reader] & ~placed for reader in bits(self._readers[setter] & ~after))

    def _place(self, node: _Node, session: int) -> None:
        op = self._sessions[session][node.at[session]]
        key = self._key[op]
        state, setter = node.states[key]
        node.states[key] = (self._model.step(state, self._op[op]), op if self._sets[op] else setter)
        node.at[session] += 1
        node.placed |= 1 << op
        self._order.append(op)
        self.steps += 1
