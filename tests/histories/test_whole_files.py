"""Reading a file at once gives what reading it line by line gives, also if something is wrong with it."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from clew.histories import (
    Event,
    EventType,
    History,
    HistoryError,
    edn,
    edn_lines,
    json_columns,
    json_lines,
    jsonl,
    regular_lines,
)
from clew.histories.event import FORMAT, NEMESIS
from clew.histories.reading import reading_of
from clew.histories.regular_lines import read_lines
from tests.often import OFTEN

VALUES: list[Any] = [None, 0, 7, -3, 2**70, True, 1.5, "a b", 'a"b\\\n', "nil", "é"]
VALUES += [[], [1, 2], [3, None], [[1, 2], {"a": 1}]]
MAPS: list[Any] = [{"b": 1, "a": 2}, {"a": 2, "b": 1}]
"""Equal, but for the order of their keys."""
REGULAR: list[Any] = [None, 0, 7, 7, -3, 10**17, 10**19, True, "a b", [1, 2], [1, -2, 30], [1, 2], 12345]
"""Values that are read without JSON, and few others."""


def history(rng: random.Random, values: list[Any] = VALUES) -> History:
    """Events that need not make sense together."""
    keyed, faults, errors = (rng.random() < 0.3 for _ in range(3))
    events: list[Event] = []
    for index in range(rng.randrange(1, 12)):
        kind: EventType = rng.choice(("invoke", "ok", "fail", "info"))
        value = rng.choice(values)
        if faults and rng.random() < 0.2:
            value = {"to": ["n1"]} if rng.random() < 0.5 else value
            events.append(Event(index, 10 * index, NEMESIS, "info", "partition", None, value))
            continue
        error = rng.choice(("timeout", "not ready (yet)", None)) if errors else None
        f = rng.choice(("read", "write", "compare-and-set"))
        events.append(Event(index, 10 * index, rng.randrange(3), kind, f, 5 if keyed else None, value, error))
    return History.of(events)


def spoiled(text: str, rng: random.Random) -> str:
    """The text with some characters, words or lines left out, doubled or exchanged."""
    for _ in range(rng.randrange(3)):
        first = rng.randrange(len(text) + 1)
        last = min(len(text), first + rng.choice((0, 1, 1, 2, 5, 30)))
        put = ("", text[first:last] * 2, "\n", "\r\n", " ", '"', "}", "{", ":", ",", "[", "-", "9" * 20, ";", "\\", "é")
        text = text[:first] + rng.choice(put) + text[last:]
    return text


def read(load: Callable[[], History]) -> Any:
    """All that was read, or what was said to be wrong with it."""
    try:
        past = load()
    except HistoryError as error:
        return "wrong", error.message, error.line
    columns = (past.index, past.time, past.process, past.type, past.f, past.key, past.value, past.error, past.lines)
    objects = [interned.objects for interned in (past.fs, past.keys, past.values, past.errors)]
    return [np.asarray(column).tolist() for column in columns], repr(objects), past.header, past.cut, past.theirs


@OFTEN
@pytest.mark.parametrize("block", [1, 200, 1 << 20])
def test_edn_at_once_is_edn_line_by_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, times: int
) -> None:
    monkeypatch.setattr(edn_lines, "_AT_ONCE", block)
    rng, at_once, path = random.Random(f"edn/{block}"), [], tmp_path / "history.edn"
    fast = edn._at_once
    for _ in range(100 * times):
        stream = io.BytesIO()
        edn.dump(history(rng), stream)
        text = stream.getvalue().decode()
        if rng.random() < 0.5:  # as Jepsen writes it: without a header
            text = text.partition("\n")[2].replace("{", rng.choice(("{", "{", "#jepsen.history.Op{")))
        path.write_bytes(spoiled(text, rng).encode(errors="surrogateescape"))

        def counted(data: bytes, source: str) -> Any:
            found = fast(data, source)
            at_once.append(found is not None)
            return found

        monkeypatch.setattr(edn, "_at_once", counted)
        one = read(lambda: edn.load(path))
        monkeypatch.setattr(edn, "_at_once", lambda data, source: None)
        assert one == read(lambda: edn.load(path)), path.read_text()
    assert sum(at_once) > 20 * times


@OFTEN
@pytest.mark.parametrize("block", [1, 200, 1 << 20])
def test_lines_of_json_at_once_are_lines_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, times: int
) -> None:
    class NoLines:
        """A decoder that takes one line only."""

        decode = staticmethod(jsonl._event.decode)

        def decode_lines(self, data: bytes) -> list[Event]:
            raise msgspec.DecodeError

    whole, rng, path = jsonl._event, random.Random(f"jsonl/{block}"), tmp_path / "history.jsonl"
    monkeypatch.setattr(jsonl, "_AT_ONCE", block)
    regular: list[bool] = []

    def counted(*arguments: Any) -> Any:
        found = read_lines(*arguments)
        regular.append(found is not None)
        return found

    for _ in range(100 * times):
        stream = io.BytesIO()
        values = rng.choice((VALUES, REGULAR, REGULAR, [*REGULAR, *REGULAR, *VALUES, *MAPS]))
        jsonl.dump(history(rng, values), stream)
        path.write_bytes(spoiled(stream.getvalue().decode(), rng).encode())
        monkeypatch.setattr(jsonl, "read_lines", counted)
        by_bytes = read(lambda: jsonl.load(path))
        monkeypatch.setattr(jsonl, "read_lines", lambda *_: None)
        at_once = read(lambda: jsonl.load(path))
        monkeypatch.setattr(jsonl, "_event", NoLines())
        assert by_bytes == at_once == read(lambda: jsonl.load(path)), path.read_text()
        monkeypatch.setattr(jsonl, "_event", whole)
    assert sum(regular) > 15 * times


READINGS = [
    ("time=at*1000,process=who,type=phase", "call=invoke,done=ok"),
    ("start=at,end=until/later,process=who,f=op,ok=good,value=args.value,result=args.found", "yes=true"),
    ("start=at*0.5,end=until,type=phase", None),
    ("start=at,end=until,error=wrong", "set=write"),
    ("value=old:new", None),
    (None, None),
]


LINES = [f'{{"index":{n},"time":{n},"process":0,"type":"ok","f":"read","value":{n % 3}}}' for n in range(20)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"index":7,"time":7,"process":0,"type":"ok","f":"read","value":01}', "9"),
        ('{"index":6,"time":7,"process":0,"type":"ok","f":"read","value":1}', "9: index is 6 after 6"),
        ("", ""),
        ('{"index":7,"time":7,"process":0,"type":"ok","f":"read","value":-0}', ""),
    ],
)
@pytest.mark.parametrize("block", [1, 1 << 20])
def test_an_odd_line_among_regular_ones_is_told_or_read_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, said: str, block: int
) -> None:
    """A number with a zero in front, an index that does not grow, a blank line, and a zero with a sign."""
    monkeypatch.setattr(jsonl, "_AT_ONCE", block)
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join(['{"clew-history":1}', *LINES[:7], line, *LINES[8:], ""]))
    if said:
        with pytest.raises(HistoryError, match=f":{said}"):
            jsonl.load(path)
    else:
        assert [event.index for event in jsonl.load(path).events() if event.index != 7] == [*range(7), *range(8, 20)]


@pytest.mark.parametrize("regular", [True, False])
def test_of_equal_values_the_first_is_kept_also_among_regular_lines(tmp_path: Path, regular: bool) -> None:
    path, lines = tmp_path / "history.jsonl", list(LINES)
    for number, text in ((4, '{"b":1,"a":2}'), (9, '{"a":2,"b":1}')):
        lines[number] = lines[number].replace(f'"value":{number % 3}', f'"value":{text}')
    path.write_text("\n".join(['{"clew-history":1}', *(lines if regular else (lines[4], lines[9])), ""]))
    maps = [event.value for event in jsonl.load(path).events() if isinstance(event.value, dict)]
    assert [list(value) for value in maps] == [["b", "a"], ["b", "a"]]


def of_reads(folder: Path, values: list[Any]) -> Path:
    """A file with a read of each value."""
    path = folder / "history.jsonl"
    with path.open("wb") as stream:
        jsonl.dump(History.of(Event(n, n, 0, "ok", "read", value=value) for n, value in enumerate(values)), stream)
    return path


def test_lists_of_many_lengths_have_no_more_shapes_than_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lists that are too long for that are read as JSON, and all as they were written."""
    shapes = []

    class Kept(regular_lines.Shapes):
        def __init__(self) -> None:
            super().__init__()
            shapes.append(self)

    monkeypatch.setattr(jsonl, "Shapes", Kept)
    monkeypatch.setattr(regular_lines, "_MOST_SHAPES", 12)
    lists = [*map(list, map(range, range(16))), *map(list, map(range, range(12)))]
    path = of_reads(tmp_path, lists)
    found = jsonl.load(path)
    assert [event.value for event in found.events()] == lists
    assert len(found.values) == 16
    assert [len(one.known) for one in shapes] == [12]


