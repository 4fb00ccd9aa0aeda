"""Histories: what is written is what is read, and a broken history is refused with its line."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.histories import FOREVER, INFO, OK, Event, Header, History, HistoryError, Recorder, dump, load
from clew.histories.text import describe, printable, value_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Any sequence of well-formed events, whether it makes a history or not."""
    count = draw(st.integers(0, 8))
    times = sorted(draw(st.lists(st.integers(0, 2**62), min_size=count, max_size=count)))
    process: Any = st.integers(0, 3) | st.just("nemesis")
    kind: Any = st.sampled_from(["invoke", "ok", "fail", "info"])
    return [
        Event(
            i,
            t,
            draw(process),
            draw(kind),
            draw(st.text(max_size=4)),
            draw(JSON),
            draw(JSON),
            draw(st.none() | st.text()),
        )
        for i, t in enumerate(times)
    ]


@settings(max_examples=40)
@given(events(), st.integers(0, 2**40))
def test_a_recorded_history_reads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, past: list[Event], seed: int
) -> None:
    path = tmp_path_factory.mktemp("round") / "history.jsonl"
    history = History.of(past, header=Header(1, "plan", seed, "cas-register", {"clew": "0"}))
    with path.open("wb") as stream:
        dump(history, stream)
    again = load(path)
    assert list(again.events()) == past
    assert again.header == history.header
    assert not again.cut


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("garbage") / "history.jsonl"
    path.write_bytes(data)
    with pytest.raises(HistoryError, match=r"history\.jsonl:\d+: "):
        load(path)


def test_a_history_can_be_cut_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    with path.open("wb", buffering=0) as stream:
        recorder = Recorder(Header(1, "plan", 1))
        recorder.write_to(stream)
        for time in range(5):
            recorder.record(time, time, "invoke", "write", 0, time)
    whole = path.read_bytes()
    header = whole.index(b"\n") + 1
    for length in range(header, len(whole)):
        path.write_bytes(whole[:length])
        history = load(path)
        rest = whole[header:length].split(b"\n")
        complete = rest[-1] == b"" or whole[length : length + 1] == b"\n"
        assert len(history) == len(rest) - 1 + (complete and rest[-1] != b"")
        assert history.cut == (not complete)


def test_a_last_line_without_a_newline_is_an_event_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('{"clew-history":1}\n{"index":0,"time":1,"process":0,"type":"invoke","f":"read"}')
    history = load(path)
    assert len(history) == 1
    assert not history.cut


def test_only_the_last_line_may_be_cut(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(
        '{"clew-history":1}\n{"index":0,"time":1,"proc\n{"index":1,"time":1,"process":0,"type":"ok","f":"r"}\n'
    )
    with pytest.raises(HistoryError, match=r"history\.jsonl:2: expected an event, found '.*proc'"):
        load(path)


INVOKE = '{"index":0,"time":5,"process":0,"type":"invoke","f":"read","key":0}'


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (['{"index":0,"time":5,"process":0,"type":"ok","f":"read"}'], ":2: process 0 completes an operation"),
        ([INVOKE, INVOKE.replace("0,", "1,", 1)], ":3: process 0 invokes an operation while its operation at index 0"),
        ([INVOKE, '{"index":1,"time":4,"process":1,"type":"invoke","f":"read"}'], ":3: time goes backwards: 4 after 5"),
        (
            [INVOKE, '{"index":1,"time":6,"process":0,"type":"ok","f":"write","key":0}'],
            ':3: f: process 0 completes "write", but it invoked "read"',
        ),
        ([INVOKE, '{"index":1,"time":6,"process":0,"type":"ok","f":"read","key":1}'], "on key 1, but it invoked"),
        (
            [
                INVOKE,
                '{"index":1,"time":6,"process":0,"type":"info","f":"read","key":0}',
                INVOKE.replace("5", "7").replace("0", "2", 1),
            ],
            ":4: process 0 returns after an operation of unknown outcome",
        ),
        ([INVOKE, INVOKE.replace('"process":0', '"process":1')], ":3: index is 0 after 0; expected it to grow"),
        (['{"index":0,"time":5,"process":0,"f":"read"}'], "the field type is missing"),
        (['{"index":0,"time":5,"process":0,"type":"maybe","f":"read"}'], 'type is "maybe"; expected invoke, ok, fail'),
        (['{"index":0,"time":5,"process":"bob","type":"ok","f":"read"}'], 'process is "bob"; expected a whole number'),
        (["[]"], ":2: expected an event, found '[]', which is no JSON object"),
        (['{"index":0', INVOKE], ":2: expected an event, found '{\"index\":0', which is no JSON"),
        (['{"index":0,"time":5,"process":-1,"type":"invoke","f":"read"}'], "process is -1, which is out of range"),
        (['{"index":0,"time":5,"process":1,"type":"invoke","f":7}'], "f is 7; expected the name of a function"),
        (['{"index":0,"time":5,"process":1,"type":"ok","f":"r","error":7}'], "error is 7; expected a text"),
        (['{"index":0,"time":1.5,"process":1,"type":"invoke","f":"r"}'], "time is 1.5; expected nanoseconds"),
        (
            ['{"index":0,"time":99999999999999999999,"process":1,"type":"invoke","f":"read"}'],
            "time is 99999999999999999999, which is out of range; expected nanoseconds from 0 to 9223372036854775807",
        ),
        (['{"index":0,"time":5,"process":1,"type":"invoke","f":"r","value":' + "[" * 9999], ":2: expected an event"),
    ],
)
def test_a_broken_history_is_refused_with_its_line(tmp_path: Path, lines: list[str], said: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join(['{"clew-history":1}', *lines, ""]))
    with pytest.raises(HistoryError) as refused:
        _ = load(path).operations
    assert said in str(refused.value)
    assert "`" not in str(refused.value), "the words of the library that decodes it"


def test_an_operation_without_completion_is_of_unknown_outcome() -> None:
    history = History.of(
        [
            Event(0, 1, 0, "invoke", "write", 0, 5),
            Event(1, 2, 1, "invoke", "read", 0),
            Event(2, 3, "nemesis", "info", "start-crash"),
            Event(3, 4, 1, "ok", "read", 0, 5),
        ]
    )
    operations = history.operations
    assert operations.outcome.tolist() == [INFO, OK]
    assert operations.end.tolist() == [FOREVER, 4]
    assert history.values[operations.result[1]] == 5


def test_text_has_its_control_characters_escaped() -> None:
    line = describe(Event(0, 1_204_113_000, 3, "ok", "cas\x1b[2J", 0, ["\x07", 2], "bad\nthing"))
    assert line.startswith("   1.204113 s        3  ok ")
    assert "\x1b" not in line
    assert "\x07" not in line
    assert "\n" not in line
    assert printable("süß") == "süß"


def test_a_value_as_text_has_spaces_and_unchanged_strings() -> None:
    assert value_text([1, "a,b:c", {"x": [1, 2]}]) == '[1, "a,b:c", {"x": [1, 2]}]'


def test_a_number_that_json_does_not_have_is_not_told_as_null() -> None:
    assert [value_text(value) for value in (nan, inf, [1, {"x": -inf}], None, [2.5, None])] == [
        "nan",
        "inf",
        "[1, {'x': -inf}]",
        "null",
        "[2.5, null]",
    ]
