"""A campaign tries every seed once and in order, for any workers, and keeps its time."""

from __future__ import annotations

import pickle
import sys
import time
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from clew.harness.hunt import at_home, campaign
from clew.harness.hunt.campaign import BATCH
from clew.harness.hunt.trial import trials
from clew.harness.plan import load, loads, shipped
from tests.harness.hunt.hunts import PLAN, SOURCE, AtOnce, Backwards

SEEDS = range(5, 5 + 2 * BATCH + 3)
"""Those of two whole jobs, and some more."""


def tried(workers: int, executor: Executor) -> list[Any]:
    with executor:
        return list(campaign(SOURCE, [], SEEDS, executor, workers))


def test_the_trials_are_the_same_whoever_does_them() -> None:
    one = tried(1, AtOnce())
    assert [trial.seed for trial in one] == list(SEEDS)
    assert tried(4, Backwards()) == one
    with at_home(2) as (processes, workers):
        assert list(campaign(SOURCE, [], SEEDS, processes, workers)) == one


@pytest.mark.long
def test_the_trials_are_the_same_if_every_job_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    one = tried(1, AtOnce())
    monkeypatch.setattr(sys.modules["clew.harness.hunt.campaign"], "JOB_SECONDS_MAX", 0.0)
    assert len(trials(SOURCE, [], range(BATCH), seconds_max=0.0)) == 1
    assert tried(1, AtOnce()) == one
    assert tried(4, Backwards()) == one
    with at_home(2) as (processes, workers):
        assert list(campaign(SOURCE, [], SEEDS, processes, workers)) == one


def test_a_campaign_to_the_first_failure_ends_with_it_and_no_job_goes_beyond_it() -> None:
    source = loads(PLAN.replace("operations: 20", "operations: 6"), "swarm.yaml", Path())  # only some seeds fail
    each = trials(source, [], range(1, 1 + BATCH))
    failing = [trial.signature is not None for trial in each]
    assert 0 < failing.index(True) < BATCH - 1
    expected = each[: failing.index(True) + 1]
    assert trials(source, [], range(1, 1 + BATCH), to_failure=True) == expected
    for workers, executor in ((1, AtOnce()), (4, Backwards())):
        with executor:
            assert list(campaign(source, [], range(1, 30), executor, workers, to_failure=True)) == expected


def test_a_campaign_over_time_tries_the_first_seeds_and_no_others() -> None:
    with AtOnce() as executor:
        until = time.monotonic() + 0.5
        seeds = [trial.seed for trial in campaign(SOURCE, [], iter(range(10**9)), executor, 1, until)]
    assert seeds == list(range(len(seeds)))
    assert seeds


def test_no_seed_is_begun_after_the_time_but_the_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of several seeds ends with its current one. A job that waited for its worker until then tries none."""
    with AtOnce() as executor:
        assert [trial.seed for trial in campaign(SOURCE, [], range(5, 30), executor, 1, time.monotonic())] == [5]
    monkeypatch.setattr(sys.modules["clew.harness.hunt.campaign"], "BATCH", 1)
    until = time.monotonic() + 0.2

    class Busy(AtOnce):
        """Begins no job before the time is over."""

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            class Late(Future[Any]):
                def result(self, timeout: float | None = None) -> Any:
                    time.sleep(max(0.0, until - time.monotonic()))
                    return fn(*args, **kwargs)

            return Late()

    with Busy() as executor:
        assert [trial.seed for trial in campaign(SOURCE, [], range(5, 30), executor, 2, until)] == [5]


def test_every_shipped_plan_can_be_sent_to_a_worker() -> None:
    for name, _ in shipped():
        source = load(name)
        assert pickle.loads(pickle.dumps(source)) == source
