"""Was it linearizable? Models, engines, and verdicts with evidence that does not trust the engine.

    from clew.checkers import check

    verdict = check(history, "cas-register")
    assert verdict.valid

Importing this package imports no numba: that happens when a check first needs a compiled kernel. What `check` does not
need is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from clew.checkers.check import check
from clew.checkers.models import Model, ModelOperation
from clew.checkers.verdict import Budget, KeyVerdict, Verdict

if TYPE_CHECKING:
    from clew.checkers.evidence.stuck import Stuck, verdict_on
    from clew.checkers.evidence.witness import WitnessError, verify_witness
    from clew.checkers.online.online import Online
    from clew.checkers.weaker.promise import Promise
    from clew.checkers.weaker.what_holds import WhatHolds, what_holds

_HOME = {
    "clew.checkers.evidence.stuck": ("Stuck", "verdict_on"),
    "clew.checkers.evidence.witness": ("WitnessError", "verify_witness"),
    "clew.checkers.online.online": ("Online",),
    "clew.checkers.weaker.promise": ("Promise",),
    "clew.checkers.weaker.what_holds": ("WhatHolds", "what_holds"),
}

__all__ = [
    "Budget",
    "KeyVerdict",
    "Model",
    "ModelOperation",
    "Online",
    "Promise",
    "Stuck",
    "Verdict",
    "WhatHolds",
    "WitnessError",
    "check",
    "verdict_on",
    "verify_witness",
    "what_holds",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOME.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'clew.checkers' has no attribute {name!r}")
