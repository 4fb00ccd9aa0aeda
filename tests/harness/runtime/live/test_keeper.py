"""How long a node may take to become ready, with faults and without."""

from __future__ import annotations

from typing import cast

import trio
import trio.testing

from clew.harness.plan import load, resolve
from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.live.cluster import Cluster
from clew.harness.runtime.live.keeper import Keeper


class Nodes:
    """A cluster whose node serves a time after its start."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.did: list[tuple[float, str]] = []

    async def start(self, node: str) -> None:
        await trio.sleep(self.seconds)
        self.did.append((trio.current_time(), "serves"))

    async def kill(self, node: str) -> None:
        self.did.append((trio.current_time(), "killed"))

    def last_words(self, node: str) -> str:
        return "the last words"


class Owner:
    """A run with one node, which has 30 s until it must be ready."""

    def __init__(self, seconds: float) -> None:
        self.plan = resolve(load("caspaxos-happy-path"))
        self.nodes = Nodes(seconds)
        self.cluster = cast(Cluster, self.nodes)
        self.failure: SystemFailure | None = None

    def failed(self, failure: SystemFailure) -> None:
        self.failure = failure


def kept(seconds: float, *calm: tuple[float, bool], down: float | None = None) -> Owner:
    """Keep a node that takes so long from its start until it serves.

    `calm` says from which moment on there are no faults, or some. From the moment `down` on it should not run.
    """
    owner = Owner(seconds)

    async def main() -> None:
        keeper = Keeper("n1", owner)
        with trio.move_on_after(1000):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(keeper.keep)
                for moment, is_calm in calm:
                    await trio.sleep_until(moment)
                    keeper.want(up=True, paused=False, calm=is_calm)
                if down is not None:
                    await trio.sleep_until(down)
                    keeper.want(up=False, paused=False, calm=False)

    clock = trio.testing.MockClock(autojump_threshold=0)
    trio.run(main, clock=clock)
    return owner


def test_a_node_that_is_ready_in_time_serves() -> None:
    owner = kept(29)
    assert (owner.nodes.did, owner.failure) == ([(29, "serves")], None)


def test_a_node_that_is_not_ready_in_time_is_a_failure() -> None:
    owner = kept(31)
    assert owner.nodes.did == [(30, "killed")]
    assert str(owner.failure) == "node n1 does not serve 30 s after its start"


def test_while_faults_are_active_a_node_may_take_as_long_as_it_likes() -> None:
    owner = kept(500, (5, False))
    assert (owner.nodes.did, owner.failure) == ([(500, "serves")], None)


def test_the_time_of_a_node_begins_anew_when_the_faults_end() -> None:
    owner = kept(129, (5, False), (100, True))
    assert (owner.nodes.did, owner.failure) == ([(129, "serves")], None)
    owner = kept(131, (5, False), (100, True))
    assert owner.nodes.did == [(130, "killed")]
    assert str(owner.failure) == "node n1 does not serve 30 s after the faults ended"


def test_a_node_that_should_be_down_before_it_is_ready_is_killed_and_nothing_failed() -> None:
    owner = kept(500, (5, False), down=10)
    assert (owner.nodes.did, owner.failure) == ([(10, "killed")], None)
