"""`check`: a history and a model go in, a verdict with its evidence comes out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem, encode
from clew.checkers.evidence import explanation
from clew.checkers.models import find_model
from clew.checkers.models.model import Model
from clew.checkers.verdict import Answer, Budget, KeyVerdict, Verdict
from clew.histories.history import History

Engine = Callable[[Problem, Model, Budget, Deadline], Decision]

ENGINES = ("competition", "linear", "lazy", "wgl", "exhaustive")

_DEFAULT_BUDGET = Budget()
_SEVERITY: dict[Answer, int] = {"invalid": 0, "unknown": 1, "valid": 2}


def check(
    history: History,
    model: str | Model = "cas-register",
    *,
    budget: Budget = _DEFAULT_BUDGET,
    engine: str = "competition",
    keep_going: bool = False,
) -> Verdict:
    """Was this history of a `model`, one for each key, linearizable?

        from clew.checkers import check
        from clew.histories import load

        verdict = check(load(Path("history.jsonl")), "cas-register")
        assert verdict.verdict == "valid", verdict.explanation

    The answer comes within `budget` (for all keys together), "unknown" if need be; the seconds in which numba compiles
    kernels, once after an install, do not count. Keys are checked on all cores; the
    first key, in order of appearance, that is not linearizable stops those behind it ("unknown", `why` "stopped")
    unless asked to `keep_going`. Raises `HistoryError` for a broken history and for a function or value that the model
    does not know; `ValueError` for an unknown model or engine.
    """
    model = find_model(model) if isinstance(model, str) else model
    decide = _engine(engine)
    began = time.monotonic()
    deadline = Deadline(budget.seconds)
    problems = encode(history, model)
    workers = max(1, min(os.cpu_count() or 1, len(problems)))
    share = Budget(budget.seconds, budget.bytes // workers)
    deadlines = [deadline.child() for _ in problems]

    def one(number: int) -> Decision:
        if deadlines[number].passed():
            return Decision("unknown", why="time")
        decision = decide(problems[number], model, share, deadlines[number])
        if decision.answer == "invalid" and not keep_going:
            for later in deadlines[number + 1 :]:
                later.stop()
        return decision

    partitions: list[KeyVerdict] = []
    stopped = False
    with deadline.searching():
        if workers == 1:
            decisions = [one(number) for number in range(len(problems))]
        else:
            with ThreadPoolExecutor(workers) as pool:
                decisions = list(pool.map(one, range(len(problems))))
        for problem, decision in zip(problems, decisions, strict=True):
            # What a thread found out behind the first violation is dropped: it depends on how fast it was.
            partitions.append(
                KeyVerdict(problem.key, "unknown", len(problem), "", why="stopped")
                if stopped
                else explanation.partition(history, model, problem, decision, deadline)
            )
            stopped = stopped or (decision.answer == "invalid" and not keep_going)
    worst = min(partitions, key=lambda part: _SEVERITY[part.verdict], default=None)
    return Verdict(
        verdict="valid" if worst is None else worst.verdict,
        model=model.name or type(model).__name__,
        engine=engine,
        operations=len(history.operations),
        keys=tuple(partitions),
        why=None if worst is None else worst.why,
        explanation=None if worst is None else worst.explanation,
        counterexample=None if worst is None else worst.counterexample,
        seconds=time.monotonic() - began,
    )


def _engine(name: str) -> Engine:
    # numba is imported here and not above: `import checkers` must cost a command line nothing.
    if name == "competition":
        from clew.checkers import competition

        return competition.decide
    if name == "linear":
        from clew.checkers import linear

        return linear.decide
    if name == "lazy":
        return _lazy
    if name == "wgl":
        from clew.checkers import wgl

        return wgl.decide
    if name == "exhaustive":
        return _exhaustive
    raise ValueError(f"there is no engine {name!r}; there are {', '.join(ENGINES)}")


def _lazy(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
    from clew.checkers.forms import register_form
    from clew.checkers.lazy import sweep

    form = register_form(problem, model)
    if form is None:
        raise ValueError(f"the engine lazy knows registers only, and {model.name or type(model).__name__} is none")
    return sweep.decide(form, budget, deadline)


def _exhaustive(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
    from clew.checkers import exhaustive

    limits = exhaustive.Limits(deadline, budget.bytes)
    try:
        order = exhaustive.linearize(problem, model, limits=limits)
        if order is not None:
            return Decision("valid", order=order, engine="exhaustive")
        stuck = exhaustive.stuck(problem, model, limits)
        before = exhaustive.linearize(problem, model, stuck, limits) or []
    except exhaustive.GaveUp as gave_up:
        return Decision("unknown", why=gave_up.why, engine="exhaustive")
    return Decision("invalid", order=before, stuck=stuck, engine="exhaustive")
