"""A memo says how much memory it takes, whatever the states of a model are, so that a budget of bytes is kept."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import pytest

from clew.checkers.memo import Memo
from clew.checkers.models import find_model

VALUES = tuple(range(1_000))
"""Values of operations. States refer to them and do not own them."""


@dataclass(frozen=True)
class Log:
    """A state as a user may write one."""

    entries: tuple[int, ...]


@pytest.mark.parametrize(
    "state",
    [
        lambda n: n + 1_000,
        lambda n: (*VALUES, n),
        lambda n: frozenset((*VALUES[:300], n + 1_000)),
        lambda n: ((n, *VALUES), (*VALUES, n)),
        lambda n: Log((*VALUES, n)),
        lambda n: "x" * 5_000 + str(n),
    ],
    ids=["int", "tuple", "set", "tuples", "dataclass", "text"],
)
def test_bytes_are_what_python_takes(state: Callable[[int], Hashable]) -> None:
    memo = Memo(find_model("append-list"), (), merge=False)
    tracemalloc.start()
    for n in range(2_000):
        memo.number(state(n))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.4 * taken < memo.bytes < 2.5 * taken
    before = memo.bytes
    memo.forget(range(1_000))
    assert memo.bytes < 0.6 * before


def test_a_deep_state_is_weighed_and_a_class_is_no_record() -> None:
    memo = Memo(find_model("append-list"), (), merge=False)
    deep: Hashable = ()
    for _ in range(400):
        deep = (1, deep)
    before = memo.bytes
    for n in range(100):
        memo.number((n, deep, Log))
    assert memo.bytes > before + 30 * 400 * 40
