"""Values that are frozen, numbered and thawed: equal ones are one, and what was written comes back."""

from __future__ import annotations

import pytest

from clew.histories import Event, History
from clew.histories.frozen import Interned, freeze, thaw
from clew.histories.text import state_text


def test_equal_values_of_different_types_are_different_values() -> None:
    history = History.of(
        [Event(i, i, i, "invoke", "write", 0, value) for i, value in enumerate([1, True, 1.0, "1", [1]])]
    )
    assert len(set(history.value.tolist())) == 5


@pytest.mark.parametrize("value", [1, "a", None, 1.5, True, [1, [2.5, None]], {"a": [1, 2], "b": {"c": False}}, []])
def test_a_frozen_value_thaws(value: object) -> None:
    assert thaw(freeze(value)) == value
    assert thaw((freeze(value), freeze(value))) == [value, value]


@pytest.mark.parametrize("text", ["list", "dict", "float", "bool"])
def test_a_state_that_holds_the_name_of_a_type_is_shown_as_it_is(text: str) -> None:
    assert thaw((text, 5)) == [text, 5]
    assert thaw((text, ("a", 1))) == [text, ["a", 1]]
    assert state_text((freeze([]),), (None,)) == "[]"
    assert state_text(freeze([]), freeze([])) == "[]"


def test_a_state_that_always_holds_one_value_is_shown_as_this_value() -> None:
    assert state_text((3,), (None,)) == "3"
    assert state_text((3,), ()) == "[3]"


def test_a_set_thaws_in_one_order_only() -> None:
    assert thaw(frozenset({("x", freeze(1.5)), ("a", 2)})) == [["a", 2], ["x", 1.5]]


def test_of_equal_maps_the_first_is_kept() -> None:
    """They may differ in the order of their keys."""
    interned = Interned()
    codes = interned.codes([{"b": 1, "a": 2}, 3, {"a": 2, "b": 1}, 3])
    assert codes.tolist() == [0, 1, 0, 1]
    assert list(interned[0]) == ["b", "a"]
    assert interned.codes([[4], {"a": 2, "b": 1}, [4], 5, 3]).tolist() == [2, 0, 2, 3, 1]
    assert (interned[2], interned[3], len(interned)) == ([4], 5, 4)
