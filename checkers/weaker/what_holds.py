"""What does hold: the weaker promises that a history keeps, whether or not it is linearizable.

    linearizable            implies bounded staleness with delta = 0, and sequential consistency
    sequential consistency  implies the four session guarantees
    bounded staleness       compares with none of them: it is about time, and they are not
    delivery                is what a queue promises of each element, whatever their order

"yes" is said only of what is shown: by an order that explains every answer, or because an algorithm that was compared
with trying everything says so. If the budget does not suffice, or nobody knows who saw whose write, it is `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.forms import form_of
from clew.checkers.models import find_model
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget
from clew.checkers.weaker import delivery, sequential, session, staleness
from clew.checkers.weaker.counts import impossible_counts
from clew.checkers.weaker.observations import Observations, observe, possible, registers_of
from clew.checkers.weaker.promise import TOGETHER, Promise, in_short
from clew.histories.history import History
from clew.histories.rounding import Moments

Family = Literal["sequential", "session", "staleness"]
FAMILIES: tuple[Family, ...] = ("sequential", "session", "staleness")
"""What can be asked for: sequential consistency, the session guarantees, how old reads are."""

_DEFAULT_BUDGET = Budget()


class WhatHolds(msgspec.Struct, frozen=True):
    """Which promises a history keeps."""

    promises: tuple[Promise, ...]
    """In the order: sequential consistency, the four session guarantees, these together, bounded staleness; only those
    that were asked for. Then, for a queue, at-most-once and at-least-once delivery."""

    def __getitem__(self, name: str) -> Promise:
        """The promise of this name. Raises `KeyError`."""
        for promise in self.promises:
            if promise.name == name:
                return promise
        raise KeyError(name)

    def __str__(self) -> str:
        """All of them in one line; see `promise.in_short`."""
        return in_short(self.promises)


def what_holds(
    history: History,
    model: str | Model = "cas-register",
    families: Sequence[Family] = FAMILIES,
    *,
    budget: Budget = _DEFAULT_BUDGET,
    until: Deadline | None = None,
) -> WhatHolds:
    """Which weaker promises than linearizability a history keeps.

        from clew.checkers import what_holds

        print(what_holds(history, "register"))

    `budget` holds for all together; `until` ends the search as it does in `check`. Histories of registers whose
    values are set once get an answer about all of them in polynomial time, except about sequential consistency of
    several keys. Of others, sequential consistency is searched for and the age of reads is known if the model tells
    which operations read; the session guarantees are `unknown`. Of queues, two promises more are always told: that no
    element comes out twice, and that none is lost.

    Raises as `check` does.
    """
    from clew.checkers.evidence.explanation import describe

    model = find_model(model) if isinstance(model, str) else model
    deadline = Deadline(budget.seconds, until)
    problems = encode(history, model)
    forms = [form_of(problem, model) for problem in problems]
    seen = observe(history, problems, forms)

    def words(number: int) -> str:
        key = history.keys[history.operations.key[number]]
        on_key = "" if key is None or len(problems) < 2 else f"key {key}: "
        return f"operation {number}: {on_key}{describe(history, number, Moments(history, [number]))}"

    found: list[Promise] = []
    with deadline.not_counting_compilation():
        if "sequential" in families:
            registers = registers_of(forms) if seen is None else None
            unsure = None if registers is None else possible(history, problems, registers)
            impossible = impossible_counts(history, problems, forms)
            found.append(
                sequential.decide(
                    history, model, problems, seen, deadline, words, possible=unsure, impossible=impossible
                )
            )
        if "session" in families:
            found += _session_guarantees(seen, deadline, words)
        if "staleness" in families:
            found.append(staleness.decide(history, model, problems, budget, deadline, words))
    if delivery.is_queue(model):
        found += delivery.decide(history, problems, words)
    return WhatHolds(tuple(found))


def _session_guarantees(seen: Observations | None, deadline: Deadline, describe: Callable[[int], str]) -> list[Promise]:
    if seen is not None:
        return session.decide(seen, deadline, describe)
    why = "it is not known who saw whose write: that takes registers whose every value is set once"
    return [Promise(name, "unknown", why) for name in (*session.GUARANTEES, TOGETHER)]