def test_what_has_its_place_in_the_table_taken_is_read_as_if_it_had_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [1, [2, 3], 1, [3, 2], [2, 3], 4, [1, 2, 3], [1, 2, 3], None, [1, 2], [3, 2], None, "a", 1]
    path = of_reads(tmp_path, values)
    for bits in (1, 2, 15):
        monkeypatch.setattr(regular_lines, "_HASH_BITS", bits)
        found = jsonl.load(path)
        assert [event.value for event in found.events()] == values
        assert found.values.objects == [1, [2, 3], [3, 2], 4, [1, 2, 3], None, [1, 2], "a"]


def their_line(number: int, plain: bool, rng: random.Random) -> dict[str, Any]:
    """A line of another program, which may say anything; a `plain` one says what each of the readings needs."""
    at: Any = rng.choice((number, number + 0.1, f"2026-01-0{1 + number % 9}T00:00:00.25Z", 10**15 + number))
    line: dict[str, Any] = {
        "at": number if plain else at, "until": number + rng.randrange(3), "time": number, "who": rng.choice("abc"),
        "process": rng.randrange(3), "phase": rng.choice(("ok", "info")), "type": "ok", "f": "write", "op": "set",
        "good": rng.choice((True, "yes", "no")), "value": rng.choice(VALUES), "args": {"value": rng.choice(VALUES)},
        "old": 1, "new": rng.choice((None, 2)), "wrong": rng.choice((None, "late", 7)),
    }  # fmt: skip
    if not plain:
        line |= {
            "args.value": 5,
            "later": 3,
            "until": rng.choice((None, number + 1)),
            "who": rng.choice((1, "a", None)),
        }
    for name in rng.sample(sorted(line), 0 if plain else rng.randrange(3)):
        del line[name]
    return line


