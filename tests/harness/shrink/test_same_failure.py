"""Whether a candidate fails in the same way as the run that is shrunk."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.harness.plan import loads, resolve
from clew.harness.run import header, simulate
from clew.harness.runtime.outcome import Outcome
from clew.harness.shrink import same_failure
from clew.harness.shrink.same_failure import SameFailure
from clew.harness.verdict.signature import Signature
from clew.histories import Recorder
from clew.systems.invariant import Violation
from tests.harness.shrink.runs import ONE_RESTART


@pytest.mark.parametrize(
    ("invariant", "stale", "same"),
    [("one", False, True), ("another", False, False), ("one", True, False)],
    ids=["the same lemma", "another lemma", "clients would see it first"],
)
def test_the_same_lemma_breaks_and_nothing_that_a_client_sees(
    monkeypatch: pytest.MonkeyPatch, invariant: str, stale: bool, same: bool
) -> None:
    plan = resolve(loads(ONE_RESTART, "one-restart.yaml", Path()))
    history = simulate(plan)[0] if stale else Recorder(header(plan)).history()
    outcome = Outcome(violations=[Violation(invariant, "", 5, ())])
    monkeypatch.setattr(same_failure, "simulate", lambda plan: (history, outcome))
    question = SameFailure(Signature("invariants", "one"), plan)
    assert (question(plan) is not None) == same
