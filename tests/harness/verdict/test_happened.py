"""A verdict says in one sentence what happened."""

from __future__ import annotations

import msgspec
import pytest

from clew.checkers import Stuck
from clew.harness.exit_codes import EXIT_CODES, INTERNAL_ERROR
from clew.harness.runtime.outcome import Outcome
from clew.harness.verdict.judge import invariants, judge_history, linearizable, liveness
from clew.harness.verdict.result import Answer, CheckResult, Result, result_of
from clew.histories import Event, History
from clew.systems import Violation

VALID = CheckResult("valid", "")


def made_of(checks: dict[str, CheckResult], broke: str | None = None) -> Result:
    return result_of(checks, plan=None, seed=None, operations=0, broke=broke, error=broke)


def stale_read() -> History:
    rows = [("invoke", "write", 1), ("ok", "write", 1), ("invoke", "write", 2), ("ok", "write", 2),
            ("invoke", "read", None), ("ok", "read", 1)]  # fmt: skip
    return History.of(Event(at, at, 0, kind, f, None, value) for at, (kind, f, value) in enumerate(rows))  # type: ignore[arg-type]


def test_an_invalid_history_is_told_by_the_checker() -> None:
    result = judge_history(stale_read(), {"linearizable": linearizable(stale_read(), "register", 60, 1 << 28)})
    assert result.happened == "A read returned 1 after 2 was acknowledged."


def test_a_valid_one_says_nothing() -> None:
    assert made_of({"linearizable": VALID}).happened is None


def test_an_invariant_is_told_by_what_does_not_fit_together() -> None:
    outcome = Outcome(violations=[Violation("promises", "n1 forgot ballot 3", 1, (0,))])
    assert invariants(outcome).happened == "promises broke: n1 forgot ballot 3."


@pytest.mark.parametrize(("more", "end"), [([], "."), (["b"], ", and 1 more like this.")])
def test_a_cluster_that_does_not_answer_is_told_by_the_read_that_waits(more: list[str], end: str) -> None:
    outcome = Outcome(unanswered=["5 s after recovery the final read of client c0 had no answer for key 1", *more])
    happened = liveness(outcome).happened
    assert happened == f"Even 5 s after recovery the final read of client c0 had no answer for key 1{end}"


def test_what_a_user_would_notice_first_is_told() -> None:
    checks = {
        "invariants": CheckResult("invalid", "", None, "promises broke."),
        "liveness": CheckResult("invalid", "", None, "No answer."),
        "linearizable": CheckResult("invalid", "", None, "A read was stale."),
    }
    assert made_of(checks, broke="Node n1 raised KeyError.").happened == "A read was stale."
    del checks["linearizable"]
    assert made_of(checks).happened == "No answer."


def test_a_part_that_broke_is_told_if_no_check_failed() -> None:
    assert made_of({"linearizable": VALID}, broke="Node n1 raised KeyError.").happened == "Node n1 raised KeyError."


@pytest.mark.parametrize(("found", "verdict"), [("valid", "unknown"), ("unknown", "unknown"), ("invalid", "invalid")])
def test_a_run_that_broke_is_never_valid_and_its_exit_code_says_so(found: Answer, verdict: str) -> None:
    checks = {"linearizable": CheckResult(found, "")}
    assert made_of(checks).exit_code == EXIT_CODES[found]
    broken = made_of(checks, broke="Node n1 raised KeyError.")
    assert (broken.verdict, broken.exit_code) == (verdict, INTERNAL_ERROR)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [([], "valid"), (["valid"], "valid"), (["valid", "unknown"], "unknown"), (["unknown", "invalid"], "invalid")],
)
def test_the_worst_check_is_the_verdict(found: list[Answer], verdict: str) -> None:
    assert made_of({str(number): CheckResult(answer, "") for number, answer in enumerate(found)}).verdict == verdict


@pytest.mark.parametrize("stopped", [True, False])
def test_a_run_that_was_cut_short_has_no_check_that_is_valid_for_the_whole(stopped: bool) -> None:
    """Stopped: it ended at its first violation, before the final reads."""
    outcome = Outcome(finished=False, stuck=Stuck(1) if stopped else None)
    assert outcome.stopped == stopped
    assert (invariants(outcome).verdict, liveness(outcome).verdict) == ("unknown", "unknown")
    whole = Outcome(finished=True)
    assert (invariants(whole).verdict, liveness(whole).verdict) == ("valid", "valid")


def test_a_verdict_of_an_older_clew_can_still_be_read() -> None:
    old = b'{"verdict": "invalid", "plan": "p", "seed": 0, "operations": 1, "explanation": "x", "run": null, '
    old += b'"checks": {"linearizable": {"verdict": "invalid", "why": "x", "evidence": []}}}'
    result = msgspec.json.decode(old, type=Result)
    assert result.happened is None
    assert result.checks["linearizable"].happened is None
    assert (result.holds, result.what_holds) == ((), "")


def test_no_sentence_is_lost_on_its_way_to_json_and_back() -> None:
    result = judge_history(stale_read(), {"linearizable": linearizable(stale_read(), "register", 60, 1 << 28)})
    assert msgspec.json.decode(msgspec.json.encode(result), type=Result).happened == result.happened is not None
