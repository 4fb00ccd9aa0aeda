"""The change functions do what the paper says."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems.caspaxos.change import UNCHANGED, CompareAndSet, Read, Write


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
