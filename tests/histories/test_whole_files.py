"""Reading a file at once gives what reading it line by line gives, also if something is wrong with it."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from clew.histories import Event, EventType, History, HistoryError, edn, edn_lines, jsonl
from clew.histories.event import FORMAT, NEMESIS

VALUES: list[Any] = [None, 0, 7, -3, 2**70, True, 1.5, "a b", 'a"b\\\n', "nil", "é"]
VALUES += [[], [1, 2], [3, None], [[1, 2], {"a": 1}]]


def history(rng: random.Random) -> History:
    """Events that need not make sense together."""
    keyed, faults, errors = (rng.random() < 0.3 for _ in range(3))
    events: list[Event] = []
    for index in range(rng.randrange(1, 12)):
        kind: EventType = rng.choice(("invoke", "ok", "fail", "info"))
        value = rng.choice(VALUES)
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
    return [np.asarray(column).tolist() for column in columns], repr(objects), past.header, past.cut


@pytest.mark.parametrize("block", [1, 200, 1 << 20])
def test_edn_at_once_is_edn_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(edn_lines, "_AT_ONCE", block)
    rng, at_once, path = random.Random(f"edn/{block}"), [], tmp_path / "history.edn"
    fast = edn._at_once
    for _ in range(300):
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
    assert sum(at_once) > 100


@pytest.mark.parametrize("block", [1, 200, 1 << 20])
def test_lines_of_json_at_once_are_lines_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    class NoLines:
        """A decoder that takes one line only."""

        decode = staticmethod(jsonl._event.decode)

        def decode_lines(self, data: bytes) -> list[Event]:
            raise msgspec.DecodeError

    whole, rng, path = jsonl._event, random.Random(f"jsonl/{block}"), tmp_path / "history.jsonl"
    monkeypatch.setattr(jsonl, "_AT_ONCE", block)
    for _ in range(300):
        stream = io.BytesIO()
        jsonl.dump(history(rng), stream)
        path.write_bytes(spoiled(stream.getvalue().decode(), rng).encode())
        monkeypatch.setattr(jsonl, "_event", whole)
        one = read(lambda: jsonl.load(path))
        monkeypatch.setattr(jsonl, "_event", NoLines())
        assert one == read(lambda: jsonl.load(path)), path.read_text()


def test_a_value_that_is_too_deep_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    line = b'{"index":%d,"time":0,"process":0,"type":"invoke","f":"write","value":%s}\n'
    deep = b"[" * 150 + b"]" * 150
    path.write_bytes(b'{"clew-history":%d}\n' % FORMAT + line % (0, b"1") + line % (1, deep))
    with pytest.raises(HistoryError, match="deep") as error:
        jsonl.load(path)
    assert error.value.line == 3
