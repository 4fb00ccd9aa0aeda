"""The engines by name, and what makes an answer right: the exhaustive checker gives the same, and its evidence holds.

This needs no pytest, because `tests.checkers.compile` runs before it is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clew.checkers import Budget, competition, contents, exhaustive, lazy, linear, newest, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.forms import form_of, register_form
from clew.checkers.models import Model, find_model
from clew.checkers.monitors.first_unexplained import decide_beginnings

Decide = Callable[[Problem, Model, Budget, Deadline], Decision]


def assert_explains(problem: Problem, model: Model, order: list[int], until: int) -> None:
    """`order` is a linearization of all that returns before position `until`."""
    assert len(set(order)) == len(order)
    assert {op for op in range(len(problem)) if problem.ret[op] < until} <= set(order)
    state, latest = model.initial, -1
    for op in order:
        assert problem.ret[op] > latest
        latest = max(latest, problem.call[op])
        state = model.step(state, problem.classes[problem.cls[op]])
        assert state is not None
    assert all(problem.call[op] < until for op in order)


def assert_agrees(decide: Decide, problem: Problem, model: Model) -> str:
    """The engine's answer is that of the exhaustive checker, and its evidence holds."""
    return assert_all_agree([decide], problem, model)


def assert_all_agree(engines: Iterable[Decide], problem: Problem, model: Model) -> str:
    """The answer of each engine is that of the exhaustive checker, and its evidence holds.

    Only `linear` may give up, where there are too many configurations for its memory: not in small histories.
    """
    stuck = None if exhaustive.linearize(problem, model) is not None else exhaustive.stuck(problem, model)
    for decide in engines:
        budget = Budget(bytes=1 << 22) if decide is linear.decide else Budget()
        decision = decide(problem, model, budget, Deadline(600))
        if decide is linear.decide and decision.why == "memory":
            assert len(problem) > 6
            continue
        assert decision.answer == ("valid" if stuck is None else "invalid"), problem
        assert decision.stuck == stuck, problem
        assert_explains(problem, model, decision.order, len(problem.event_op) if stuck is None else stuck)
    return "valid" if stuck is None else "invalid"


def competing(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
    """The default engine, with the form of the problem."""
    return competition.decide(problem, form_of(problem, model), model, budget, deadline)


def swept(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
    """The engine for registers, on any model that is one."""
    form = register_form(problem, model)
    assert form is not None
    return lazy.decide(form, budget, deadline)


ENGINES: dict[str, Decide] = {"wgl": wgl.decide, "linear": linear.decide, "competition": competing}
REGISTERS = {"register": ENGINES | {"lazy": swept}, "cas-register": ENGINES | {"lazy": swept}}
GENERIC = ("atomic-commit", "cas-by-version", "counter", "consensus", "multi-register", "mutex")
"""Models for which the default engine begins with wgl, which decides all small histories."""


def hoping(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
    """The search that looks at what operations need, as the default engine has it for histories that are hard."""
    return decide_beginnings(lambda part: wgl.decide(part, model, budget, deadline, hope=True), problem)


def growing(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
    """The sweep for contents that grow, where it applies. Where it does not, wgl."""

    accesses = contents.accesses_of(problem, model)
    if accesses is None:
        return wgl.decide(problem, model, budget, deadline)
    return decide_beginnings(lambda part: contents.decide(part, accesses, budget, deadline), problem)


def engines_of(name: str) -> dict[str, Decide]:
    """The engines that decide a model, each once."""
    engines = REGISTERS.get(name, ENGINES)
    if type(find_model(name)).needs is not Model.needs:
        engines = engines | {"hoping": hoping}
    kind = type(find_model(name))
    if kind.content_access is not Model.content_access or kind.record_access is not Model.record_access:
        engines = engines | {"growing": growing}
    if kind.discipline == "newest":
        engines = engines | {"newest": newest.decide}
    return {engine: engines[engine] for engine in engines if name not in GENERIC or engine != "wgl"}
