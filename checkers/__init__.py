"""Was it linearizable? Models, engines, and verdicts with evidence that does not trust the engine.

    from clew.checkers import check

    verdict = check(history, "cas-register")
    assert verdict.valid

Importing this package imports no numba: that happens when a check first needs a compiled kernel.
"""

from clew.checkers.check import check
from clew.checkers.evidence.stuck import Stuck, verdict_on
from clew.checkers.evidence.witness import WitnessError, verify_witness
from clew.checkers.models import Model, ModelOperation
from clew.checkers.online.online import Online
from clew.checkers.verdict import Budget, KeyVerdict, Verdict
from clew.checkers.weaker.promise import Promise
from clew.checkers.weaker.what_holds import WhatHolds, what_holds

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
