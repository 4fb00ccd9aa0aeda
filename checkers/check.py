"""`check`: a history and a model go in, a verdict with its evidence comes out."""

from __future__ import annotations

import time
from collections.abc import Callable

from checkers import explanation
from checkers.encoding import Problem, encode
from checkers.models import find
from checkers.models.model import Model
from checkers.outcome import Outcome
from checkers.verdict import Answer, Budget, Verdict
from histories.history import History

Engine = Callable[[Problem, Model, Budget, float], Outcome]

ENGINES = ("competition", "wgl", "exhaustive")

_DEFAULT_BUDGET = Budget()


def check(
    history: History,
    model: str | Model = "cas-register",
    *,
    budget: Budget = _DEFAULT_BUDGET,
    engine: str = "competition",
) -> Verdict:
    """Was this history of a `model`, one for each key, linearizable?

        from checkers import check
        from histories import load

        verdict = check(load(Path("history.jsonl")), "cas-register")
        assert verdict.verdict == "valid", verdict.explanation

    The answer comes within `budget` (for all keys together), "unknown" if need be. Raises `HistoryError` for a broken
    history and for a function or value that the model does not know; `ValueError` for an unknown model or engine.
    """
    began = time.monotonic()
    model = find(model) if isinstance(model, str) else model
    decide = _engine(engine)
    partitions = []
    for problem in encode(history, model):
        outcome = decide(problem, model, budget, began + budget.seconds)
        partitions.append(explanation.partition(history, model, problem, outcome))
    worst = min(partitions, key=lambda part: _SEVERITY[part.verdict], default=None)
    answer: Answer = "valid" if worst is None else worst.verdict
    return Verdict(
        verdict=answer,
        model=model.name or type(model).__name__,
        engine=engine,
        operations=len(history.operations),
        partitions=tuple(partitions),
        why=None if worst is None else worst.why,
        explanation=None if worst is None else worst.explanation,
        core=None if worst is None else worst.core,
        seconds=time.monotonic() - began,
    )


_SEVERITY: dict[Answer, int] = {"invalid": 0, "unknown": 1, "valid": 2}


def _engine(name: str) -> Engine:
    if name == "exhaustive":
        return _exhaustive
    # numba is imported here and not above: `import checkers` must cost a command line nothing.
    if name == "competition":
        from checkers import competition

        return competition.decide
    if name == "wgl":
        from checkers import wgl

        return wgl.decide
    raise ValueError(f"there is no engine {name!r}; there are {', '.join(ENGINES)}")


def _exhaustive(problem: Problem, model: Model, budget: Budget, deadline: float) -> Outcome:
    from checkers import exhaustive

    order = exhaustive.linearize(problem, model)
    if order is not None:
        return Outcome("valid", order=order, engine="exhaustive")
    stuck = exhaustive.stuck(problem, model)
    return Outcome("invalid", order=exhaustive.linearize(problem, model, stuck) or [], stuck=stuck, engine="exhaustive")
