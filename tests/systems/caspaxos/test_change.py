"""The change functions do what the paper says."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems.caspaxos.change import (
    UNCHANGED,
    Add,
    Call,
    CompareAndSet,
    Delete,
    Init,
    Read,
    Update,
    Write,
    applied,
)


@pytest.mark.parametrize("state", [None, 0, "x", [1]])
def test_a_read_changes_nothing_and_a_write_anything(state: Any) -> None:
    assert Read()(state) is UNCHANGED
    assert Write(0)(state) == 0


def test_a_compare_and_set_changes_what_it_expects_and_nothing_else() -> None:
    assert CompareAndSet(1, 2)(1) == 2
    assert CompareAndSet(1, 2)(3) is UNCHANGED
    assert CompareAndSet(None, 2)(None) == 2
    assert CompareAndSet(1, None)(1) is None


@pytest.mark.parametrize(("state", "expected"), [(1, True), (1, 1.0), (0, False), (None, 0), ("1", 1)])
def test_values_that_differ_in_json_do_not_match(state: Any, expected: Any) -> None:
    assert CompareAndSet(expected, 2)(state) is UNCHANGED


def test_values_that_are_equal_in_json_match() -> None:
    assert CompareAndSet({"a": [1], "b": 2}, 3)({"b": 2, "a": (1,)}) == 3


def test_init_and_update_are_those_of_the_paper() -> None:
    assert Init("a")(None) == [0, "a"]
    assert Init("b")([0, "a"]) is UNCHANGED
    assert Update(5, "b")([5, "a"]) == [6, "b"]
    assert Update(5, "b")([4, "a"]) is UNCHANGED
    assert Update(0, "b")(None) is UNCHANGED


def test_an_addition_begins_at_zero_and_a_deletion_leaves_a_tombstone() -> None:
    assert Add(1)(Add(1)(None)) == 2
    assert Delete()(7) is None


def test_a_function_of_ones_own_gets_the_state_and_its_arguments() -> None:
    longest = {"longest": lambda state, text: text if state is None or len(text) > len(state) else UNCHANGED}
    assert applied(Call("longest", ("abc",)), "ab", longest) == "abc"
    assert applied(Call("longest", ("a",)), "ab", longest) is UNCHANGED
