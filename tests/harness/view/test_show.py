"""A run in the terminal: the diagram, the filters, the statistics; and escaped control characters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clew.harness.store.record import read_record
from clew.harness.view.operation_filter import OperationFilter, select
from clew.harness.view.report import report
from clew.harness.view.show import lines_of, statistics_lines, statistics_of
from clew.histories import HistoryError
from clew.histories.history import NEMESIS_PROCESS
from tests.harness.conftest import Clew
from tests.harness.shown import STALE, history_file


def text(
    path: Path, wanted: OperationFilter | None = None, width: int = 100, model: str | None = "cas-register"
) -> list[str]:
    lines = lines_of(read_record(path, model), wanted or OperationFilter(), width=width)
    return ["".join(span.text for span in line) for line in lines]


def test_the_stuck_read_is_marked_and_the_counterexample_has_thick_lines(tmp_path: Path) -> None:
    lines = text(history_file(tmp_path / "h.jsonl", STALE))
    (stuck,) = [line for line in lines if line.startswith(" ✗")]
    assert "5.0 ms" in stuck
    assert "✗ 1" in stuck
    assert any("┏ read" in line for line in lines)
    assert any("┏ write 2" in line for line in lines)
    assert any("verdict    invalid" in line for line in lines)
    assert any("◆ = 2" in line for line in lines), "the state, of a model that was asked for"


def test_a_history_of_an_unknown_model_is_shown_without_a_verdict(tmp_path: Path) -> None:
    file = history_file(tmp_path / "h.jsonl", STALE, model="their-own")
    lines = text(file, model=None)
    assert "verdict    none: there is no model their-own; give one with --model" in lines
    assert any("write 2" in line for line in lines)
    assert "not checked" in report(read_record(file))
    with pytest.raises(HistoryError, match='there is no model "their-own"'):
        read_record(file, "their-own")


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_the_diagram_fits_the_terminal(tmp_path: Path, width: int) -> None:
    events = [
        event for p in range(9) for event in ((p, p, "invoke", "write", None, p), (p + 20, p, "ok", "write", None, p))
    ]
    lines = text(history_file(tmp_path / "h.jsonl", sorted(events)), width=width)
    start = next(number for number, line in enumerate(lines) if line.startswith("The last operations"))
    assert max(len(line.rstrip()) for line in lines[start + 1 :]) <= width
    assert ("not fit" in lines[-1]) == (width < 170)
    assert "1 more clients" not in lines[-1]


def test_every_filter_filters(tmp_path: Path) -> None:
    events = [
        (0, 0, "invoke", "write", "x", 1),
        (1, 0, "ok", "write", "x", 1),
        (2, 1, "invoke", "read", "y", None),
        (3, 1, "ok", "read", "y", None),
        (4, 2, "invoke", "cas", "x", [1, 2]),
        (5, 2, "info", "cas", "x", [1, 2]),
        (6, 3, "invoke", "read", "x", None),
    ]
    run = read_record(history_file(tmp_path / "h.jsonl", events))

    def passed(wanted: OperationFilter) -> list[int]:
        return select(run, wanted).tolist()

    assert passed(OperationFilter()) == [0, 1, 2, 3]
    assert passed(OperationFilter(process=1)) == [1]
    assert passed(OperationFilter(key="x")) == [0, 2, 3]
    assert passed(OperationFilter(f="cas")) == [2]
    assert passed(OperationFilter(type="ok")) == [0, 1]
    assert passed(OperationFilter(type="info")) == [2]
    assert passed(OperationFilter(type="invoke")) == [3], "what was never completed"
    assert passed(OperationFilter(start=int(3.5e6))) == [2, 3]
    assert passed(OperationFilter(end=int(3.5e6))) == [0, 1]
    assert passed(OperationFilter(around=2)) == [0, 1, 2, 3]
    assert passed(OperationFilter(key="x", type="ok")) == [0]
    for wrong in (OperationFilter(type="okay"), OperationFilter(around=99), OperationFilter(start=5, end=4)):
        with pytest.raises(HistoryError):
            passed(wrong)
    for none, there_are in (
        (OperationFilter(process=7), "0, 1, 2, 3"),
        (OperationFilter(key="z"), "x, y"),
        (OperationFilter(f="nothing"), "write, read, cas"),
    ):
        with pytest.raises(HistoryError, match=f"there are: {there_are}"):
            passed(none)
    assert passed(OperationFilter(process=1, key="x")) == [], "each by itself there is"


def test_errors_are_those_with_an_error(clew_call: Clew, recorded: Path) -> None:
    done = clew_call("show", recorded, "--errors", "--json")
    shown = json.loads(done.stdout)["operations"]
    assert shown
    assert all(operation["error"] for operation in shown)


def test_stats_count_every_operation_once(clew_call: Clew, recorded: Path) -> None:
    done = clew_call("show", recorded, "--stats", "--json")
    stats = json.loads(done.stdout)["stats"]
    verdict = json.loads((recorded / "verdict.json").read_text())
    assert stats["all"]["operations"] == verdict["operations"]
    assert sum(part["operations"] for part in stats["by_f"].values()) == verdict["operations"]
    assert set(stats["by_kind"]) == {"crash", "partition", "no fault"}
    assert sum(part["operations"] for part in stats["by_kind"].values()) == verdict["operations"]
    assert [part["name"] for part in stats["by_window"]] == ["crash", "partition"]
    shown = clew_call("show", recorded, "--stats").stdout
    assert "p99 ms" in shown
    assert "crash 0.05 s to 0.15 s" in shown


@pytest.mark.parametrize("width", [40, 60, 80, 100, 130, 200])
def test_the_statistics_fit_into_every_width(recorded: Path, width: int) -> None:
    run = read_record(recorded)
    found = statistics_of(run, OperationFilter())
    lines = ["".join(span.text for span in line) for line in statistics_lines(found, run.last, width)]
    assert max(map(len, lines)) <= width
    heads = [line.replace(" ms", "_ms").replace(" s", "_s").split() for line in lines if not line[:16].strip()]
    assert [head for line in heads for head in line] == [
        "all",
        "ok",
        "fail",
        "info",
        "unknown",
        "per_s",
        "p50_ms",
        "p95_ms",
        "p99_ms",
        "max_ms",
    ]
    whole = next(statistics_lines(found, run.last))
    assert len("".join(span.text for span in whole)) > 100


def test_a_rate_is_over_the_time_of_the_filter(tmp_path: Path) -> None:
    """An operation each second, ten a second in the sixth."""
    starts = [*range(10), *(5 + n / 10 for n in range(1, 10))]
    events = [
        (1000 * at + ms, 0, t, "read", None, None) for at in sorted(starts) for ms, t in ((0, "invoke"), (1, "ok"))
    ]
    run = read_record(history_file(tmp_path / "h.jsonl", [*events, (10_000, 0, "invoke", "read", None, None)]))
    assert statistics_of(run, OperationFilter()).all.rate == pytest.approx(2.0)
    s = 1_000_000_000
    assert statistics_of(run, OperationFilter(start=5 * s, end=6 * s - 1)).all.rate == pytest.approx(10.0)
    assert statistics_of(run, OperationFilter(start=8 * s)).all.rate == pytest.approx(1.5)
    # Around the event of 5.5 s: six operations before it and three after it.
    assert statistics_of(run, OperationFilter(around=20)).all.rate > 5


def test_a_bad_time_is_refused(clew_call: Clew, recorded: Path) -> None:
    done = clew_call("show", recorded, "--from", "soon")
    assert done.returncode == 254
    assert "--from: expected a duration" in done.stderr


def test_a_history_of_another_tool_is_shown_with_the_names_of_its_faults(tmp_path: Path) -> None:
    (tmp_path / "h.edn").write_text(
        "{:index 0 :time 0 :process 0 :type :invoke :f :read :value nil}\n"
        '{:index 1 :time 5 :process :nemesis :type :info :f :start-partition :value "n1 | n2"}\n'
        "{:index 2 :time 10 :process 0 :type :ok :f :read :value nil}\n"
        "{:index 3 :time 20 :process :nemesis :type :info :f :stop-partition :value nil}\n"
    )
    run = read_record(tmp_path / "h.edn")
    assert (run.history.process == NEMESIS_PROCESS).sum() == 2
    (window,) = run.fault_windows
    assert (window.start, window.end, window.kind) == (5, 20, "partition")
    assert any("start-partition" in line for line in text(tmp_path / "h.edn", model=None))


def test_a_history_cannot_control_the_terminal(tmp_path: Path) -> None:
    file = history_file(tmp_path / "h.jsonl", [(0, 0, "invoke", "\x1b[2J", "\x1b[31m", "\x1b]0;x\x07")], plan="\x1b[1m")
    assert not any("\x1b" in line or "\x07" in line for line in text(file, model=None))


def test_a_history_without_times_counts_events(tmp_path: Path) -> None:
    calls = [(0, "write", 1), (0, "write", 2), (1, "read", 1)]
    rows = [f"{p}\t:{kind}\t:{f}\t{value}" for p, f, value in calls for kind in ("invoke", "ok")]
    (tmp_path / "h.txt").write_text("\n".join(rows).replace(":invoke\t:read\t1", ":invoke\t:read\tnil") + "\n")
    lines = text(tmp_path / "h.txt")
    assert not any("0.000000" in line for line in lines)
    assert any("it has no times" in line for line in lines)
    assert any("by event 3, before it began at event 4" in line for line in lines)
    (stuck,) = [line for line in lines if line.startswith(" ✗")]
    assert stuck.split()[1:3] == ["event", "5"]
    with pytest.raises(HistoryError, match="has no times"):
        select(read_record(tmp_path / "h.txt"), OperationFilter(start=1))
    page = report(read_record(tmp_path / "h.txt", "cas-register"))
    assert '<td class="when">event 4</td>' in page
    assert "The history has no times" in page
    assert "0.000000" not in page.partition("<script")[0]
