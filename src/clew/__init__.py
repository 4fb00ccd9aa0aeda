"""clew breaks a replicated system, records what its clients saw, and decides whether that was linearizable.

The names below are what most programs need. Everything else is in the five packages `clew.histories`, `clew.checkers`,
`clew.nemesis`, `clew.systems` and `clew.harness`.

Check a history:

    verdict = clew.check(clew.load("history.jsonl"), "cas-register")
    assert verdict.valid

Run a plan in memory and judge it:

    plan = clew.resolve(clew.load_plan("caspaxos-happy-path"), seed=7)
    result = clew.judge(plan, *clew.simulate(plan))
    assert result.valid, result.happened

Run it as `clew run` does, with a process for each node and a folder for the run:

    result = trio.run(clew.run, plan)

`import clew` imports nothing else: each name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
"""As type checkers know it. To import `typing` takes longer than all else that happens before a command can answer
Ctrl-C."""
if TYPE_CHECKING:
    from clew.checkers import Budget, Model, Verdict, check
    from clew.harness.plan import Plan, PlanError, resolve
    from clew.harness.plan import load as load_plan
    from clew.harness.run import run, simulate
    from clew.harness.testing import assert_holds, plans
    from clew.harness.verdict.judge import judge
    from clew.harness.verdict.result import Result
    from clew.histories import Event, History, HistoryError, Recorder
    from clew.histories.codecs import read as load
    from clew.systems import Program, Protocol

    __version__: str

_HOME = {
    "Budget": "clew.checkers",
    "Event": "clew.histories",
    "History": "clew.histories",
    "HistoryError": "clew.histories",
    "Model": "clew.checkers",
    "Plan": "clew.harness.plan",
    "PlanError": "clew.harness.plan",
    "Program": "clew.systems",
    "Protocol": "clew.systems",
    "Recorder": "clew.histories",
    "Result": "clew.harness.verdict.result",
    "Verdict": "clew.checkers",
    "assert_holds": "clew.harness.testing",
    "check": "clew.checkers",
    "judge": "clew.harness.verdict.judge",
    "load": "clew.histories.codecs",
    "load_plan": "clew.harness.plan",
    "plans": "clew.harness.testing",
    "resolve": "clew.harness.plan",
    "run": "clew.harness.run",
    "simulate": "clew.harness.run",
}
"""The module that each name is imported from."""
_NAMED_DIFFERENTLY = {"load": "read", "load_plan": "load"}
"""Names that are others in their own module."""

__all__ = [
    "Budget",
    "Event",
    "History",
    "HistoryError",
    "Model",
    "Plan",
    "PlanError",
    "Program",
    "Protocol",
    "Recorder",
    "Result",
    "Verdict",
    "assert_holds",
    "check",
    "judge",
    "load",
    "load_plan",
    "plans",
    "resolve",
    "run",
    "simulate",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("clew")
    if name not in _HOME:
        raise AttributeError(f"module 'clew' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), _NAMED_DIFFERENTLY.get(name, name))


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
