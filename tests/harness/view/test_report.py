"""The page of a run as HTML: what it says, what it escapes, and what it shows of a partial run."""

from __future__ import annotations

import base64
import gzip
import html
import itertools
import re
import shlex
import shutil
import time
from pathlib import Path

import msgspec
import pytest

from clew.harness.errors import UserError
from clew.harness.store.record import read_record
from clew.harness.view.report import messages, report
from clew.harness.view.report.gather import gather
from clew.harness.view.report.nodes import epoch_text
from clew.harness.view.report.page import brief_time
from clew.harness.view.report.page_data import Data, Moment
from clew.harness.view.report.write import write
from clew.histories.journal_search import Message
from clew.systems import caspaxos, rsl
from tests.harness.conftest import Clew
from tests.harness.shown import EVIL, GOOD, RACE, STALE, history_file, many_writes


def unpacked(page: str, name: str) -> bytes:
    found = re.search(rf'id="{name}">([^<]*)<', page)
    assert found is not None
    return gzip.decompress(base64.b64decode(found[1]))


def data(page: str) -> Data:
    return msgspec.json.decode(unpacked(page, "data"), type=Data)


def test_the_page_of_a_failing_run_has_its_verdict_evidence_plan_and_commands(failing: Path) -> None:
    page = (failing / "report.html").read_text()
    for words in ("no order of the operations explains this", "forgets-promises", f"clew replay {failing}<", "seed"):
        assert words in page
    found = data(page)
    key = found.keys[0]
    assert key.verdict == "invalid"
    assert key.stuck in key.counterexample
    assert found.moments[0].name == "not linearizable"
    assert found.moments[0].start < found.moments[0].at <= found.moments[0].end
    assert {moment.name for moment in found.moments} >= {"promises-are-kept"}
    assert found.nodes == ["n1", "n2", "n3"]
    assert "down" in found.lives["state"]


def test_the_cause_of_a_violation_is_the_answer_that_no_order_explains(failing: Path) -> None:
    found = data((failing / "report.html").read_text())
    moment = found.moments[0]
    rows = [row for row, id in enumerate(found.messages["id"]) if id in moment.messages]
    assert [found.messages["type"][row] for row in rows] == ["reply"]
    assert found.messages["until"][rows[0]] == pytest.approx(moment.at)


def test_points_are_within_their_operations_and_in_order(failing: Path) -> None:
    found = data((failing / "report.html").read_text())
    points = found.keys[0].points
    assert len(points["time"]) > 50
    assert points["time"] == sorted(points["time"])
    place = {number: row for row, number in enumerate(found.operations["number"])}
    for number, moment in zip(points["number"], points["time"], strict=True):
        row = place[number]
        assert found.operations["start"][row] <= moment
        assert found.operations["outcome"][row] == "info" or moment <= found.operations["end"][row]


def test_nothing_is_fetched_and_the_library_is_whole(failing: Path) -> None:
    page = (failing / "report.html").read_text()
    links = set(re.findall(r'<a href="([^"#]+)"', page))
    assert {"plan.yaml", "history.jsonl", "messages.jsonl", "clew.log"} <= links
    assert all((failing / link).is_file() for link in links)
    assert set(re.findall(r'(?:src|href)="((?!data:|#)[^"]*)"', page)) == links
    assert b"Bokeh" in unpacked(page, "library")


def test_missing_files_are_named_and_the_rest_is_shown(failing: Path, tmp_path: Path) -> None:
    half = tmp_path / "half"
    shutil.copytree(failing, half)
    for name in ("messages.jsonl", "verdict.json"):
        (half / name).unlink()
    page = report(read_record(half))
    assert "Missing from the run&#39;s folder: messages.jsonl, verdict.json." in page
    assert "There is no message journal" in page
    assert data(page).keys[0].verdict == "invalid", "its history says what it is of, so it is judged"


def test_a_history_without_a_model_is_shown_without_a_verdict(tmp_path: Path) -> None:
    page = report(read_record(history_file(tmp_path / "h.jsonl", STALE)))
    assert "not checked" in page
    assert data(page).keys[0].counterexample == []
    assert data(page).operations["label"] == ["write 1", "write 2", "read → 1"]


def test_an_empty_history_has_a_page(tmp_path: Path) -> None:
    assert data(report(read_record(history_file(tmp_path / "h.jsonl", [])))).operations["number"] == []


def test_violated_keys_come_first(tmp_path: Path) -> None:
    file = history_file(tmp_path / "h.jsonl", sorted(GOOD + [(ms + 10, p + 2, *rest) for ms, p, *rest in STALE]))
    found = data(report(read_record(file, "cas-register")))
    assert [(key.name, key.verdict) for key in found.keys] == [('"x"', "invalid"), ('"y"', "valid")]


