"""Replays a witness with the plain model against the real-time order. It shares no code with any engine."""

from __future__ import annotations

from typing import Any

from clew.checkers.models import find_model
from clew.checkers.models.model import Model, ModelOperation
from clew.checkers.verdict import KeyVerdict, Verdict
from clew.histories import FAIL, INFO, MISMATCH, History


class WitnessError(AssertionError):
    """A witness that does not show what it should: a bug in an engine."""


def verify_witness(history: History, model: str | Model, verdict: Verdict) -> None:
    """Check that the witness of every valid key is a linearization of the operations of this key.

    It is one if three things hold. It has every operation that took effect or observed something exactly once, and none
    that failed. The model accepts each operation with the result that it returned. No operation stands before one that
    had returned before it was invoked.

    Raises `WitnessError` otherwise, or if a key has no verdict. O(n).
    """
    model = find_model(model) if isinstance(model, str) else model
    operations = history.operations
    keys: dict[int, set[int]] = {}
    required: dict[int, set[int]] = {}
    for number, (key, outcome) in enumerate(zip(operations.key.tolist(), operations.outcome.tolist(), strict=True)):
        observed = outcome == FAIL and history.errors[operations.error[number]] == MISMATCH
        if outcome == FAIL and not observed:
            continue
        keys.setdefault(key, set()).add(number)
        if outcome != INFO:
            required.setdefault(key, set()).add(number)
    verdicts: dict[int, KeyVerdict] = {}
    for one in verdict.keys:
        code = history.keys.find(one.key)
        if code is None:
            raise WitnessError(f"there is a verdict on key {one.key!r}, which the history does not have")
        if code in verdicts:
            raise WitnessError(f"there are two verdicts on key {one.key!r}")
        verdicts[code] = one
    for key in required:
        if key not in verdicts:
            raise WitnessError(f"there is no verdict on key {history.keys[key]!r}")
    for key, one in verdicts.items():
        if one.verdict == "valid":
            _replay(history, model, one, keys.get(key, set()), required.get(key, set()))


def _replay(history: History, model: Model, verdict: KeyVerdict, allowed: set[int], required: set[int]) -> None:
    """Check one witness, which must hold all `required` operations and may hold the `allowed` ones."""
    if verdict.witness is None:
        raise WitnessError(f"key {verdict.key!r} is valid and has no witness")
    placed = set(verdict.witness)
    if len(placed) != len(verdict.witness) or not required <= placed <= allowed:
        raise WitnessError(f"the witness of key {verdict.key!r} does not hold exactly the operations that count")
    operations = history.operations
    state: Any = model.initial
    latest = -1
    for number in verdict.witness:
        if operations.end[number] < latest:
            raise WitnessError(f"operation {number} stands after one that was invoked only when it had returned")
        latest = max(latest, int(operations.start[number]))
        process = int(operations.process[number]) if model.by_process else None
        after = model.step(state, _model_operation(history, number)._replace(process=process))
        if after is None:
            raise WitnessError(f"operation {number} is impossible in state {state!r}")
        state = after


def _model_operation(history: History, number: int) -> ModelOperation:
    """The operation with this number as `Model.step` takes it, without its process."""
    operations = history.operations
    f, argument = history.fs[operations.f[number]], history.values[operations.argument[number]]
    if operations.outcome[number] == INFO:
        return ModelOperation(f, argument, None, "info")
    if operations.outcome[number] == FAIL:
        return ModelOperation(f, argument, None, "mismatch")
    return ModelOperation(f, argument, history.values[operations.result[number]], "ok")
