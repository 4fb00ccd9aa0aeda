"""The collector is paused in a block, and afterwards it is as it was before."""

from __future__ import annotations

import gc

import pytest

from clew.histories import collector


def test_the_collector_is_off_in_the_block_and_on_again_after_it_even_after_an_error() -> None:
    seen = []

    def fail() -> None:
        with collector.paused():
            seen.append(gc.isenabled())
            raise ValueError("wrong")

    assert gc.isenabled()
    with pytest.raises(ValueError, match="wrong"):
        fail()
    assert gc.isenabled()
    assert seen == [False]


def test_a_block_inside_another_leaves_the_collector_off() -> None:
    with collector.paused():
        with collector.paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