def test_scripts_from_a_history_stay_text(tmp_path: Path) -> None:
    events = [(ms, p, t, EVIL if f == "read" else f, EVIL, EVIL) for ms, p, t, f, _, _ in STALE]
    page = report(read_record(history_file(tmp_path / f"{EVIL.replace('/', '')}.jsonl", events, plan=EVIL, seed=1)))
    assert "alert(1)" in page
    assert "<script>alert" not in page


def test_a_page_of_too_many_operations_holds_the_counterexample_and_an_even_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clew.harness.view.report.operations.ON_PAGE_MAX", 2000)
    found = data(report(read_record(history_file(tmp_path / "h.jsonl", many_writes(5000, 900), model="cas-register"))))
    numbers = found.operations["number"]
    assert 1900 < len(numbers) <= 2000
    assert set(found.keys[0].counterexample) <= set(numbers)
    assert "2,000 of 5,001 operations are on this page" in found.notes[0]
    assert max(b - a for a, b in itertools.pairwise(numbers)) < 10, "no stretch of time is left out"


def test_a_thousand_keys_cost_no_more_than_one(tmp_path: Path) -> None:
    """It took two minutes when the history was encoded for each key anew."""
    events: list[tuple[object, ...]] = []
    for n in range(10_000):
        events += [(n, 0, "invoke", "write", n % 1000, n), (n + 0.5, 0, "ok", "write", n % 1000, n)]
    run = read_record(history_file(tmp_path / "h.jsonl", events, model="cas-register"))
    began = time.process_time()
    found = data(report(run))
    assert time.process_time() - began < 8
    assert len(found.keys) == 1000
    assert all(key.points["state"] == [str(number) for number in key.points["number"]] for key in found.keys)


def test_the_commands_on_a_page_are_quoted_for_a_shell(clew_call: Clew, tmp_path: Path) -> None:
    history_file(tmp_path / "a b;$(x).jsonl", STALE)
    done = clew_call("report", "a b;$(x).jsonl", "--model", "cas-register", "--out", "page.html")
    assert done.returncode == 0, done.stderr
    command = re.search(r"<code>clew ([^<]*)</code>", (tmp_path / "page.html").read_text())
    assert command is not None
    words = shlex.split(html.unescape(command[1]))
    assert words == ["check", "a b;$(x).jsonl", "--model", "cas-register"]
    assert clew_call(*words).returncode == 1


