"""The words of the comment above a shrunk plan: the sentence, clients by their names, and times in few digits."""

from __future__ import annotations

import re
from typing import Any

import pytest

from clew.harness.shrink import Tried
from clew.harness.shrink.story import _Operation as Operation
from clew.harness.shrink.story import says, timeline
from clew.histories import Event, History
from clew.histories.rounding import rounding
from tests import readme


def test_the_sentence_stands_below_the_first_line_and_clients_have_their_names() -> None:
    """In the comment that the README shows. `tests/test_readme.py` compares it with what is printed."""
    shown = next(block for block in readme.blocks("console") if "$ clew shrink" in block)
    comment = "".join(line for line in shown.splitlines(keepends=True) if line.startswith("#"))
    assert comment.splitlines()[1] == "# Two clients both swapped the unset value: one to 1, one to 2."
    assert "client 1: cas nothing -> 1: ok" in comment
    times = re.findall(r"\d[\d.]* ?(?:ns|us|ms|s)\b", comment)
    assert len(times) > 3
    assert all(re.fullmatch(r"\d+(\.\d{1,3})? (ms|s)", time) for time in times), times
    assert says(comment) is Tried.EVERYTHING


def test_a_client_has_its_processes_beside_it() -> None:
    one = Operation(0, 0, 3_000_000, thread=1, processes=(6,), what="read: info", ok=False)
    assert one.line(rounding(40_000_000)).endswith("client 1 (process 6): read: info")
    many = Operation(0, 0, 3_000_000, thread=1, processes=(1, 6, 11), what="read: info", ok=False)
    assert many.line(rounding(40_000_000)).endswith("client 1 (processes 1 ... 11): read: info, 3 times")


@pytest.mark.parametrize(
    ("f", "argument", "result", "told"),
    [
        ("count", None, [[1, 1], [2, 3]], "count: ok word 1 once, word 2 3 times"),
        ("count", None, [], "count: ok nothing"),
        ("read", None, [3, 4], "read: ok [3, 4]"),
        ("read", None, None, "read: ok nothing"),
        ("cas", [None, 2], [None, 2], "cas nothing -> 2: ok"),
        ("append", 7, 7, "append 7: ok"),
    ],
)
def test_only_a_cas_is_told_as_a_change_from_one_value_to_another(
    f: str, argument: Any, result: Any, told: str
) -> None:
    history = History.of([Event(0, 0, 1, "invoke", f, None, argument), Event(1, 1, 1, "ok", f, None, result)])
    assert [line.partition("client 1: ")[2] for line in timeline(history, 2)] == [told]


def test_the_keys_of_operations_are_told_if_there_are_several() -> None:
    events = [
        Event(0, 1_000_000, 0, "invoke", "write", "x", 7), Event(1, 2_000_000, 0, "ok", "write", "x", 7),
        Event(2, 3_000_000, 1, "invoke", "read", 5), Event(3, 4_000_000, 1, "ok", "read", 5, 7),
    ]  # fmt: skip
    told = [line.split("client ")[1] for line in timeline(History.of(events), 2)]
    assert told == ['0: write 7 on key "x": ok', "1: read on key 5: ok 7"]
    told = [line.split("client ")[1] for line in timeline(History.of(events[:2]), 2)]
    assert told == ["0: write 7: ok"]
