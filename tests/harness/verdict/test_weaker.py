"""The checks of weaker promises, and what a verdict says of a history that is not linearizable."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from clew.harness.check import check_file, checks_of
from clew.harness.errors import UserError
from clew.harness.plan import load, resolve
from clew.harness.run import simulate
from clew.harness.verdict.judge import judge
from clew.harness.verdict.result import Result
from clew.histories import Event, Header, History, codecs
from clew.histories.event import FORMAT
from tests.harness.conftest import Clew

STALE = [("write", 0, 1), ("write", 0, 2), ("read", 1, 1)]
BACK = [("write", 0, 1), ("write", 0, 2), ("read", 1, 2), ("read", 1, 1)]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A history in which a client reads an old value: linearizable it is not, sequentially consistent it is."""
    return written(tmp_path / "stale.jsonl", STALE)


def written(path: Path, operations: list[tuple[str, int, int]]) -> Path:
    events = []
    for number, (f, process, value) in enumerate(operations):
        argument = None if f == "read" else value
        events.append(Event(2 * number, number * 10**9, process, "invoke", f, None, argument))
        events.append(Event(2 * number + 1, number * 10**9 + 10**8, process, "ok", f, None, value))
    with path.open("wb") as stream:
        codecs.write(History.of(events, header=Header(FORMAT, model="register")), stream)
    return path


def result_of(path: Path, checks: str) -> Result:
    checked = check_file(path, checks=checks_of(checks))
    assert checked.result is not None
    return checked.result


def test_a_history_that_is_not_linearizable_says_what_holds(recorded: Path) -> None:
    result = result_of(recorded, "linearizable")
    assert result.verdict == "invalid"
    assert set(result.checks) == {"linearizable"}
    assert result.what_holds.startswith("sequential consistency yes, session guarantees yes")
    assert result.what_holds.endswith("every read is at most 900 ms old")
    assert msgspec.json.decode(msgspec.json.encode(result), type=Result).holds == result.holds


def test_only_what_is_asked_for_is_checked(recorded: Path) -> None:
    result = result_of(recorded, "sequential,session,staleness")
    assert result.verdict == "valid"
    assert list(result.checks) == ["sequential", "session", "staleness"]
    assert result.holds == ()


def test_a_broken_guarantee_is_invalid_and_says_which(tmp_path: Path) -> None:
    result = result_of(written(tmp_path / "back.jsonl", BACK), "session")
    assert result.verdict == "invalid"
    assert result.happened == "What clients saw breaks monotonic reads."
    assert "read your writes: yes" in result.checks["session"].why


def test_a_linearizable_history_has_no_line_about_what_holds(tmp_path: Path) -> None:
    assert result_of(written(tmp_path / "good.jsonl", STALE[:2]), "linearizable").holds == ()


def test_an_unknown_check_is_one_line(clew_call: Clew, recorded: Path) -> None:
    with pytest.raises(UserError, match='--checks: found "causal"; expected some of linearizable, sequential, session'):
        checks_of("session,causal")
    done = clew_call("check", str(recorded), "--checks", "causal")
    assert done.returncode == 254
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_terminal_says_what_holds(clew_call: Clew, recorded: Path) -> None:
    done = clew_call("check", str(recorded))
    assert done.returncode == 1
    assert "  holds        sequential consistency yes, session guarantees yes, every read" in done.stdout
    done = clew_call("show", str(recorded))
    assert "holds      sequential consistency yes" in done.stdout


def test_a_plan_can_ask_for_weaker_checks() -> None:
    plan = resolve(load("caspaxos-happy-path"), settings=["checks=[linearizable, sequential, session, staleness]"])
    history, outcome = simulate(plan)
    result = judge(plan, history, outcome)
    assert list(result.checks) == ["linearizable", "sequential", "session", "staleness"]
    assert result.checks["linearizable"].verdict == result.checks["sequential"].verdict == "valid"
    assert result.checks["staleness"].why.startswith("no read is old")


def test_the_page_says_what_holds(clew_call: Clew, recorded: Path) -> None:
    done = clew_call("report", str(recorded), "--out", "page.html")
    assert done.returncode == 0, done.stderr
    page = (recorded.parent / "page.html").read_text()
    assert "sequential consistency yes, session guarantees yes, every read is at most 900 ms old" in page