def test_messages_that_are_left_out_are_counted(failing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = data((failing / "report.html").read_text())
    monkeypatch.setattr("clew.harness.view.report.messages.MESSAGES_MAX", 5)
    few = gather(read_record(failing))
    drawn, all_of_them = set(few.messages["id"]), set(whole.messages["id"])
    assert drawn < all_of_them
    made_it_happen = {id for moment in whole.moments for id in moment.messages}
    assert len(made_it_happen & all_of_them) > 1
    assert made_it_happen & all_of_them <= drawn
    assert f"{len(all_of_them) - len(drawn):,} more messages around these moments are left out." in few.notes


@pytest.mark.parametrize(
    ("at", "first"),
    [pytest.param(4.0, 0, id="early"), pytest.param(20.0, 16, id="in between"), pytest.param(99.0, 93, id="late")],
)
def test_of_too_many_messages_those_before_the_moment_stay(
    failing: Path, monkeypatch: pytest.MonkeyPatch, at: float, first: int
) -> None:
    """A hundred messages, one a second."""
    sent = [Message(second, "c0", "n1", second * 10**9, {}) for second in range(100)]
    monkeypatch.setattr(messages, "messages_between", lambda *_: sent)
    monkeypatch.setattr(messages, "MESSAGES_MAX", 7)
    monkeypatch.setattr(messages, "MESSAGES_BEFORE", 5)
    drawn, left_out = messages.messages(read_record(failing), [Moment("m", "It happened.", at, 0.0, 99.0)])
    assert [message.id for message in drawn] == list(range(first, first + 7))
    assert left_out == 93


def test_pictures_that_cannot_be_made_are_refused_with_what_to_install(
    clew_call: Clew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history_file(tmp_path / "h.jsonl", STALE, model="cas-register")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = clew_call("report", "h.jsonl", "--png")
    assert done.returncode == 254
    assert "apt install chromium chromium-driver" in done.stderr
    assert not (tmp_path / "h.html").exists()
    done = clew_call("report", "h.jsonl")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["h.html"]
    assert "no order of the operations" in (tmp_path / "h.html").read_text()


def test_the_violation_is_in_view_even_if_its_counterexample_spans_the_run(tmp_path: Path) -> None:
    events: list[tuple[object, ...]] = list(STALE[:2])
    for n in range(2, 500):
        events += [(n, 0, kind, "cas", "x", [n - 1, n]) for kind in ("invoke", "ok")]
    events += [(600, 1, "invoke", "read", "x", None), (601, 1, "ok", "read", "x", 1)]
    found = gather(read_record(history_file(tmp_path / "h.jsonl", events, model="cas-register")))
    assert 0 in found.keys[0].counterexample
    moment = found.moments[0]
    assert 0.3 < moment.start < moment.at <= moment.end


def test_an_operation_has_the_longest_order_that_it_fits_into(tmp_path: Path) -> None:
    (key,) = gather(read_record(history_file(tmp_path / "h.jsonl", RACE, model="cas-register"))).keys
    assert (key.stuck, key.points["number"], key.ordered) == (2, [0, 1], 2)
    found = {
        partial.number: (partial.stops, partial.points["number"], partial.points["state"]) for partial in key.partials
    }
    # With the second swap, everything is explained until the first one is answered: it no longer has a place.
    assert found[2] == (1, [0, 2], ["0", "2"])
    # With the write as well, until the second swap is answered.
    assert found[3] == (2, [0, 1, 3], ["0", "1", "7"])


def test_an_answer_that_was_over_before_it_began_fits_into_no_order(tmp_path: Path) -> None:
    (key,) = gather(read_record(history_file(tmp_path / "h.jsonl", STALE, model="cas-register"))).keys
    (partial,) = key.partials
    assert (partial.number, partial.stops, partial.count) == (2, None, 0)


@pytest.mark.parametrize(
    ("seconds", "end", "words"),
    [(11.610154, 18.7, "11.610 s"), (3.2, 2000.0, "3.200 s"), (0.121597, 0.4, "121.6 ms"), (1e-9, 0.4, "0.0 ms")],
)
def test_times_are_rounded_to_what_matters_in_a_run(seconds: float, end: float, words: str) -> None:
    assert brief_time(seconds, end) == words


def test_a_shrunk_run_is_linked_with_its_original(failing: Path, tmp_path: Path) -> None:
    names = ("20260101T000000.000Z-7", "20260102T000000.000Z-7", "20260103T000000.000Z-71", "20260105T000000.000Z-7")
    for name in names:
        shutil.copytree(failing, tmp_path / "a-plan" / name)
    shrunk = tmp_path / "shrunk" / "20260104T000000.000Z-1"
    shutil.copytree(failing, shrunk)
    plan = (shrunk / "plan.yaml").read_text()
    (shrunk / "plan.yaml").write_text(f"# Shrunk from a plan, seed 7: 2 operations and 0 faults are enough.\n{plan}")
    page = report(read_record(shrunk))
    assert f'<a href="../../a-plan/{names[1]}/report.html">a plan, seed 7</a>' in page
    assert "a plan, seed 7" not in report(read_record(tmp_path / "a-plan" / names[0]))


def test_operations_in_a_reason_are_links(failing: Path) -> None:
    page = (failing / "report.html").read_text()
    number = data(page).keys[0].counterexample[0]
    assert f'<a href="#op-{number}">operation {number}</a>' in page


def test_ballots_are_written_as_invariants_write_them() -> None:
    ballots = [caspaxos.ballot.Ballot(6, "n3"), rsl.types.Ballot(1, 0), 7]
    assert [epoch_text(msgspec.to_builtins(ballot)) for ballot in ballots] == ["6/n3", "1/n1", "7"]
    assert [str(ballot) for ballot in ballots] == ["6/n3", "1/n1", "7"]


def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    file = history_file(tmp_path / "h.jsonl", STALE)
    (tmp_path / "folder").mkdir()
    for out in (tmp_path / "none" / "x.html", tmp_path / "folder"):
        with pytest.raises(UserError, match=re.escape(str(out))):
            write(file, out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "h.jsonl"]


def test_a_cut_journal_and_an_unreadable_plan_have_notes(failing: Path, tmp_path: Path) -> None:
    half = tmp_path / "half"
    shutil.copytree(failing, half)
    journal = half / "messages.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    (half / "plan.yaml").write_text("")
    page = report(read_record(half))
    assert "The message journal ends in the middle of a line" in page
    assert "The plan in the run&#39;s folder cannot be read" in page
    assert "clew replay" not in page
    assert "ends in the middle" not in report(read_record(failing))
