"""Where two runs differ: in the plan, in a message, in an event."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import trio

from clew.harness.plan import loads, resolve
from clew.harness.run import run
from clew.harness.view.diff import compare, lines_of
from tests.harness.conftest import PLAN, Clew
from tests.harness.shown import STALE, history_file


def test_a_run_does_not_differ_from_itself(clew_call: Clew, recorded: Path) -> None:
    done = clew_call("diff", recorded, recorded)
    assert done.returncode == 0, done.stderr
    assert "The histories are the same" in done.stdout
    assert "The plans are the same." in done.stdout


def test_the_first_event_that_differs_is_named_with_what_differs(tmp_path: Path) -> None:
    one = history_file(tmp_path / "one.jsonl", STALE)
    other = history_file(tmp_path / "other.jsonl", [*STALE[:5], (5, 1, "ok", "read", "x", 2)])
    found = compare(one, other)
    assert found.event == 5
    assert found.words == "The first 5 events are the same, until 4.000 ms; event 5 differs in its value."
    assert found.rows[found.event - found.first] == ("5.000 ms  client 1 ok read 1", "5.000 ms  client 1 ok read 2")
    assert any("≠" in "".join(span.text for span in line) for line in lines_of(found, 100))


def test_a_difference_far_along_the_line_is_shown(tmp_path: Path) -> None:
    long = "x" * 200
    files = [
        history_file(
            tmp_path / f"{end}.jsonl",
            [(0, 1, "invoke", "write", None, long), (0, 0, "invoke", "write", None, f"{long}{end}")],
        )
        for end in ("one", "two")
    ]
    found = compare(*files)
    lines = ["".join(span.text for span in spans) for spans in lines_of(found, 80)]
    assert sum("0 ns  client 1 invoke" in line for line in lines) == 1, "what is the same is shown from its beginning"
    (row,) = [line for line in lines if "≠" in line]
    assert 'one"' in row
    assert 'two"' in row
    assert len(row) <= 80
    assert "There are not two plans to compare." in lines


def test_a_history_that_ends_early_differs_there(tmp_path: Path) -> None:
    found = compare(history_file(tmp_path / "a.jsonl", STALE), history_file(tmp_path / "b.jsonl", STALE[:4]))
    assert (found.event, found.words) == (4, "The first 4 events are the same; then other ends.")


def test_two_variants_differ_in_the_plan_a_message_and_an_event(clew_call: Clew, tmp_path: Path) -> None:
    runs = []
    for variant in ("none", "dirty-reads"):
        plan = resolve(loads(PLAN, "plan", tmp_path), None, [f"system.variant={variant}"])
        runs.append(str(trio.run(partial(run, plan, nodes="inline", into=tmp_path / variant)).run))
    done = clew_call("diff", *runs, "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert list(found["plan"]) == ["system.variant"]
    assert found["event"] is not None
    assert found["message_time"] <= found["time"], "clients see what messages did before"
    shown = clew_call("diff", *runs).stdout
    assert "The plans differ:" in shown
    assert "The message journals differ from" in shown
