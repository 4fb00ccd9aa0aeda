"""Recorded runs and histories from anywhere: judge them again."""

from __future__ import annotations

from pathlib import Path

from harness import store
from harness.judge import linearizable
from harness.result import Result
from histories import History, HistoryError, load


def history_of(path: Path) -> tuple[History, store.RunFolder | None]:
    """The history in a file, or of a run folder (then with the folder).

    Raises `NoRun` if there is neither, `HistoryError` if it cannot be read.
    """
    if path.is_file():
        return load(path), None
    folder = store.find(path)
    if not folder.history.exists():
        raise store.NoRun(f"{path} has no history.jsonl")
    return load(folder.history), folder


def check_history(path: Path, model: str | None, seconds: float = 60.0, memory: int = 1 << 30) -> Result:
    """The checker's verdict on a run or a history; the model is the one that the history names unless given.

    Raises `NoRun`, and `HistoryError`, also for a model that there is not.
    """
    from checkers.models import find

    history, folder = history_of(path)
    header = history.header
    model = model or (header.model if header is not None else None)
    if model is None:
        raise HistoryError("does not say which model it is a history of; give one with --model", source=str(path))
    try:
        find(model)
    except ValueError as error:
        raise HistoryError(str(error), source="--model") from None
    check = linearizable(history, model, seconds, memory)
    return Result(
        verdict=check.verdict,
        plan=header.plan if header is not None else None,
        seed=header.seed if header is not None else None,
        checks={"linearizable": check},
        operations=len(history.operations),
        explanation=check.why,
        run=None if folder is None else str(folder.path),
    )


__all__ = ["HistoryError", "check_history", "history_of"]
