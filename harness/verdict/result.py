"""The result of a run: what `verdict.json` holds and `--json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from clew.checkers.weaker.promise import Promise, in_short
from clew.harness.exit_codes import EXIT_CODES, INTERNAL_ERROR

Answer = Literal["valid", "invalid", "unknown"]


NOTICED = ("linearizable", "sequential", "session", "staleness", "liveness", "invariants")
"""The checks of a plan, in the order in which a user would notice that they fail."""


class CheckResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one check found."""

    verdict: Answer
    why: str
    """The reason, in a line or a few."""
    evidence: Any = None
    """As JSON: a `checkers.KeyVerdict` for each key, the `checkers.Promise`s of a weaker check, or the violations of
    invariants. None if the check has none."""
    happened: str | None = None
    """If invalid: what happened, in one sentence."""


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """The verdict on one run, or on one history."""

    verdict: Answer
    """The worst verdict of the checks. With an `error`, `unknown` or `invalid`."""
    plan: str | None
    """The plan's name; None for a history that does not name one."""
    seed: int | None
    checks: dict[str, CheckResult]
    """By the name of the check: `linearizable`, `sequential`, `session`, `staleness`, `invariants`, `liveness`."""
    operations: int
    """Operations of the clients."""
    explanation: str
    """The reason for the verdict, for people to read."""
    run: str | None
    """The path of the run folder or of the file; None if there is neither."""
    happened: str | None = None
    """What went wrong, in one sentence, in the words of the system; None if nothing is known to have. A verdict that an
    older clew has written does not have it."""
    error: str | None = None
    """What broke by itself, such as a node that raised, with its traceback. None if nothing did."""
    finished: bool = True
    """False for a run that was interrupted."""
    notes: tuple[str, ...] = ()
    """What makes the verdict worth less than it seems."""
    counts: dict[str, dict[str, int]] = {}
    """What happened in the run: `operations` by outcome, `messages` by fate, `faults` by kind, `protocol` (what nodes
    and clients count), and the events of the `simulation` if it was one."""
    seconds: float = 0.0
    """How long the run took: in virtual time, or live by the wall clock from the moment when all nodes served."""
    holds: tuple[Promise, ...] = ()
    """If the history is not linearizable: which weaker promises it keeps. A verdict that an older clew has written does
    not have it."""
    campaign: str | None = None
    """The hunt that the run belongs to, named by when that hunt began."""

    @property
    def valid(self) -> bool:
        """True if the verdict is "valid". Write `assert result.valid, result.happened`."""
        return self.verdict == "valid"

    @property
    def in_part(self) -> str | None:
        """Why the run as a whole is unknown, though checks of what was recorded may be valid; None for other runs."""
        if self.verdict != "unknown" or not (self.error or not self.finished):
            return None
        why = "a part of the system broke" if self.error else "the run was cut short"
        return f"Unknown as a whole, because {why}: the checks below know only what had happened until then."

    @property
    def what_holds(self) -> str:
        """The weaker promises in one line; empty if the history is linearizable, or was not looked at."""
        return in_short(self.holds)

    @property
    def exit_code(self) -> int:
        """0 for valid, 1 for invalid, 2 for unknown, as in Jepsen; 255 for a run that broke."""
        return INTERNAL_ERROR if self.error else EXIT_CODES[self.verdict]


def result_of(
    checks: Mapping[str, CheckResult],
    *,
    plan: str | None,
    seed: int | None,
    operations: int,
    run: str | None = None,
    broke: str | None = None,
    error: str | None = None,
    finished: bool = True,
    notes: tuple[str, ...] = (),
    counts: Mapping[str, dict[str, int]] | None = None,
    seconds: float = 0.0,
    holds: tuple[Promise, ...] = (),
) -> Result:
    """The result that these checks come to. The verdict and its explanation follow from the checks and the `error`.

    What happened is told by the check that a user would notice first. If no check failed, it is `broke`: the part of
    the system that broke by itself, in a line.
    """
    verdict = worst([check.verdict for check in checks.values()])
    if error is not None and verdict == "valid":
        verdict = "unknown"
    named = len(checks) > 1
    reasons = [
        f"{name}: {check.why}" if named else check.why for name, check in checks.items() if check.verdict == verdict
    ]
    return Result(
        verdict=verdict,
        plan=plan,
        seed=seed,
        checks=dict(checks),
        operations=operations,
        explanation="\n".join(reasons) or ("the run did not come to its end" if verdict == "unknown" else ""),
        run=run,
        happened=what_happened(checks) or broke,
        error=error,
        finished=finished,
        notes=notes,
        counts=dict(counts or {}),
        seconds=seconds,
        holds=holds,
    )


def what_happened(checks: Mapping[str, CheckResult]) -> str | None:
    """What the check that a user would notice first says that happened; None if no check says anything."""
    told = (checks[name].happened for name in NOTICED if name in checks)
    return next((sentence for sentence in told if sentence is not None), None)


def worst(answers: list[Answer]) -> Answer:
    """Invalid beats unknown, and unknown beats valid. Without answers, valid."""
    for answer in ("invalid", "unknown"):
        if answer in answers:
            return answer
    return "valid"
