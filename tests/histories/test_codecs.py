"""Formats: clew's files read back the same, files of other tools are understood, malformed files are refused."""

from __future__ import annotations

import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clew.histories import Event, Header, History, HistoryError, codecs
from clew.histories.edn import to_edn
from clew.histories.edn_forms import forms

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6)
)
values = st.recursive(
    scalars,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=3),
    max_leaves=5,
)
words = st.sampled_from(["read", "write", "cas", "start-partition", "a b", "nil", ""])
events = st.builds(
    Event,
    index=st.integers(0, 1 << 40),
    time=st.integers(0, 1 << 61),
    process=st.integers(0, 5) | st.just("nemesis"),
    type=st.sampled_from(["invoke", "ok", "fail", "info"]),
    f=words,
    key=values,
    value=values,
    error=st.none() | st.sampled_from(["mismatch", "timed-out", "connection reset"]),
)
headers = st.builds(Header, st.just(1), plan=st.none() | st.text(max_size=5), seed=st.none() | st.integers(0, 9))


def everything(history: History) -> list[bytes]:
    return [json.dumps([repr(event) for event in history.events()]).encode(), repr(history.header).encode()]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(past=st.lists(events, min_size=1, max_size=6), header=headers)
@pytest.mark.parametrize("format", ["edn", "jsonl"])
def test_a_written_history_reads_back_the_same(tmp_path: Path, format: str, past: list[Event], header: Header) -> None:
    # clew's own format numbers its events itself, and in EDN the nemesis has no key.
    past = [
        msgspec.structs.replace(event, index=i, key=None if event.process == "nemesis" else event.key)
        for i, event in enumerate(past)
    ]
    history = History.of(past, header=header)
    path = tmp_path / "history"
    buffer = BytesIO()
    codecs.write(history, buffer, format)
    path.write_bytes(buffer.getvalue())
    assert codecs.detect(path).name == format
    assert everything(codecs.read(path)) == everything(history)


@given(values)
def test_a_value_survives_edn(value: Any) -> None:
    assert json.dumps(forms(to_edn(value))) == json.dumps([value])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("#{1 2}", [1, 2]),
        ("(1, 2)", [1, 2]),
        ("[:a/b foo]", ["a/b", "foo"]),
        ("#jepsen.history.Op{:a 1}", {"a": 1}),
        ("{:a #_[ignored {] } thing", None),
        ("[1 #_ 2 3]", [1, 3]),
        ("[#_ #_ 1 2 3]", [3]),
        ("12N", 12),
        ("1.5M", 1.5),
        ("1/2", 0.5),
        ("\\newline", "\n"),
        ("[\\a \\u0041]", ["a", "A"]),
        ('#inst "2026-01-01"', "2026-01-01"),
        ('"a \\"b\\" \\n"', 'a "b" \n'),
        ("; nothing\n-7", -7),
        ("##Inf", float("inf")),
    ],
)
def test_edn_is_read_as_json(text: str, value: Any) -> None:
    if value is None:
        with pytest.raises(ValueError, match="found"):
            forms(text)
    else:
        assert forms(text) == [value]


def load(tmp_path: Path, text: str) -> list[Event]:
    path = tmp_path / "history.edn"
    path.write_text(text)
    return list(codecs.read(path).events())


ONE = "{:index 0, :time 5, :type :invoke, :process 0, :f :read, :value nil}"
TWO = "{:process 0 :value 3 :f :read :type :ok :time 6 :index 1}"


@pytest.mark.parametrize(
    "text", [f"{ONE}\n{TWO}\n", f"[{ONE}\n {TWO}]\n", f"({ONE}\n{TWO}\n)", f"[\n{ONE}{TWO}]", f"[{ONE}\n{TWO}\n]"]
)
def test_bare_and_enclosed_histories_are_the_same(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text) == [Event(0, 5, 0, "invoke", "read"), Event(1, 6, 0, "ok", "read", None, 3)]


def test_a_line_of_a_map_in_a_vector_may_end_with_a_bracket(tmp_path: Path) -> None:
    text = f"[{ONE[:-4]}[1\n 2]\n}}\n{TWO}]"
    assert [event.value for event in load(tmp_path, text)] == [[1, 2], 3]


def test_an_event_may_take_many_lines_and_many_shapes(tmp_path: Path) -> None:
    text = (
        ONE.replace(", ", ",\n ")
        + "\n#jepsen.history.Op"
        + TWO
        + '\n{:process :nemesis, :type :info, :f :kill, :value {"n1" :ok}}'
    )
    assert load(tmp_path, text.replace(":time 5", ":time 5, :extra [1 {:a 2}]"))[2] == Event(
        2, 2, "nemesis", "info", "kill", None, {"n1": "ok"}
    )


def test_keyed_values_are_recognised(tmp_path: Path) -> None:
    past = load(tmp_path, ONE.replace("nil", "[7 nil]") + "\n" + TWO.replace("3", "[7 [1 2]]"))
    assert [(event.key, event.value) for event in past] == [(7, None), (7, [1, 2])]


