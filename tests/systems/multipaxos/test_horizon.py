"""What the invariants forget of the log when all who propose have run it, and what they still notice then."""

from __future__ import annotations

from typing import Any

from clew.systems.horizon import REQUESTS_KEPT
from clew.systems.multipaxos.invariants import KEPT, WAITED_FOR, Horizon
from clew.systems.multipaxos.messages import Answer, Request
from clew.systems.paxos.messages import NEVER, Accept, Accepted, Ballot, Promise
from tests.systems.observing import Line, broken

ONE, TWO = (Ballot(round, "n1") for round in (1, 2))
LAST = 3 * KEPT


def round_of(instance: int, ballot: Ballot, batch: list[Any], proposer: str = "n1") -> list[Line]:
    return [
        *((node, proposer, Promise(instance, ballot, NEVER, None)) for node in ("n1", "n2")),
        (proposer, "n2", Accept(instance, ballot, batch)),
        *((node, "n3", Accepted(instance, ballot, batch)) for node in ("n1", "n2")),
    ]


def put(instance: int, value: str = "a") -> list[Any]:
    """The command of an instance, each by another request of one client."""
    return ["c0", instance, "put", 0, value]


def story(*, behind: int | None = None) -> list[Line]:
    """One replica has its client's commands decided. Another proposes for the first one, or for one instance `behind`
    too."""
    lines = []
    for instance in range(1, LAST + 1):
        lines += [("c0", "n1", Request(instance, "put", 0, "a")), *round_of(instance, ONE, [put(instance)])]
        if instance == behind:
            lines += [("n3", "n2", Accept(instance, ONE, [put(instance)]))]
        lines += [("n1", "c0", Answer(instance, "a", None))]
    return lines


WRONG = [("n1", "n2", Accept(5, TWO, [put(5, "b")]))]
FOUND = {"commands-are-from-clients", "chosen-value-stays", "proposals-are-safe"}


def test_an_old_instance_that_all_who_propose_have_run_is_not_compared() -> None:
    assert broken("multipaxos", *story(), *WRONG) == set()
    late = [("n1", "n2", Accept(LAST, TWO, [put(LAST, "b")]))]
    assert broken("multipaxos", *story(), *late) == FOUND


def test_an_old_instance_is_remembered_while_a_replica_that_proposes_is_there() -> None:
    assert broken("multipaxos", *story(behind=3), *WRONG) >= {"chosen-value-stays", "proposals-are-safe"}
    assert broken("multipaxos", *story(behind=LAST), *WRONG) == set()


def test_a_replica_that_proposes_no_more_is_not_waited_for_without_end() -> None:
    horizon = Horizon()
    for instance in range(1, 2 * WAITED_FOR):
        horizon.propose("n1", instance)
        if instance == 1:
            horizon.propose("n2", instance)
        horizon.run(instance)
        assert horizon.line.at <= max(0, instance - WAITED_FOR - KEPT)
        assert instance - horizon.line.at <= WAITED_FOR + 2 * KEPT


def test_the_state_is_remembered_that_the_forgotten_instances_lead_to() -> None:
    ask: list[Line] = [("c1", "n1", Request(1, "get", 0, None)), *round_of(LAST + 1, ONE, [["c1", 1, "get", 0, None]])]
    right, wrong = (("n1", "c1", Answer(1, value, None)) for value in ("a", None))
    assert broken("multipaxos", *story(), *ask, right) == set()
    assert broken("multipaxos", *story(), *ask, wrong) == {"answers-are-of-the-log"}


def test_a_late_answer_to_an_old_request_is_not_compared() -> None:
    for old in (1, LAST - REQUESTS_KEPT):
        assert broken("multipaxos", *story(), ("n1", "c0", Answer(old, "b", None))) == set()
    assert broken("multipaxos", *story(), ("n1", "c0", Answer(LAST, "b", None))) == {"answers-are-of-the-log"}


def test_an_old_command_may_be_proposed_late() -> None:
    """By a replica that has had it in its queue for long. Nobody remembers any more who asked for it."""
    assert broken("multipaxos", *story(), *round_of(LAST + 1, ONE, [put(1)])) == set()
    assert broken("multipaxos", *story(), *round_of(LAST + 1, ONE, [put(LAST + 1)])) == {"commands-are-from-clients"}
