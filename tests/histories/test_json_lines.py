"""JSON lines of other programs: their names, their times, a line for each event or for each operation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

import clew
from clew.checkers import check
from clew.histories import Event, History, HistoryError, dump
from clew.histories.codecs import read
from clew.histories.oddities import oddities
from clew.histories.reading import NAMES, BadReading, reading_of

FIELDS = "time=ts_us*1000,f=op,process=client,type=phase,value=val"
WORDS = "call=invoke,done=ok,get=read,set=write"
THEIRS = [
    {"ts_us": 1700000000000012.5, "op": "set", "client": "a", "phase": "call", "val": 5},
    {"ts_us": 1700000000000040, "op": "set", "client": "a", "phase": "done", "val": 5},
    {"ts_us": 1700000000000030, "op": "get", "client": "b", "phase": "call"},
    {"ts_us": 1700000000000050, "op": "get", "client": "b", "phase": "done", "val": 5},
]


def written(folder: Path, *lines: Any) -> Path:
    path = folder / "theirs.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return path


def test_names_words_and_units_are_translated_and_lines_sorted(tmp_path: Path) -> None:
    history = read(written(tmp_path, *THEIRS), fields=FIELDS, words=WORDS)
    assert list(history.events()) == [
        Event(0, 0, 0, "invoke", "write", value=5),
        Event(1, 17_500, 1, "invoke", "read"),
        Event(2, 27_500, 0, "ok", "write", value=5),
        Event(3, 37_500, 1, "ok", "read", value=5),
    ]
    assert history.lines is not None
    assert history.lines.tolist() == [1, 3, 2, 4]
    assert check(history, "register").verdict == "valid"


def test_a_line_for_each_operation(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            "a": "2026-01-01T01:00:00.123456789+01:00",
            "b": "2026-01-01T00:00:00.2Z",
            "op": "set",
            "x": {"v": 5},
            "ok": True,
        },
        {"a": "2026-01-01T00:00:00.15Z", "b": "2026-01-01T00:00:00.3Z", "op": "get", "ret": 5, "ok": True},
        {"a": "2026-01-01T00:00:00.35Z", "b": "2026-01-01T00:00:00.36Z", "op": "cas", "old": 5, "new": 6, "ok": False},
        {"a": "2026-01-01T00:00:00.4Z", "b": None, "op": "set", "x": {"v": 7}, "ok": None},
        {"a": "2026-01-01T00:00:00.5Z", "b": "2026-01-01T00:00:00.6", "op": "get", "ret": None, "ok": True},
    )
    history = read(path, fields="start=a,end=b,f=op,ok=ok,value=x.v/old:new,result=ret", words="get=read,set=write")
    assert [(event.time, event.process, event.type, event.f, event.value) for event in history.events()] == [
        (0, 0, "invoke", "write", 5),
        (26_543_211, 1, "invoke", "read", None),
        (76_543_211, 0, "ok", "write", 5),
        (176_543_211, 1, "ok", "read", 5),
        (226_543_211, 0, "invoke", "cas", [5, 6]),
        # What failed may have taken effect. Its process never comes back, and is nobody's in this file.
        (236_543_211, 0, "info", "cas", [5, 6]),
        (276_543_211, 1, "invoke", "write", 7),
        (376_543_211, 2, "invoke", "read", None),
        (476_543_211, 2, "ok", "read", None),
    ]
    assert check(history, "cas-register").verdict == "invalid"


def test_a_type_says_more_of_an_operation_than_ok(tmp_path: Path) -> None:
    lines = [{"s": 1, "e": 2, "f": "write", "value": 1, "process": 0, "code": code} for code in (200, 409, 504)]
    for number, line in enumerate(lines):
        line["process"] = number
    history = read(written(tmp_path, *lines), fields="start=s,end=e,type=code", words="200=ok,409=fail,504=info")
    assert [event.type for event in history.events() if event.type != "invoke"] == ["ok", "fail", "info"]


def test_without_a_header_and_without_an_index_clews_own_names_are_enough(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"time": 5, "process": 0, "type": "invoke", "f": "write", "value": 1},
        {"time": 9, "process": 0, "type": "ok", "f": "write", "value": 1},
    )
    assert list(clew.load(str(path)).events()) == [
        Event(0, 0, 0, "invoke", "write", value=1),
        Event(1, 4, 0, "ok", "write", value=1),
    ]


def test_a_process_that_goes_on_after_an_unknown_outcome_becomes_a_fresh_one_if_asked_for(tmp_path: Path) -> None:
    events = [
        (0, "invoke"),
        (1, "invoke"),
        (0, "info"),
        (0, "invoke"),
        (0, "info"),
        (0, "info"),
        (0, "invoke"),
        (1, "ok"),
    ]
    lines = [{"time": i, "process": p, "type": t, "f": "write", "value": 1} for i, (p, t) in enumerate(events)]
    path = written(tmp_path, *lines)
    with pytest.raises(HistoryError, match=r":4: process 0 returns after .* --renumber"):
        _ = read(path).operations
    history = read(path, renumber=True)
    assert history.process.tolist() == [0, 1, 0, 2, 2, 2, 3, 1]
    assert len(history.operations) == 4


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"ts": 1}, ":2: expected a field ts_us, which is clew's time; found ts"),
        ({**THEIRS[0], "phase": "start"}, ':2: expected the type to be invoke, .*, found "start"; --words start='),
        ({**THEIRS[0], "ts_us": "soon"}, ":2: expected ts_us to be a number or a time like 2026-.*, found .soon"),
        ({**THEIRS[0], "ts_us": "2026-13-01T00:00:00Z"}, ":2: expected ts_us to be a number or a time like 2026-"),
        ({**THEIRS[0], "ts_us": 1e40}, ":2: the times are out of range: .* multiplied by the right number"),
        ({**THEIRS[0], "client": ["a"]}, ":2: expected the process to be a number or a name, found"),
        ([], ":2: expected an event, found '\\[\\]', which is no JSON object"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_named_with_what_was_expected(tmp_path: Path, line: Any, said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        read(written(tmp_path, THEIRS[0], line), fields=FIELDS, words=WORDS)


def test_lines_with_other_names_say_how_to_name_them(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r":1: expected a field process; found ts_us, op.*--fields process=\.\.\."):
        read(written(tmp_path, *THEIRS))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("value=vall", "--fields value=vall: no line has a field vall; there are ts, process, type, f, val"),
        ("value=val,time=tsus*1000", "--fields time=tsus: no line has a field tsus"),
        ("value=val,error=why/reason", "--fields error=why or reason: no line has a field why or reason"),
        ("time=ts", "expected a field value, for what is written; no line has one"),
    ],
)
def test_a_field_that_no_line_has_is_refused(tmp_path: Path, fields: str, said: str) -> None:
    path = tmp_path / "h.jsonl"
    path.write_text(
        '{"ts":1,"process":0,"type":"invoke","f":"write","val":1}\n{"ts":2,"process":0,"type":"ok","f":"write","val":1}\n'
    )
    with pytest.raises(HistoryError, match=re.escape(said)):
        read(path, fields=fields)


def test_an_operation_that_ends_before_it_starts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r":1: the operation ends before it starts: 2 ns after 3 ns"):
        read(written(tmp_path, {"s": 3, "e": 2, "f": "read"}), fields="start=s,end=e")


@pytest.mark.parametrize(
    ("fields", "words", "said"),
    [
        ("ts", None, "expected ours=theirs"),
        ("x=y", None, f'clew has no field "x"; there are {", ".join(NAMES)}'),
        ("f=op*2", None, "only time, start and end are multiplied"),
        ("f=a,f=b", None, "f is given twice"),
        ("start=a", None, "start without end"),
        ("start=a,end=b,time=c", None, "time and start"),
        ("start=a,end=b,ok=c,type=d", None, "ok and type"),
        ("result=a", None, "result is for lines that are whole operations"),
        (None, "get", "expected theirs=ours"),
    ],
)
def test_a_mistake_in_the_options_is_told(fields: str | None, words: str | None, said: str) -> None:
    with pytest.raises(BadReading) as caught:
        reading_of(fields, words)
    assert said in str(caught.value)


def test_a_cut_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    path = written(tmp_path, *THEIRS)
    path.write_bytes(path.read_bytes() + b'{"ts_us": 17')
    history = read(path, fields=FIELDS, words=WORDS)
    assert history.cut
    assert len(history) == 4


def test_load_takes_a_text_a_run_folder_and_any_format(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    history = History.of([Event(0, 1, 0, "invoke", "read"), Event(1, 2, 0, "ok", "read")])
    with (folder / "history.jsonl").open("wb") as stream:
        dump(history, stream)
    (tmp_path / "h.edn").write_text(
        "{:process 0, :type :invoke, :f :read}\n{:process 0, :type :ok, :f :read, :value 3}\n"
    )
    assert len(clew.load(str(folder))) == len(clew.load(folder)) == len(clew.load(str(tmp_path / "h.edn"))) == 2


def test_what_is_odd_is_said() -> None:
    events = [Event(0, 1, 0, "invoke", "write"), Event(1, 2, 1, "invoke", "write", value=3)]
    assert oddities(History.of(events)) == (
        "2 operations never ended (the first: write ? of process 0 at index 0): their outcomes are taken as unknown",
        "1 write without a value (write ? of process 0 at index 0): null is written",
        "no operation was ok: where nothing is known to have happened, nothing can be wrong",
    )
    fine = [Event(0, 1, 0, "invoke", "write", value=3), Event(1, 2, 0, "ok", "write", value=3)]
    assert oddities(History.of(fine)) == ()
    for returned in (None, True, [1, 3], "done"):
        assert oddities(History.of([fine[0], Event(1, 2, 0, "ok", "write", value=returned)])) == ()
    assert oddities(History.of([fine[0], Event(1, 2, 0, "ok", "write", value=4)])) == (
        "1 write ended with another value than what was written (write 3 → 4 of process 0 at index 0): "
        "what a write returns is not looked at",
    )


@pytest.mark.parametrize("regular", [True, False])
def test_a_field_that_clew_does_not_know_is_said(tmp_path: Path, regular: bool) -> None:
    history = History.of(Event(i, i, 0, ("invoke", "ok")[i % 2], "write", value=3) for i in range(20))
    path = tmp_path / "mine.jsonl"
    with path.open("wb") as stream:
        dump(history, stream)
    text = path.read_text()
    if not regular:
        text = text.replace('"value":3', '"value":{"x":3.5}')
    assert oddities(read(path)) == ()
    path.write_text(text.replace('"value"', '"vlaue"', 4).replace('"vlaue"', '"value"', 3))
    assert oddities(read(path)) == ("clew knows no field vlaue (line 5): what such fields say is left out",)


@pytest.mark.parametrize("engine", ["competition", "linear", "wgl", "exhaustive"])
def test_a_history_with_nothing_in_it_is_unknown(engine: str) -> None:
    verdict = check(History.of([]), "register", engine=engine)
    assert verdict.verdict == "unknown"
    assert verdict.explanation == "there is no operation in the history, so nothing was checked"


LINES = """{"at":1,"op":"write","who":"a","type":"invoke","value":5}
{"at":2,"op":"write","who":"a","type":"info","value":5}