def test_a_log_holds_other_lines_too(tmp_path: Path) -> None:
    path = tmp_path / "jepsen.log"
    path.write_text(
        "INFO  jepsen.core - Worker 0 starting\n"
        "INFO  jepsen.util - 3\t:invoke\t:cas\t[3 0]\n"
        "INFO  jepsen.util - 3\t:info\t:cas\t:timed-out\n"
        "INFO  jepsen.util - 4\t:fail\t:cas\t[3 0]\n"
    )
    assert list(codecs.read(path).events()) == [
        Event(0, 0, 3, "invoke", "cas", None, [3, 0]),
        Event(1, 1, 3, "info", "cas", None, None, "timed-out"),
        Event(2, 2, 4, "fail", "cas", None, [3, 0]),
    ]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (f"{ONE}\n{{:type :ok, :process 0\n", 2, "found a { that is never closed"),
        (f"{ONE}\n{TWO.replace(':ok', ':maybe')}", 2, "expected :type"),
        (f"{ONE}\n{TWO.replace(':process 0', ':process -1')}", 2, "expected :process"),
        (f"{ONE}\n{TWO.replace(':ok', ':maybe')}", 2, 'found "maybe"'),
        (f"{ONE}\n{TWO.replace(':process 0 ', '')}", 2, "the key :process is missing"),
        (f"{ONE}\n\n{TWO.replace(':time 6', ':time 6.5')}", 3, "expected :time"),
        (f"{ONE}\n17\n", 2, "expected a map"),
        (f"{ONE}\n}}\n", 2, "found an unmatched }"),
        (f"{ONE}\n" + '{:process 0, :value "\\q"}', 2, "escape"),
        (f"{ONE}\n{TWO}\n".replace(":f :read", ":f 3"), 1, "expected :f"),
        ("{:process}", 1, "no value"),
        ("", 1, "an empty file"),
        ("\x00\x01\x02 garbage", 1, "expected a history in one of the formats"),
        ("INFO  jepsen.util - 3\t:invoke\t:cas\t[3 0]\nINFO  jepsen.util - what\n", 2, "expected a process"),
        ("INFO  jepsen.util - 3\t:invoke\t:cas\t[3 0\n", 1, "expected a value in EDN"),
        ('{:process 0, :type :invoke, :f :get, :key "a"}\n{:process 0, :type :ok, :f :get}\n', 2, "expected a :key"),
    ],
)
def test_a_malformed_history_is_refused_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    with pytest.raises(HistoryError, match=what) as error:
        load(tmp_path, text)
    assert error.value.line == line


@pytest.mark.parametrize("format", ["jsonl", "edn", "json-lines"])
def test_a_byte_order_mark_is_no_part_of_a_history(tmp_path: Path, format: str) -> None:
    past = History.of([Event(0, 0, 0, "invoke", "write", None, 1), Event(1, 1, 0, "ok", "write", None, 1)])
    file = tmp_path / "h"
    with file.open("wb") as stream:
        codecs.write(past, stream, "edn" if format == "edn" else "jsonl")
    text = file.read_bytes()
    text = text.partition(b"\n")[2] if format == "json-lines" else text
    file.write_bytes(b"\xef\xbb\xbf" + text)
    found = codecs.read(file)
    assert list(found.events()) == list(past.events())
    assert found.source == str(file)
    file.write_bytes(b"\xef\xbb\xbf" + text + b"nonsense\n")
    with pytest.raises(HistoryError, match=rf"{file}:{text.count(10) + 1}"):
        codecs.read(file)


def test_a_history_in_utf_16_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "h.jsonl"
    file.write_bytes('{"clew-history":1}\n'.encode("utf-16"))
    with pytest.raises(HistoryError, match="found text in UTF-16; save the file as UTF-8"):
        codecs.read(file)


def test_unknown_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='there is no format "xml"'):
        codecs.read(tmp_path, "xml")
    with pytest.raises(ValueError, match="does not write jepsen-log"):
        codecs.write(History.of([]), BytesIO(), "jepsen-log")


@pytest.mark.skipif("CLEW_HISTORIES" not in os.environ, reason="CLEW_HISTORIES does not say where real histories are")
def test_real_histories_are_read() -> None:
    root = Path(os.environ["CLEW_HISTORIES"])
    for name in json.loads((root / "expected.json").read_text()):
        assert len(codecs.read(root / name).operations) > 30


def test_the_last_line_of_edn_may_be_cut_anywhere(tmp_path: Path) -> None:
    whole, last = (
        b"{:process 0, :type :invoke, :f :read}\n",
        '{:process 0, :type :ok, :f :read, :value "\u00e9"}'.encode(),
    )
    path = tmp_path / "history.edn"
    for end in range(1, len(last)):
        path.write_bytes(whole + last[:end])
        found = codecs.read(path)
        assert (len(found), found.cut) == (1, True), last[:end]
    path.write_bytes(whole + last)
    found = codecs.read(path)
    assert (len(found), found.cut) == (2, False)
    path.write_bytes(whole[:-2] + b"\n" + last)
    with pytest.raises(HistoryError, match=r"history\.edn:1: expected EDN"):
        codecs.read(path)


@pytest.mark.parametrize("last", [':foo "bar', '"bar', "(1 2", "[{:process 0", "x {:process 0"])
def test_a_last_line_of_edn_that_begins_with_no_map_is_an_error_and_not_cut(tmp_path: Path, last: str) -> None:
    path = tmp_path / "history.edn"
    path.write_text("{:process 0, :type :invoke, :f :read}\n" + last)
    with pytest.raises(HistoryError, match=r"history\.edn:2: expected "):
        codecs.read(path)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
def test_utf_16_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "history"
    for text in ('{"clew-history":1}\n', "{:process 0, :type :invoke, :f :read}\n"):
        path.write_text(text, encoding)
        with pytest.raises(HistoryError, match="found text in UTF-16; save the file as UTF-8"):
            codecs.read(path)
