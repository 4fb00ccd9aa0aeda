"""Who has voted yes must wait for whoever knows the decision; who has not voted need not."""

from __future__ import annotations

from clew.harness.plan import load, resolve
from clew.harness.run import simulate
from clew.harness.verdict.judge import judge
from clew.systems import find_protocol
from clew.systems.two_phase_commit.messages import ABORTED, Decision, Inquiry, Prepare, Vote
from tests.systems.cluster import Cluster


def cluster_of(nodes: int) -> Cluster:
    """A cluster in which transaction 0, whose coordinator is n1, was submitted."""
    cluster = Cluster(find_protocol("two-phase-commit"), nodes=nodes)
    cluster.invoke(0, "submit", 0)
    cluster.deliver(cluster.flying[0])
    return cluster


def deliver(cluster: Cluster, message: type, *, to: str | None = None) -> None:
    """Deliver all messages of a type that are in flight (to a node)."""
    for flight in list(cluster.flying):
        if type(flight[3]) is message and to in (None, flight[2]):
            cluster.deliver(flight)


def told(cluster: Cluster, node: str, fate: str) -> bool:
    """Whether a node was told a decision, or is about to be."""
    return any(
        type(sent.message) is Decision and sent.destination == node and sent.message.fate == fate
        for sent in cluster.journal
    )


def test_all_who_voted_yes_are_blocked_until_the_coordinator_is_back() -> None:
    cluster = cluster_of(3)
    deliver(cluster, Prepare)
    cluster.crash("n1")
    read = cluster.invoke(1, "read")
    for _ in range(50):
        for flight in list(cluster.flying):
            cluster.deliver(flight)
        cluster.wake(*cluster.earliest())
    assert read not in cluster.completed
    assert not [sent for sent in cluster.journal if type(sent.message) is Decision]
    cluster.restart("n1")
    cluster.settle()
    assert cluster.completed[read].value == ABORTED
    assert cluster.violations == []


def test_one_participant_that_knows_the_decision_frees_the_others() -> None:
    cluster = cluster_of(3)
    deliver(cluster, Prepare)
    deliver(cluster, Vote)
    deliver(cluster, Decision, to="n2")
    cluster.flying.clear()
    cluster.crash("n1")
    cluster.wake("n3", "participant/0")
    deliver(cluster, Inquiry, to="n2")
    assert [flight[1:3] for flight in cluster.flying if type(flight[3]) is Decision] == [("n2", "n3")]
    assert told(cluster, "n3", "committed")


def test_one_participant_that_has_not_voted_aborts_for_all() -> None:
    cluster = cluster_of(3)
    deliver(cluster, Prepare, to="n2")
    late = [flight for flight in cluster.flying if type(flight[3]) is Prepare]
    cluster.crash("n1")
    cluster.wake("n2", "participant/0")
    deliver(cluster, Inquiry, to="n3")
    assert told(cluster, "n2", ABORTED)
    for flight in late:
        cluster.deliver(flight)
    assert not [sent for sent in cluster.journal if type(sent.message) is Vote and sent.source == "n3"]
    cluster.restart("n1")
    cluster.settle()
    assert cluster.violations == []
    assert cluster.verdict().verdict == "valid"


def test_a_restarted_participant_remembers_its_vote_and_asks() -> None:
    cluster = cluster_of(2)
    deliver(cluster, Prepare)
    cluster.crash("n2")
    cluster.restart("n2")
    assert [flight[1] for flight in cluster.flying if type(flight[3]) is Inquiry] == ["n2", "n2"]


def test_the_plan_shows_what_blocks_and_what_does_not() -> None:
    plan = resolve(load("two-phase-commit-blocking"))
    history, outcome = simulate(plan)
    ends = [event for event in history.events() if event.type in ("ok", "info") and event.process != "nemesis"]
    wait, commit, abort = ("info", None), ("ok", "committed"), ("ok", "aborted")
    assert [(event.type, event.value if event.type == "ok" else None) for event in ends if event.time < 9e9] == [
        *(wait, wait, wait),  # n1 is down: its client, and the readers at n2 and n3
        abort,  # transaction 1, in which n1 did not vote
        *(abort, abort),  # transaction 0, when n1 is back
        *(commit, wait, wait),  # transaction 3, of which n2 and n3 are not told
        commit,
    ]
    assert judge(plan, history, outcome).verdict == "valid"


def test_without_its_coordinator_the_plan_never_ends() -> None:
    plan = resolve(load("two-phase-commit-blocking"), None, ["nemesis.0.crash.for=", "nemesis.0.crash.until=end"])
    result = judge(plan, *simulate(plan))
    assert {name: check.verdict for name, check in result.checks.items()} == {
        "linearizable": "valid",
        "invariants": "valid",
        "liveness": "invalid",
    }
