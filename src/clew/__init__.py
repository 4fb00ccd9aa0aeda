"""clew: break a replicated system, record what its clients saw, and decide whether that was linearizable.

The names below are what most programs need. Everything else is in the five packages: `clew.histories`, `clew.checkers`,
`clew.nemesis`, `clew.systems` and `clew.harness`.

    from clew import check, load

    verdict = check(load("history.jsonl"), "cas-register")
    assert verdict.verdict == "valid", verdict.explanation

A name is imported when it is first used, so `import clew` alone costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clew.checkers import Budget, Model, Verdict, check
    from clew.harness.run import run, simulate
    from clew.harness.testing import assert_holds, plans
    from clew.histories import Event, History, HistoryError, Recorder, load
    from clew.systems import Program, Protocol

_HOME = {
    "Budget": "clew.checkers",
    "Event": "clew.histories",
    "History": "clew.histories",
    "HistoryError": "clew.histories",
    "Model": "clew.checkers",
    "Program": "clew.systems",
    "Protocol": "clew.systems",
    "Recorder": "clew.histories",
    "Verdict": "clew.checkers",
    "assert_holds": "clew.harness.testing",
    "check": "clew.checkers",
    "load": "clew.histories",
    "plans": "clew.harness.testing",
    "run": "clew.harness.run",
    "simulate": "clew.harness.run",
}

__all__ = [
    "Budget",
    "Event",
    "History",
    "HistoryError",
    "Model",
    "Program",
    "Protocol",
    "Recorder",
    "Verdict",
    "assert_holds",
    "check",
    "load",
    "plans",
    "run",
    "simulate",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'clew' has no attribute {name!r}")
    return getattr(import_module(home), name)
