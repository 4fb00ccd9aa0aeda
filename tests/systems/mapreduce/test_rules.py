"""The rules that a schedule meets too rarely: one story each."""

from __future__ import annotations

from clew.systems import find_protocol
from clew.systems.mapreduce.messages import Mapped, Pong, Reduce
from clew.systems.mapreduce.parameters import Parameters
from tests.systems.cluster import Cluster

SYSTEM = find_protocol("mapreduce")


def test_a_map_task_is_not_completed_by_an_attempt_of_a_worker_that_was_buried() -> None:
    cluster = Cluster(SYSTEM, Parameters(), nodes=3)
    cluster.invoke(0, "append", 7)
    count = None
    late = None
    while late is None:
        if count is None and not cluster.busy(0):
            count = cluster.invoke(0, "count")
        if cluster.flying:
            cluster.deliver(cluster.flying[0])
        else:
            cluster.wake(*cluster.earliest())
        late = next((flight for flight in cluster.flying if type(flight[3]) is Mapped), None)
    worker = late[1]
    cluster.send(worker, "n1", Pong(99))
    cluster.deliver(cluster.flying[-1])
    before = len(cluster.journal)
    cluster.deliver(late)
    told = [sent.message for sent in cluster.journal[before + 1 :]]
    assert not any(type(message) is Reduce for message in told), "no reduce task is told where the output was"
