"""Several runs of one plan, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from clew.harness.verdict.result import Answer, Result, worst


class Several(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints of several runs of one plan, whatever they were for."""

    verdict: Answer
    """The worst verdict."""
    plan: str | None
    seed: int | None
    times: int
    """How often it was run: less than was asked for if a run was interrupted."""
    failed: int
    """How many runs were invalid, or ended by a part of the system that broke."""
    verdicts: dict[str, int]
    """How often there was each verdict."""
    runs: tuple[Result, ...]
    """The result of each run."""


def counted(results: Sequence[Result]) -> dict[str, Any]:
    """The fields of `Several` for these runs, of which there is one at least; `failed` is the caller's."""
    return {
        "verdict": worst([result.verdict for result in results]),
        "plan": results[0].plan,
        "seed": results[0].seed,
        "times": len(results),
        "verdicts": dict(sorted(Counter(result.verdict for result in results).items())),
        "runs": tuple(results),
    }
