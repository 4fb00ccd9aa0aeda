"""Workers that die lose no seed, and a hunt that cannot go on has what it knew before."""

from __future__ import annotations

import json
import multiprocessing
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from typing import Any

import pytest

from clew.harness.errors import MachineError
from clew.harness.hunt import at_home, campaign, hunt
from clew.harness.hunt.campaign import AHEAD, BATCH, DEATHS_MOST
from clew.harness.hunt.trial import trials
from clew.harness.plan import PlanError, Source, load, resolve
from tests.harness.conftest import Clew
from tests.harness.hunt.hunts import PLAN, SOURCE, AtOnce


def test_a_killed_worker_loses_no_seed_and_none_is_counted_twice() -> None:
    found = []
    with at_home(2) as (executor, count):
        for trial in campaign(SOURCE, [], range(16), executor, count):
            found.append(trial)
            if len(found) == 6:
                victim, *_ = multiprocessing.active_children()
                victim.kill()
    assert [trial.seed for trial in found] == list(range(16))
    assert found[14:] == trials(SOURCE, [], range(14, 16))
    assert not multiprocessing.active_children()


class Doomed(AtOnce):
    """Its workers die over every job."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(BrokenExecutor())
        return future


def test_workers_that_die_again_and_again_are_one_line() -> None:
    with Doomed() as executor, pytest.raises(MachineError, match="seeds from 5 on"):
        list(campaign(SOURCE, [], range(5, 30), executor, 1))


def test_workers_that_die_now_and_then_end_no_hunt() -> None:
    died: set[int] = set()

    class Frail(Executor):
        """A worker dies over each job, once. What a job gives is its seeds."""

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            (batch,) = (argument for argument in args if isinstance(argument, list))
            future: Future[Any] = Future()
            if batch[0] in died:
                future.set_result(batch)
            else:
                died.add(batch[0])
                future.set_exception(BrokenExecutor())
            return future

    seeds = range(4 * AHEAD * (DEATHS_MOST + 1) * BATCH)
    with Frail() as executor:
        tried: list[Any] = list(campaign(SOURCE, [], seeds, executor, 1))
    assert tried == list(seeds)
    assert len(died) > DEATHS_MOST


def test_a_hunt_whose_workers_die_has_what_it_knew_before() -> None:
    class Mortal(AtOnce):
        """Its workers do one job, and die over every later one."""

        jobs = 0

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            self.jobs += 1
            return (AtOnce if self.jobs == 1 else Doomed).submit(self, fn, *args, **kwargs)

    with Mortal() as executor:
        hunted = hunt(SOURCE, executor, 1, seeds=range(40), until="all", into=None)
    assert hunted.seeds == BATCH
    assert hunted.failures
    assert isinstance(hunted.error, MachineError)
    assert f"seeds from {BATCH} on" in hunted.summary()["error"]
    assert hunted.exit_code == 255


@pytest.mark.usefixtures("without_workers")
def test_a_hunt_that_comes_to_a_seed_whose_plan_cannot_be_has_what_it_knew_before(
    clew_call: Clew, tmp_path: Path
) -> None:
    text = PLAN.replace("target: one", "target: [n5]").replace("[3, 5]", "[5, 5, 5, 5, 5, 5, 5, 5, 5, 3]")
    (tmp_path / "swarm.yaml").write_text(text)
    impossible = next(seed for seed in range(100) if not possible(load(str(tmp_path / "swarm.yaml")), seed))
    assert impossible % BATCH, "others of its job come before it"
    done = clew_call("hunt", "swarm.yaml", "--until", "all", "--json", "--jobs", "1")
    assert done.returncode == 254
    assert "n5" in done.stderr
    assert done.stderr.count("\n") == 1
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["seeds"] == impossible
    assert summary["error"] in done.stderr


def possible(source: Source, seed: int) -> bool:
    try:
        resolve(source, seed)
    except PlanError:
        return False
    return True
