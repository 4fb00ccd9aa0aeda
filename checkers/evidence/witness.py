"""Replays a witness with the plain model against the real-time order. It shares no code with any engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clew.checkers.models import find_model
from clew.checkers.models.model import Model, ModelOperation
from clew.checkers.verdict import KeyVerdict, Verdict
from clew.histories import FAIL, INFO, MISMATCH, OK, History

Ints = NDArray[np.int64]


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
    operations, order = history.operations, np.array(verdict.witness, np.int64)
    begun = np.maximum.accumulate(operations.start[order])
    wrong = np.flatnonzero(operations.end[order][1:] < begun[:-1])
    if len(wrong):
        number = verdict.witness[wrong[0] + 1]
        raise WitnessError(f"operation {number} stands after one that was invoked only when it had returned")
    state: Any = model.initial
    for number, op in zip(verdict.witness, _model_operations(history, model, order), strict=True):
        after = model.step(state, op)
        if after is None:
            raise WitnessError(f"operation {number} is impossible in state {state!r}")
        state = after


def _model_operations(history: History, model: Model, order: Ints) -> Iterator[ModelOperation]:
    """The operations with these numbers as `Model.step` takes them."""
    operations = history.operations
    outcomes = operations.outcome[order].tolist()
    fs = map(history.fs.objects.__getitem__, operations.f[order].tolist())
    arguments = map(history.values.objects.__getitem__, operations.argument[order].tolist())
    results = [
        history.values[code] if outcome == OK else None
        for code, outcome in zip(operations.result[order].tolist(), outcomes, strict=True)
    ]
    kinds = map({INFO: "info", FAIL: "mismatch", OK: "ok"}.__getitem__, outcomes)
    processes = operations.process[order].tolist() if model.by_process else [None] * len(order)
    return map(ModelOperation, fs, arguments, results, kinds, processes)
