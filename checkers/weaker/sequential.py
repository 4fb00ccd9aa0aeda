"""Sequential consistency: one order of all operations, of all keys, that keeps the order of each process.

    Lamport: "How to Make a Multiprocessor Computer That Correctly Executes Multiprocess Programs", IEEE Transactions on
    Computers C-28(9), 1979.

Times do not count: a read may be old, as long as everything that its process saw fits into one order. Unlike
linearizability, this is not local: each key alone may have its order, and no order fits both.

    process 0   write x 1    read y -> nothing
    process 1   write y 1    read x -> nothing         each key alone is fine; together there is no order

To decide it is NP-complete (Gibbons & Korach, "Testing Shared Memories", SIAM J. Computing 26(4), 1997, section 3),
even if it is known which write every read saw; for one key it is then easy. So there are three steps:

1. *Registers whose values are set once: what must come before what.* If `r` saw the value of `w`, and `v` is another
   write to the same key, then `v` does not come between them:

        v before r   =>   v before w            w before v   =>   r before v

   These rules are applied until nothing new follows. A cycle shows that there is no order. For one key, no cycle shows
   that there is one. Polynomial: O(n²) a round, on sets of 64 operations at a time.
2. *A guess* at the order of the writes to each key, from their times (`write_orders`). If it is right, the order of the
   rest follows.
3. *A search* for the order, one operation after the other: depth first, the operation that began first before the
   others, with a memory of what was tried. A read that can come next comes next, for it changes nothing. What follows
   from step 1 is kept. It ends after a number of steps, and then the answer is `unknown`.

Every order that is found is replayed, whoever found it.

An operation of unknown outcome is the last of its process (see `observations`). It comes at any place, or nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.models.model import Model
from clew.checkers.weaker.before import closure, in_order
from clew.checkers.weaker.observations import NOTHING, Observations, bits, sessions_of
from clew.checkers.weaker.promise import SEQUENTIAL, Promise
from clew.checkers.weaker.write_orders import guessed_order
from clew.histories.history import History

MOST_STEPS = 50_000
"""The search gives up after so many operations were put next: some seconds. A count, not a time, so that the answer is
the same on every machine."""
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
) -> Promise:
    """Whether a history is sequentially consistent. `seen` is None if it is not known who saw whose write."""
    before: list[int] | None = None
    if seen is not None:
        if seen.never_set:
            number = seen.operations[seen.never_set[0]].number
            why = f"no operation that did not fail set what this saw: {describe(number)}"
            return Promise(SEQUENTIAL, "no", why, (number,))
        saturated = _Saturated(seen)
        if not saturated.saturate(deadline):
            return Promise(SEQUENTIAL, "unknown", "out of time")
        if saturated.cycle:
            return _no_order(seen, saturated, describe)
        before = saturated.rounds[-1]
    search = _Search(history, model, problems, seen, before)
    answer: bool | None = None
    if seen is not None:
        start = history.operations.start[search.number].tolist()
        end = history.operations.end[search.number].tolist()
        guess = guessed_order(seen, saturated.rounds[-1], saturated.readers, start, end)
        answer = True if guess is not None and search.take(guess) else None
    if answer is None:
        answer = search.run(most_steps, deadline)
    if answer is None:
        return Promise(SEQUENTIAL, "unknown", f"no order was found in {most_steps:,} steps, nor that there is none")
    if not answer:
        return Promise(SEQUENTIAL, "no", "all orders that keep the order of each process were tried; none explains it")
    assert search.explains()
    keys = " of all keys" if len(problems) > 1 else ""
    why = f"one order{keys} that keeps the order of each process explains every answer"
    return Promise(SEQUENTIAL, "yes", why, order=tuple(search.numbers()))


def _no_order(seen: Observations, saturated: _Saturated, describe: Callable[[int], str]) -> Promise:
    numbers = tuple(sorted(seen.operations[op].number for op in saturated.reason()))
    why = "no order that keeps the order of each process explains these"
    if len(numbers) > _FEW:
        return Promise(SEQUENTIAL, "no", f"{why} {len(numbers)} operations", numbers)
    return Promise(SEQUENTIAL, "no", "\n".join([f"{why}:", *(f"  {describe(number)}" for number in numbers)]), numbers)


class _Saturated:
    """What must come before what, for registers whose values are set once."""

    def __init__(self, seen: Observations) -> None:
        self.seen = seen
        count = len(seen.operations) + seen.keys
        before = [0] * count
        self.readers = [0] * count
        """For each write, and for each initial value, the operations that saw it."""
        self.of_key = [1 << seen.initial(key) for key in range(seen.keys)]
        for session in seen.sessions:
            last = 0
            for number in session:
                op = seen.operations[number]
                if not op.happened:
                    continue
                before[number] |= last | 1 << seen.initial(op.key)
                last = 1 << number
                if op.sees != NOTHING:
                    before[number] |= 1 << op.sees
                    self.readers[op.sees] |= 1 << number
                if op.sets:
                    self.of_key[op.key] |= 1 << number
        self.rounds = [before]
        """What was known after each round, first what is said directly: for each operation what must come before it."""
        self.cycle: list[int] = []

    def saturate(self, deadline: Deadline) -> bool:
        """Apply the rules until nothing new follows, or until there is a cycle. False if the deadline passed."""
        while not deadline.passed():
            before = self.rounds[-1]
            order, self.cycle = in_order(before)
            if self.cycle:
                return True
            following = self._round(before, order)
            if following == before:
                return True
            self.rounds.append(following)
        return False

    def _round(self, before: list[int], order: list[int]) -> list[int]:
        all_before = closure(before, order)
        following = list(before)
        gone = [0] * len(before)
        """For each write the operations that saw values which were set before it."""
        for node in order:
            key = self._key_set_by(node)
            if key is None:
                continue
            writes = self.of_key[key]
            rest = all_before[node] & writes
            while rest:
                earlier = rest.bit_length() - 1
                gone[node] |= self.readers[earlier] | gone[earlier]
                rest &= ~(all_before[earlier] | 1 << earlier)
            must = gone[node]
            for read in bits(self.readers[node]):
                must |= all_before[read] & writes
            following[node] |= must & ~all_before[node] & ~(1 << node)
        return following

    def _key_set_by(self, node: int) -> int | None:
        if node >= len(self.seen.operations):
            return node - len(self.seen.operations)
        op = self.seen.operations[node]
        return op.key if op.sets and op.happened else None

    def reason(self) -> list[int]:
        """Operations that have no order, whatever the others did: those from which the cycle follows."""
        found: set[int] = set()
        edges = [(one, two, len(self.rounds) - 1) for one, two in pairwise([*self.cycle, self.cycle[0]])]
        done: set[tuple[int, int, int]] = set()
        while edges:
            edge = edges.pop()
            if edge in done:
                continue
            done.add(edge)
            one, two, level = edge
            found |= {one, two}
            while level and self.rounds[level - 1][two] >> one & 1:
                level -= 1
            if level:
                edges += self._because(one, two, level - 1, found)
        return self.seen.with_witnesses([op for op in found if op < len(self.seen.operations)])

    def _because(self, one: int, two: int, level: int, found: set[int]) -> Iterator[tuple[int, int, int]]:
        """The steps from which a rule concluded that `one` comes before `two`."""
        before = self.rounds[level]
        if one < len(self.seen.operations) and self.seen.operations[one].sees != NOTHING:
            path = _path(before, self.seen.operations[one].sees, two)
            if path and self.seen.operations[one].key == self._key_set_by(two):
                yield from ((a, b, level) for a, b in pairwise(path))
                found |= set(path)
                return
        for read in bits(self.readers[two]):
            path = _path(before, one, read)
            if path:
                yield from ((a, b, level) for a, b in pairwise(path))
                found |= set(path)
                return


def _path(before: list[int], first: int, last: int) -> list[int]:
    """A shortest path on which each must come before the next; empty if there is none."""
    after: dict[int, int] = {}
    layer, reached = [last], 1 << last
    while layer and first not in after:
        following = []
        for two in layer:
            new = before[two] & ~reached
            reached |= new
            for one in bits(new):
                after[one] = two
                following.append(one)
        layer = following
    if first not in after:
        return []
    path = [first]
    while path[-1] != last:
        path.append(after[path[-1]])
    return path


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
        seen: Observations | None,
        before: list[int] | None,
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
        if seen is not None:
            known = [op.happened for op in seen.operations]
        self._last = [not needed for needed in known]
        self._must = sum(1 << op for op, needed in enumerate(known) if needed)
        self._keys = len(problems)
        self._before = before
        self._readers = [0] * (count + self._keys)
        if seen is not None:
            for op, one in enumerate(seen.operations):
                if one.happened and one.sees != NOTHING:
                    self._readers[one.sees] |= 1 << op
        self._unique = seen is not None
        self._order: list[int] = []
        self._steps = 0

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
            if self._steps > most_steps or deadline.passed():
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
        if self._before is not None and self._before[op] & ~node.placed:
            return False
        state, setter = node.states[self._key[op]]
        # A value is set once. Who still has to see it must do so before it is replaced.
        if self._unique and not self._observer[op] and self._readers[setter] & ~node.placed & ~(1 << op):
            return False
        return self._model.step(state, self._op[op]) is not None

    def _place(self, node: _Node, session: int) -> None:
        op = self._sessions[session][node.at[session]]
        key = self._key[op]
        state, setter = node.states[key]
        node.states[key] = (self._model.step(state, self._op[op]), setter if self._observer[op] else op)
        node.at[session] += 1
        node.placed |= 1 << op
        self._order.append(op)
        self._steps += 1
