"""Was it linearizable? Models, engines, and verdicts with evidence that does not trust the engine.

    from checkers import check

    verdict = check(history, "cas-register")
    assert verdict.verdict == "valid", verdict.explanation

Importing this package imports no numba: that happens in the first call of `check`.
"""

from checkers.check import check
from checkers.models import Model, Operation
from checkers.online import Online
from checkers.stuck import Stuck, evidence
from checkers.verdict import Budget, Partition, Verdict
from checkers.witness import WitnessError, verify_witness

__all__ = [
    "Budget",
    "Model",
    "Online",
    "Operation",
    "Partition",
    "Stuck",
    "Verdict",
    "WitnessError",
    "check",
    "evidence",
    "verify_witness",
]
