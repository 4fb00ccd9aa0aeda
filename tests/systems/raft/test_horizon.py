"""What the invariants forget when all servers have it, and what they still notice then."""

from __future__ import annotations

import pytest

from clew.systems.raft.invariants import horizon
from clew.systems.raft.messages import Appended, AppendEntries, Command, Configuration, Entry, Lead, RequestVote, Vote
from tests.systems.observing import Line, broken, observe

OTHER = Command("c9", 9, "put", 0, "other")
ENTRIES = 20


@pytest.fixture(autouse=True)
def _keep_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(horizon, "PLACES_KEPT", 2)
    monkeypatch.setattr(horizon, "TERMS_KEPT", 1)


def append(term: int, place: int, entry: Entry, last: int, commit: int = 0, leader: str = "n1") -> Line:
    return leader, "n2", AppendEntries(term, place - 1, last, (entry,), commit, 0)


def lead(leader: str, term: int, place: int, last: int) -> list[Line]:
    """A server is elected by all, and sends its first entry, at `place`."""
    return [
        *((leader, other, RequestVote(term, place - 1, last)) for other in ("n1", "n2", "n3") if other != leader),
        *((other, leader, Vote(term, True, 0, 0)) for other in ("n1", "n2", "n3") if other != leader),
        (leader, "n2", Lead(term, place - 1, last, (Entry(term, None),), 0, 0)),
    ]


def story(*followers: str, configuration: tuple[str, ...] = ()) -> list[Line]:
    """n1 leads term 1, and its entries get to these followers. The third one may change the members."""
    lines = [*lead("n1", 1, 1, 0), *((follower, "n1", Appended(1, True, 1, 0)) for follower in followers)]
    for place in range(2, ENTRIES + 1):
        command = Configuration(configuration) if configuration and place == 3 else Command("c0", place, "put", 0, "a")
        lines.append(append(1, place, Entry(1, command), 1, place - 1))
        lines += [(follower, "n1", Appended(1, True, place, 0)) for follower in followers]
    return lines


def test_an_entry_that_all_servers_have_is_not_compared_again() -> None:
    wrong = append(1, 5, Entry(1, OTHER), 1, ENTRIES)
    assert broken("raft", *story("n2"), wrong) == {"log-matching"}
    assert broken("raft", *story("n2", "n3"), wrong) == set()
    assert broken("raft", *story("n2", "n3"), append(1, ENTRIES, Entry(1, OTHER), 1, ENTRIES)) == {"log-matching"}


def test_what_a_server_has_from_an_older_leader_is_not_what_is_committed() -> None:
    """n3 is still in term 1 when the entries of term 2 are committed. It may have other entries in their places."""
    new: list[Line] = [
        ("n1", "n2", RequestVote(2, 1, 1)),
        ("n2", "n1", Vote(2, True, 0, 0)),
        ("n1", "n2", Lead(2, 1, 1, (Entry(2, None),), 0, 0)),
        ("n2", "n1", Appended(2, True, 2, 0)),
    ]
    for place in range(3, ENTRIES + 1):
        new.append(append(2, place, Entry(2, Command("c0", place, "put", 0, "a")), 2, place - 1))
        new.append(("n2", "n1", Appended(2, True, place, 0)))
    wrong = append(2, 5, Entry(2, OTHER), 2, ENTRIES)
    for term, found in ((1, {"log-matching"}), (2, set())):
        has: Line = ("n3", "n1", Appended(term, True, ENTRIES, 0))
        assert broken("raft", *lead("n1", 1, 1, 0), *new, has, wrong) == found


def test_a_leader_of_a_later_term_must_have_what_is_committed_however_much_is_forgotten() -> None:
    lines = [*story("n2", "n3"), *lead("n2", 2, 5, 1)]
    assert broken("raft", *lines) == {"leader-completeness"}
    assert broken("raft", *story("n2", "n3"), *lead("n2", 2, ENTRIES + 1, 1)) == set()


def test_a_server_that_is_no_member_any_more_keeps_nothing_in_memory() -> None:
    wrong = append(1, 5, Entry(1, OTHER), 1, ENTRIES)
    assert broken("raft", *story("n2", configuration=("n1", "n2")), wrong) == set()


def test_the_configuration_in_force_is_remembered_however_old_it_is() -> None:
    known = story("n2", "n3", configuration=("n1", "n2"))
    back = append(1, ENTRIES + 1, Entry(1, Configuration(("n1", "n2", "n3"))), 1, ENTRIES)
    gone = append(1, ENTRIES + 1, Entry(1, Configuration(("n3",))), 1, ENTRIES)
    assert broken("raft", *known, back) == set()
    assert broken("raft", *known, gone) == {"one-change-at-a-time"}
    said = [one.explanation for one in observe("raft", *known, ("n3", "n1", Lead(9, ENTRIES, 1, (), 0, 0)))]
    assert said[0] == "n3 leads term 9 with the votes of n3 alone, and the members are n1, n2"


def test_a_configuration_that_is_sent_again_later_is_not_judged_again() -> None:
    known = story("n2", "n3", configuration=("n1", "n2"))
    again = append(1, 3, Entry(1, Configuration(("n1", "n2"))), 1, ENTRIES)
    assert broken("raft", *known, append(1, ENTRIES + 1, Entry(1, OTHER), 1, ENTRIES), again) == set()


def test_nobody_votes_or_leads_in_a_term_that_all_servers_have_left_behind() -> None:
    terms = [line for term in range(1, 9) for line in lead("n1", term, term, term - 1)]
    old: list[Line] = [("n3", "n2", Vote(2, True, 0, 0)), ("n2", "n3", Lead(2, 0, 0, (), 0, 0))]
    assert broken("raft", *terms, *old) == {"terms-only-grow"}
    few = [line for line in terms if line[0] != "n3" or line[2].term < 3]
    found = broken("raft", *few, *old)
    assert {"votes-once-per-term", "election-safety"} <= found
