"""Was it linearizable? Models, engines, and verdicts with evidence that does not trust the engine.

    from clew.checkers import check

    verdict = check(history, "cas-register")
    assert verdict.verdict == "valid", verdict.explanation

Importing this package imports no numba: that happens in the first call of `check`.
"""

from clew.checkers.check import check
from clew.checkers.models import Model, Operation
from clew.checkers.online import Online
from clew.checkers.stuck import Stuck, evidence
from clew.checkers.verdict import Budget, KeyVerdict, Verdict
from clew.checkers.witness import WitnessError, verify_witness

__all__ = [
    "Budget",
    "KeyVerdict",
    "Model",
    "Online",
    "Operation",
    "Stuck",
    "Verdict",
    "WitnessError",
    "check",
    "evidence",
    "verify_witness",
]
