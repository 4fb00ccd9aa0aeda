"""Adding to a count under a lock: what a lock that was lost does, with a fencing token and without."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems import BadParameters, Failed, find_system
from clew.systems.guard import Adding


class Memory:
    """A database in memory, with one lock."""

    def __init__(self) -> None:
        self.value = 0
        self.holder: int | None = None
        self.taken = 0
        self.breaks = False

    def take(self, key: Any, within: float) -> int | None:
        if self.holder is not None:
            return None
        self.taken += 1
        self.holder = self.taken
        return self.holder

    def holds(self, key: Any, token: Any) -> bool:
        return bool(self.holder == token)

    def give_back(self, key: Any, token: Any) -> None:
        if self.holder == token:
            self.holder = None

    def count(self, key: Any) -> int:
        return self.value

    def set_count(self, key: Any, count: int, token: Any) -> bool:
        if self.breaks:
            raise OSError("no answer")
        if token is not None and self.holder != token:
            return False
        self.value = count
        return True


class Slow(Memory):
    """While its client works, the lock ends, and another client takes it and counts to 100."""

    def count(self, key: Any) -> int:
        before = super().count(key)
        self.holder = None
        assert self.take(key, 0) is not None
        self.value = 100
        return before


def adding(memory: Memory, *, stays: bool = False, fenced: bool = False) -> Adding:
    return Adding(memory, stays=stays, fenced=fenced, work=0, within=1)


@pytest.mark.parametrize("stays", [False, True])
def test_a_slow_holder_undoes_what_another_has_done(stays: bool) -> None:
    memory = Slow()
    assert adding(memory, stays=stays).add(0, 1) == 1
    assert memory.value == 1


@pytest.mark.parametrize("stays", [False, True])
def test_with_a_token_it_is_refused(stays: bool) -> None:
    memory = Slow()
    with pytest.raises(Failed, match="the lock was lost"):
        adding(memory, stays=stays, fenced=True).add(0, 1)
    assert memory.value == 100


def test_a_lock_is_given_back_and_a_leader_stays() -> None:
    memory = Memory()
    one, other = adding(memory), adding(memory)
    assert (one.add(0, 1), other.add(0, 1), one.add(0, 2)) == (1, 2, 4)
    assert memory.taken == 3
    leader, follower = adding(memory, stays=True), adding(memory, stays=True)
    assert (leader.add(0, 1), leader.add(0, 1)) == (5, 6)
    with pytest.raises(Failed, match="another client leads"):
        follower.add(0, 1)
    # The database has not heard of the leader for too long.
    memory.holder = None
    assert follower.add(0, 1) == 7
    with pytest.raises(Failed, match="another client leads"):
        leader.add(0, 1)


def test_a_lock_stays_if_nobody_knows_whether_the_change_will_come() -> None:
    memory = Memory()
    memory.breaks = True
    with pytest.raises(OSError, match="no answer"):
        adding(memory).add(0, 1)
    assert memory.holder is not None


@pytest.mark.parametrize("name", ["etcd", "zookeeper"])
def test_a_guard_needs_a_counter_and_a_token_needs_a_lock(name: str) -> None:
    system = find_system(name)
    for settings, field in (({"guard": "lock"}, "guard"), ({"object": "counter", "fenced": True}, "fenced")):
        with pytest.raises(BadParameters) as refused:
            system.validate(system.parameters(**settings), 3)
        assert refused.value.field == field