{"at":3,"op":"write","who":"a","type":"invoke","value":6}
{"at":4,"op":"write","who":"a","type":"ok","value":6}
{"at":5,"op":"read","who":"b","type":"invoke"}
{"at":6,"op":"read","who":"b","type":"ok","value":4}
"""


def test_a_verdict_names_the_lines_of_the_file_and_its_own_process_names(tmp_path: Path) -> None:
    (tmp_path / "theirs.jsonl").write_text(LINES)
    history = read(tmp_path / "theirs.jsonl", fields="time=at,f=op,process=who", renumber=True)
    assert [history.client(number) for number in range(3)] == [
        "client 0 (a)",
        "client 0 (a, process 2)",
        "client 1 (b)",
    ]
    assert [history.place(number) for number in range(3)] == ["lines 1 and 2", "lines 4 and 5", "lines 6 and 7"]
    assert "read by client 1 (b) from 4 ns to 5 ns returned 4 (lines 6 and 7): no order" in str(
        check(history, "register").explanation
    )


def test_lines_that_are_whole_operations_are_named_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "theirs.jsonl").write_text('{"begin":1,"end":2,"op":"read","value":7}\n')
    history = read(tmp_path / "theirs.jsonl", fields="start=begin,f=op,end=end")
    assert (history.client(0), history.place(0)) == ("client 0", "line 1")


def test_a_history_of_ours_is_told_by_our_numbers_alone(tmp_path: Path) -> None:
    (tmp_path / "theirs.jsonl").write_text(LINES)
    history = read(tmp_path / "theirs.jsonl", fields="time=at,f=op,process=who", renumber=True)
    with (tmp_path / "ours.jsonl").open("wb") as stream:
        dump(history, stream)
    ours = read(tmp_path / "ours.jsonl")
    assert (ours.client(2), ours.place(2)) == ("client 1", "")
