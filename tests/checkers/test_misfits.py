"""A result of the wrong kind is the user's mistake: one error says what was expected, and there is no verdict."""

from __future__ import annotations

from typing import Any

import pytest

from clew.checkers import check
from clew.histories import Event, History, HistoryError

ASKED = [["r", "x", None], ["w", "y", 1]]


def history_of(f: str, argument: Any, result: Any) -> History:
    """One operation that returned."""
    return History.of((Event(0, 1, 0, "invoke", f, None, argument), Event(1, 2, 0, "ok", f, None, result)))


@pytest.mark.parametrize("result", ["a", 1.5, True, [1], {"n": 1}])
def test_a_priority_queue_gives_whole_numbers(result: Any) -> None:
    with pytest.raises(HistoryError, match="expected delete-min to return a whole number or null, found "):
        check(history_of("delete-min", None, result), "priority-queue")


def test_a_priority_queue_that_is_empty_gives_null() -> None:
    assert check(history_of("delete-min", None, None), "priority-queue").valid


def test_true_is_no_version() -> None:
    with pytest.raises(HistoryError, match=r"expected a read to return \[version, value\] or null, found \[true, 5\]"):
        check(history_of("read", None, [True, 5]), "versioned-register")
    # What a write returned tells a version or says nothing. Of version 1 no order would explain the second write.
    write = history_of("write", 5, [1, 5]).events()
    again = [Event(2, 3, 0, "invoke", "write", None, 6), Event(3, 4, 0, "ok", "write", None, [True, 6])]
    assert check(History.of((*write, *again)), "versioned-register").valid


@pytest.mark.parametrize(
    ("result", "shown"), [(True, "true"), (None, "null"), ("x", '"x"'), ({"x": [1.5, None]}, r'\{"x": \[1.5, null\]\}')]
)
def test_a_value_is_shown_as_it_is_written(result: Any, shown: str) -> None:
    with pytest.raises(HistoryError, match=f"expected add-and-get to return a whole number, found {shown}$"):
        check(history_of("add-and-get", 1, result), "counter")
    with pytest.raises(HistoryError, match=f"expected add to have a whole number, found {shown}$"):
        check(history_of("add", result, result), "counter")


def test_a_value_without_json_is_shown_as_python_prints_it() -> None:
    with pytest.raises(HistoryError, match=r"expected add to have a whole number, found 1j$"):
        check(history_of("add", 1j, 1j), "counter")


@pytest.mark.parametrize(
    ("f", "result", "wrong"),
    [
        ("add", "one", 'value: expected add to have a whole number, found "one"'),
        ("increment", 1, 'f: the model counter knows add, read, add-and-get; found "increment"'),
    ],
)
def test_an_error_names_the_field_that_is_wrong(f: str, result: Any, wrong: str) -> None:
    with pytest.raises(HistoryError, match=f"{wrong}$"):
        check(history_of(f, result, result), "counter")


@pytest.mark.parametrize("result", [{}, {"x": 1}, {"x": 1, "y": 2, "z": 3}, {"x": 1, "z": 2}])
def test_a_read_returns_the_registers_that_it_was_asked_for(result: Any) -> None:
    """Of the others it would say nothing, or something that nobody asked for."""
    with pytest.raises(HistoryError, match=r'expected read to return the registers \["x", "y"\], found \{'):
        check(history_of("read", ["x", "y"], result), "multi-register")


def test_a_register_whose_name_is_no_text_returns_under_its_json() -> None:
    assert check(history_of("read", [1, "y"], {"y": None, "1": None}), "multi-register").valid
    with pytest.raises(HistoryError, match='expected read to have a list of registers, found "x"'):
        check(history_of("read", "x", {"x": None}), "multi-register")


@pytest.mark.parametrize(
    "result",
    [
        [],
        [["r", "x", 2]],
        [["r", "x", 2], ["w", "y", 3]],
        [["r", "z", 2], ["w", "y", 1]],
        [["w", "y", 1], ["r", "x", 2]],
    ],
)
def test_a_transaction_returns_what_it_was_asked_for(result: Any) -> None:
    """Otherwise it would be taken for another transaction, and what it wrote would be lost."""
    with pytest.raises(HistoryError, match=r"expected a txn to return .* with the values that were read, found "):
        check(history_of("txn", ASKED, result), "multi-register")


def test_a_transaction_returns_what_it_read() -> None:
    assert check(history_of("txn", ASKED, [["r", "x", None], ["w", "y", 1]]), "multi-register").valid
    assert not check(history_of("txn", ASKED, [["r", "x", 2], ["w", "y", 1]]), "multi-register").valid
