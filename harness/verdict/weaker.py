"""The checks of weaker promises than linearizability, and what holds when a history is not linearizable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from clew.checkers.weaker.promise import TOGETHER, Kept, Promise
from clew.harness.verdict.result import Answer, CheckResult

if TYPE_CHECKING:
    from clew.checkers import Model, WhatHolds
    from clew.checkers.deadline import Deadline
    from clew.checkers.weaker.what_holds import Family
    from clew.histories import History

FAMILIES: tuple[Family, ...] = ("sequential", "session", "staleness")
"""The checks of weaker promises."""
UNASKED = 10.0
"""Seconds for what nobody asked for: what holds of a history that is not linearizable."""

_ANSWER: dict[Kept, Answer] = {"yes": "valid", "no": "invalid", "unknown": "unknown"}


def weaker_checks(
    history: History,
    model: str | Model,
    asked: Iterable[str],
    seconds: float,
    memory: int,
    *,
    linearizable: CheckResult | None = None,
    until: Deadline | None = None,
) -> tuple[dict[str, CheckResult], tuple[Promise, ...]]:
    """The results of the weaker checks among those `asked` for, and what holds if the history is not linearizable.

    `linearizable` is the result of that check, if it was done. `seconds` and `memory` (bytes) are the budget;
    `until` ends the search before that when it passes.
    """
    wanted = [family for family in FAMILIES if family in asked]
    broken = linearizable is not None and linearizable.verdict == "invalid"
    if not wanted and not broken:
        return {}, ()
    # Imported here because it takes time.
    from clew.checkers import Budget, what_holds
    from clew.checkers.models import find_model
    from clew.checkers.weaker.delivery import is_queue

    model = find_model(model) if isinstance(model, str) else model
    budget = Budget(seconds if wanted else min(seconds, UNASKED), memory)
    # A queue has promises of its own; what sessions see of it says nothing more.
    asked_for = FAMILIES if broken and not is_queue(model) else wanted
    found = what_holds(history, model, asked_for, budget=budget, until=until)
    return {family: _result(family, found) for family in wanted}, found.promises if broken else ()


def _result(family: Family, found: WhatHolds) -> CheckResult:
    from clew.checkers.weaker.promise import BOUNDED_STALENESS, SEQUENTIAL
    from clew.checkers.weaker.session import GUARANTEES

    names = {"sequential": (SEQUENTIAL,), "session": (*GUARANTEES, TOGETHER), "staleness": (BOUNDED_STALENESS,)}
    promises = [found[name] for name in names[family]]
    verdict = _ANSWER[promises[-1].kept]
    return CheckResult(verdict, _why(promises), msgspec.to_builtins(promises), _happened(promises))


def _why(promises: Sequence[Promise]) -> str:
    if len(promises) == 1:
        return promises[0].why
    if promises[-1].kept == "yes":
        return f"{promises[-1].name}: {promises[-1].why}"
    same = len({promise.why for promise in promises}) == 1
    return promises[0].why if same else "\n".join(f"{one.name}: {one.kept}; {one.why}" for one in promises)


def _happened(promises: Sequence[Promise]) -> str | None:
    """What an invalid check says, in one sentence. That the four together are broken is news if each alone holds."""
    broken = [promise.name for promise in promises if promise.kept == "no"]
    told = [name for name in broken if name != TOGETHER] or broken
    return f"What clients saw breaks {', '.join(told)}." if told else None
