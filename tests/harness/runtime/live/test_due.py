"""What a live run waits for is due in the order of time, and garbage is collected as before when it is over."""

from __future__ import annotations

import contextlib
import gc
import random
from pathlib import Path
from typing import Any

import pytest

from clew.harness.plan import load, resolve
from clew.harness.runtime.live.garbage import rare_collections
from clew.harness.runtime.live.live import FAR, Live
from clew.harness.runtime.outcome import Outcome
from clew.systems import find_system

NOTHING: Any = None


@pytest.mark.parametrize("seed", range(5))
def test_what_is_near_and_what_is_far_is_due_in_the_order_of_time(seed: int) -> None:
    plan = resolve(load("caspaxos-happy-path"))
    live = Live(plan, find_system("caspaxos"), Outcome(), NOTHING, Path(), Path(), NOTHING, NOTHING)
    live._conductor = NOTHING
    ring = random.Random(seed)
    due: list[tuple[int, int]] = []
    expected = []
    for number in range(300):
        time = ring.choice((ring.randrange(FAR), 5 * FAR + number // 3, ring.randrange(10 * FAR)))
        expected.append((time, number))
        live.at(time, lambda entry=(time, number): due.append(entry))  # type: ignore[misc]
    for now in (0, FAR, 3 * FAR, 6 * FAR, 20 * FAR):
        live.now = lambda now=now: now  # type: ignore[method-assign, misc]
        live._run_due()
        assert due == sorted(entry for entry in expected if entry[0] <= now)


def test_garbage_is_collected_as_before_when_a_run_is_over() -> None:
    before = gc.get_threshold()
    with contextlib.suppress(ValueError), rare_collections():
        assert gc.get_threshold() != before
        assert gc.get_freeze_count() > 0
        raise ValueError
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
