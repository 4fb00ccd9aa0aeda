"""What one acceptor answers."""

from __future__ import annotations

import random
from typing import Any

from clew.systems import Context
from clew.systems.caspaxos.acceptor import Acceptor
from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import EMPTY, Versioned
from clew.systems.caspaxos.messages import Accept, Accepted, Conflict, Prepare, Promise
from clew.systems.node import Send, Sync, Write

ONE, TWO, THREE = Ballot(1, "n1"), Ballot(1, "n2"), Ballot(2, "n1")
VALUE = Versioned(1, "a", 7)


class Asked:
    """An acceptor with a disk. Asking it returns its answer, or None."""

    def __init__(self) -> None:
        self.disk: dict[str, bytes] = {}
        self.restart()

    def restart(self) -> None:
        self.acceptor = Acceptor()
        self.ctx = Context("n1", ("n1", "n2", "n3"), random.Random(0), self.disk)

    def prepare(self, ballot: Ballot, key: int | str = 0) -> Any:
        self.acceptor.prepare(self.ctx, "n2", Prepare(key, ballot))
        return self._answer()

    def accept(self, ballot: Ballot, value: Versioned = VALUE, promise: Ballot | None = None) -> Any:
        self.acceptor.accept(self.ctx, "n2", Accept(0, ballot, NEVER, value, promise or ballot))
        return self._answer()

    def _answer(self) -> Any:
        effects = self.ctx.take()
        if not effects:
            return None
        assert isinstance(effects[-1], Send)
        assert effects[-1].destination == "n2"
        assert [type(effect) for effect in effects[:-1]] in ([], [Write, Sync])
        return effects[-1].message


def test_a_fresh_acceptor_promises_anything_and_reports_the_empty_register() -> None:
    assert Asked().prepare(ONE) == Promise(0, ONE, NEVER, EMPTY)


def test_a_promise_rules_out_what_is_below_it() -> None:
    acceptor = Asked()
    acceptor.prepare(TWO)
    assert acceptor.prepare(ONE) == Conflict(0, ONE, TWO)
    assert acceptor.accept(ONE) == Conflict(0, ONE, TWO)
    assert acceptor.accept(TWO) == Accepted(0, TWO, TWO)


def test_ballots_are_ordered_by_round_and_then_by_proposer() -> None:
    assert NEVER < ONE < TWO < THREE


def test_accepting_is_promising() -> None:
    acceptor = Asked()
    acceptor.accept(TWO)
    assert acceptor.prepare(ONE) == Conflict(0, ONE, TWO)
    assert acceptor.accept(ONE) == Conflict(0, ONE, TWO)


def test_a_promise_reports_the_last_vote() -> None:
    acceptor = Asked()
    acceptor.accept(ONE)
    acceptor.accept(TWO, Versioned(2, "b", 8))
    assert acceptor.prepare(THREE) == Promise(0, THREE, TWO, Versioned(2, "b", 8))


def test_prepares_and_accepts_that_come_twice_are_answered_twice_alike() -> None:
    acceptor = Asked()
    assert acceptor.prepare(ONE) == acceptor.prepare(ONE)
    assert acceptor.accept(ONE) == acceptor.accept(ONE)


def test_a_vote_is_confirmed_even_after_a_higher_promise() -> None:
    acceptor = Asked()
    acceptor.accept(ONE)
    acceptor.prepare(THREE)
    assert acceptor.accept(ONE) == Accepted(0, ONE, THREE)


def test_nobody_is_promised_a_ballot_that_was_accepted_already() -> None:
    acceptor = Asked()
    acceptor.accept(ONE)
    assert acceptor.prepare(ONE) is None


def test_a_piggy_backed_promise_rules_out_what_is_between() -> None:
    acceptor = Asked()
    assert acceptor.accept(ONE, promise=THREE) == Accepted(0, ONE, THREE)
    assert acceptor.accept(TWO) == Conflict(0, TWO, THREE)
    assert acceptor.accept(THREE, Versioned(2, "b", 8)) == Accepted(0, THREE, THREE)


def test_promise_and_value_survive_a_restart() -> None:
    acceptor = Asked()
    acceptor.accept(ONE)
    acceptor.prepare(TWO)
    acceptor.restart()
    assert acceptor.accept(ONE) == Accepted(0, ONE, TWO)
    assert acceptor.prepare(THREE) == Promise(0, THREE, ONE, VALUE)


def test_keys_are_registers_of_their_own() -> None:
    acceptor = Asked()
    acceptor.prepare(THREE, key=1)
    assert acceptor.prepare(ONE, key="1") == Promise("1", ONE, NEVER, EMPTY)
    acceptor.restart()
    assert acceptor.prepare(TWO, key=1) == Conflict(1, TWO, THREE)
    assert acceptor.prepare(TWO, key="1") == Promise("1", TWO, NEVER, EMPTY)
