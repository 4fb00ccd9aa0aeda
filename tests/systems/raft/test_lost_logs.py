"""A follower whose disk has lost what it had acknowledged. It refuses everything, and the leader does not flood it."""

from __future__ import annotations

from clew.systems import find_protocol
from clew.systems.raft.leader import CONTRADICTIONS_MOST
from clew.systems.raft.messages import Appended
from tests.systems.cluster import Cluster


def deliver_all(cluster: Cluster, most: int = 200) -> None:
    """Deliver what is in flight and what comes of it, in order, but no more than `most` messages."""
    for _ in range(most):
        if cluster.flying:
            cluster.deliver(cluster.flying[0])


def test_a_follower_that_has_lost_its_log_is_answered_a_few_times_between_two_heartbeats() -> None:
    cluster = Cluster(find_protocol("raft"), nodes=3)
    cluster.wake("n1", "election")
    deliver_all(cluster)
    for value in "123":
        cluster.invoke(0, "put", value)
        deliver_all(cluster)
    assert not cluster.busy(0)
    cluster.crash("n2")
    cluster.disks["n2"].clear()
    cluster.restart("n2")
    for _ in range(2):
        before = len(cluster.journal)
        cluster.wake("n1", "heartbeat")
        deliver_all(cluster)
        assert not cluster.flying, "otherwise they would send each other the same for ever"
        refusals = [sent for sent in cluster.journal[before:] if sent.message == Appended(1, False, 0, 0)]
        assert len(refusals) == CONTRADICTIONS_MOST + 1
