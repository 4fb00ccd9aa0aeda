"""`check`: a history and a model go in, a verdict with its evidence comes out."""

from __future__ import annotations

import os
import time

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem, encode
from clew.checkers.evidence import explanation
from clew.checkers.forms import Form, RegisterForm, form_of
from clew.checkers.models import find_model
from clew.checkers.models.model import Model
from clew.checkers.verdict import Answer, Budget, KeyVerdict, Verdict
from clew.histories import collector
from clew.histories.history import History
from clew.histories.text import value_text

ENGINES = ("competition", "linear", "lazy", "wgl", "exhaustive")

NOTHING = "there is no operation in the history, so nothing was checked"
"""Why the verdict on an empty history is "unknown": most likely what should have recorded it did not."""

_DEFAULT_BUDGET = Budget()
_SEVERITY: dict[Answer, int] = {"invalid": 0, "unknown": 1, "valid": 2}


def check(
    history: History,
    model: str | Model = "cas-register",
    *,
    budget: Budget = _DEFAULT_BUDGET,
    engine: str = "competition",
    keep_going: bool = False,
    until: Deadline | None = None,
) -> Verdict:
    """Was this history of a `model`, one for each key, linearizable?

        from clew.checkers import check
        from clew.histories import load

        verdict = check(load(Path("history.jsonl")), "cas-register")
        assert verdict.valid

    `budget` holds for all keys together. If it does not suffice, the verdict is "unknown"; so is that on a history
    without operations. The seconds in which numba
    compiles kernels, once after an install, do not count.

    Keys are checked on all cores. The first key, in order of appearance, that is not linearizable stops those after it:
    they are "unknown" with `why` "stopped". With `keep_going` all keys are checked.

    When `until` passes, the engines end as if the budget were used up. Another thread can stop it, for example because
    the user no longer waits for the verdict. An exception such as `KeyboardInterrupt` stops the engines too.

    Raises `HistoryError` for a broken history, and for a function or value that the model does not know. Raises
    `ValueError` for an unknown model or engine.
    """
    model = find_model(model) if isinstance(model, str) else model
    if engine not in ENGINES:
        raise ValueError(f"there is no engine {value_text(engine)}; there are {', '.join(ENGINES)}")
    with collector.paused():
        return _check(history, model, Deadline(budget.seconds, until), budget, engine, keep_going)


def _check(
    history: History, model: Model, deadline: Deadline, budget: Budget, engine: str, keep_going: bool
) -> Verdict:
    began = time.monotonic()
    problems = encode(history, model)
    # Asking the system for its processors takes a tenth of the time of a small check.
    workers = 1 if len(problems) < 2 else min(os.cpu_count() or 1, len(problems))
    share = Budget(budget.seconds, budget.bytes // workers)
    deadlines = [deadline.child() for _ in problems]

    def one(number: int) -> tuple[Form | None, Decision]:
        if deadlines[number].passed():
            return None, Decision("unknown", why="time")
        form = form_of(problems[number], model, deadlines[number])
        if deadlines[number].passed():
            return None, Decision("unknown", why="time")
        decision = _decide(engine, problems[number], form, model, share, deadlines[number])
        if decision.answer == "invalid" and not keep_going:
            for later in deadlines[number + 1 :]:
                later.stop()
        return form, decision

    verdicts: list[KeyVerdict] = []
    stopped = False
    with deadline.not_counting_compilation():
        if workers == 1:
            decided = [one(number) for number in range(len(problems))]
        else:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(workers) as pool:
                try:
                    decided = list(pool.map(one, range(len(problems))))
                except BaseException:
                    # The pool waits for its threads.
                    deadline.stop()
                    raise
        for problem, (form, decision) in zip(problems, decided, strict=True):
            # What a thread found out after the first violation is dropped: it depends on how fast the thread was.
            verdicts.append(
                KeyVerdict(problem.key, "unknown", len(problem), "", why="stopped")
                if stopped
                else explanation.key_verdict(history, model, problem, form, decision, deadline)
            )
            stopped = stopped or (decision.answer == "invalid" and not keep_going)
    worst = min(verdicts, key=lambda verdict: _SEVERITY[verdict.verdict], default=None)
    nothing = not len(history.operations)
    return Verdict(
        verdict="unknown" if nothing else "valid" if worst is None else worst.verdict,
        model=model.name or type(model).__name__,
        engine=engine,
        operations=len(history.operations),
        keys=tuple(verdicts),
        why=None if worst is None else worst.why,
        explanation=NOTHING if nothing else None if worst is None else worst.explanation,
        counterexample=None if worst is None else worst.counterexample,
        happened=None if worst is None else worst.happened,
        core=() if worst is None else explanation.in_short(history, worst.counterexample or ()),
        seconds=time.monotonic() - began,
    )


def _decide(
    engine: str, problem: Problem, form: Form | None, model: Model, budget: Budget, deadline: Deadline
) -> Decision:
    """The decision of one engine.

    Engines take time to import, so they are imported here: importing `clew.checkers` must cost a command line little.
    """
    if engine == "exhaustive":
        from clew.checkers import exhaustive

        return exhaustive.decide(problem, model, budget, deadline)
    if engine == "linear":
        from clew.checkers import linear

        return linear.decide(problem, model, budget, deadline)
    if engine == "wgl":
        from clew.checkers import wgl

        return wgl.decide(problem, model, budget, deadline)
    if engine == "lazy":
        from clew.checkers import lazy

        if not isinstance(form, RegisterForm):
            name = model.name or type(model).__name__
            raise ValueError(f"the engine lazy decides registers only, and {name} is not a register")
        return lazy.decide(form, budget, deadline)
    from clew.checkers import competition

    return competition.decide(problem, form, model, budget, deadline)