@OFTEN
@pytest.mark.parametrize("block", [1, 200, 1 << 20])
def test_json_lines_at_once_are_lines_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, times: int
) -> None:
    monkeypatch.setattr(json_columns, "_AT_ONCE", block)
    rng, at_once, path = random.Random(f"json/{block}"), [], tmp_path / "theirs.jsonl"
    fast = json_columns.history_of

    def counted(*arguments: Any, **options: Any) -> Any:
        found = fast(*arguments, **options)
        at_once.append(found is not None)
        return found

    for _ in range(130 * times):
        fields, words = rng.choice(READINGS)
        lines = [their_line(number, rng.random() < 0.9, rng) for number in range(rng.randrange(1, 8))]
        text = "".join(msgspec.json.encode(line).decode() + "\n" for line in rng.sample(lines, len(lines)))
        path.write_bytes((text if rng.random() < 0.6 else spoiled(text, rng)).encode(errors="surrogateescape"))
        reading = reading_of(fields, words)
        monkeypatch.setattr(json_columns, "history_of", counted)
        one = read(lambda: json_lines.load(path, reading))  # noqa: B023
        monkeypatch.setattr(json_columns, "history_of", lambda *_, **__: None)
        assert one == read(lambda: json_lines.load(path, reading)), (fields, path.read_text())  # noqa: B023
    assert sum(at_once) > 20 * times


def test_times_whose_point_is_moved_at_once_are_those_of_the_decimals_in_the_file() -> None:
    rng, at_once = random.Random(8), 0
    for _ in range(3_000):
        factor = Decimal(10 ** rng.choice((0, 3, 6, 9)))
        digits = rng.choice((0, 3, 6, 9, 12))
        times = [round(rng.uniform(-10, 10) ** rng.choice((1, 5, 9)), digits) for _ in range(rng.randrange(1, 4))]
        found = json_columns._shifted(times, factor)
        if found is not None:
            assert found == [int(Decimal(str(time)) * factor) for time in times]
            at_once += 1
    assert 500 < at_once < 2_500
    assert json_columns._shifted([1.25], Decimal("1.5")) is None
    assert json_columns._shifted([0.1, 10**400], Decimal(1000)) is None


def test_a_value_that_is_too_deep_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    line = b'{"index":%d,"time":0,"process":0,"type":"invoke","f":"write","value":%s}\n'
    deep = b"[" * 150 + b"]" * 150
    path.write_bytes(b'{"clew-history":%d}\n' % FORMAT + line % (0, b"1") + line % (1, deep))
    with pytest.raises(HistoryError, match="deep") as error:
        jsonl.load(path)
    assert error.value.line == 3


def test_lists_that_share_a_place_and_a_number_stay_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(regular_lines, "_HASH_BITS", 1)
    lines = [b'{"clew-history":1}']
    for number in range(20):
        line = '{"index":%d,"time":%d,"process":1,"type":"invoke","f":"cas","value":[%d,1]}'
        lines.append((line % (number, number, number % 7)).encode())
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"\n".join([*lines, b""]))
    assert [event.value for event in jsonl.load(path).events()] == [[number % 7, 1] for number in range(20)]
