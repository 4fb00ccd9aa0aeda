"""The result of a run: what `verdict.json` holds and `--json` prints."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from clew.harness.exit_codes import EXIT_CODES, INTERNAL_ERROR

Answer = Literal["valid", "invalid", "unknown"]


class CheckResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one check found: its answer, why in a line or a few, and evidence as JSON."""

    verdict: Answer
    why: str
    evidence: Any = None


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """One run, or one history, judged.

    `operations` counts the clients' operations; `explanation` is for people; `run` is the folder. `counts` says what
    happened in the run (completions by outcome, messages by fate, faults by kind, what nodes count, events), and
    `seconds` is virtual time. `finished` is False for a run that was interrupted; `notes` say what makes its verdict
    worth less than it seems. `campaign` is the hunt that the run is of, by when that began.
    """

    verdict: Answer
    plan: str | None
    seed: int | None
    checks: dict[str, CheckResult]
    operations: int
    explanation: str
    run: str | None
    error: str | None = None
    finished: bool = True
    notes: tuple[str, ...] = ()
    counts: dict[str, dict[str, int]] = {}
    seconds: float = 0.0
    campaign: str | None = None

    @property
    def exit_code(self) -> int:
        """Jepsen's: 0 valid, 1 invalid, 2 unknown; 255 for a run that broke."""
        return INTERNAL_ERROR if self.error else EXIT_CODES[self.verdict]


def worst(answers: list[Answer]) -> Answer:
    """Invalid beats unknown beats valid."""
    for answer in ("invalid", "unknown"):
        if answer in answers:
            return answer
    return "valid"
