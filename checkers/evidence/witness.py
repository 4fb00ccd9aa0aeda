"""Replays a witness, trusting nobody: the plain model, the real-time order, and no code that an engine shares."""

from __future__ import annotations

from typing import Any

from clew.checkers.models import find_model
from clew.checkers.models.model import Model, ModelOperation
from clew.checkers.verdict import KeyVerdict, Verdict
from clew.histories import FAIL, INFO, MISMATCH, History


class WitnessError(AssertionError):
    """A witness that does not show what it should: a bug in an engine."""


def verify_witness(history: History, model: str | Model, verdict: Verdict) -> None:
    """Check that the witness of every valid partition is a linearization of the operations of its key.

    It is, if it holds every operation that took effect or observed something exactly once, and none that failed; if
    the model accepts each with the result that it returned; and if no operation stands before one that had returned
    before it was invoked. Raises `WitnessError` otherwise, or if a key has no partition. O(n).
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
    partitions: dict[int, KeyVerdict] = {}
    for partition in verdict.keys:
        code = history.keys.find(partition.key)
        if code is None or code in partitions:
            raise WitnessError(f"a partition for key {partition.key!r}, which the history does not have or has once")
        partitions[code] = partition
    for key in required:
        if key not in partitions:
            raise WitnessError(f"there is no partition for key {history.keys[key]!r}")
    for key, partition in partitions.items():
        if partition.verdict == "valid":
            _replay(history, model, partition, keys.get(key, set()), required.get(key, set()))


def _replay(history: History, model: Model, partition: KeyVerdict, allowed: set[int], required: set[int]) -> None:
    if partition.witness is None:
        raise WitnessError(f"the valid partition of key {partition.key!r} has no witness")
    placed = set(partition.witness)
    if len(placed) != len(partition.witness) or not required <= placed <= allowed:
        raise WitnessError(f"the witness of key {partition.key!r} does not hold exactly the operations that count")
    operations = history.operations
    state: Any = model.initial
    latest = -1
    for number in partition.witness:
        if operations.end[number] < latest:
            raise WitnessError(f"operation {number} stands after one that was invoked when it had returned")
        latest = max(latest, int(operations.start[number]))
        process = int(operations.process[number]) if model.by_process else None
        after = model.step(state, _operation(history, number)._replace(process=process))
        if after is None:
            raise WitnessError(f"operation {number} is impossible in state {state!r}")
        state = after


def _operation(history: History, number: int) -> ModelOperation:
    operations = history.operations
    f, argument = history.fs[operations.f[number]], history.values[operations.argument[number]]
    if operations.outcome[number] == INFO:
        return ModelOperation(f, argument, None, "info")
    if operations.outcome[number] == FAIL:
        return ModelOperation(f, argument, None, "mismatch")
    return ModelOperation(f, argument, history.values[operations.result[number]], "ok")
