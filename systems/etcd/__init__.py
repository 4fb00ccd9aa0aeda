"""etcd: a replicated key-value store on Raft (https://etcd.io), as Debian ships it.

Each node is one `etcd`. All nodes begin a new cluster together. A client talks to its own node alone, through the JSON
gateway that every etcd has. `docs/databases.md` quotes what etcd promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from clew.systems.database import MILLISECOND, Database, Duration, ask, client_in
from clew.systems.guard import Guarded
from clew.systems.program import ProgramCluster, ProgramNode
from clew.systems.server import Server
from clew.systems.service import BadParameters

CLIENT, PEER = 2379, 2380
SERVER = Server("etcd", "etcd-server", "etcd3gw", "3.4.23")


class Parameters(Guarded, frozen=True, forbid_unknown_fields=True):
    """What a plan may set."""

    object: Literal["register", "kv", "counter", "set", "list", "mutex"] = "register"
    """What clients take the keys for."""

    reads: Literal["linearizable", "serializable", "watched"] = "linearizable"
    """`serializable` reads are answered by the node alone, from what it has. For `watched` ones see `watched.py`."""

    compact: bool = False
    """Whether a client that reads by watching has etcd forget the changes that it has seen."""

    lock_ttl: Duration = 2000 * MILLISECOND
    """After how long a lock ends that is not renewed. Whole seconds; etcd makes it longer than an election takes."""

    heartbeat_interval: Duration = 100 * MILLISECOND
    """The time between two heartbeats of the leader."""

    election_timeout: Duration = 1000 * MILLISECOND
    """How long a follower waits for the leader before it stands for election. Five heartbeats or more."""

    pre_vote: bool = False
    """Whether a node asks first if it could win, before it disturbs a leader."""

    snapshot_count: int = 100_000
    """After how many changes a node writes a snapshot, and forgets its log."""


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for what etcd itself would refuse."""
    if parameters.heartbeat_interval < MILLISECOND:
        raise BadParameters("heartbeat_interval", "expected 1ms or more")
    if not 5 * parameters.heartbeat_interval <= parameters.election_timeout <= 50_000 * MILLISECOND:
        raise BadParameters("election_timeout", "expected five heartbeat_intervals or more, and 50s at most")
    if parameters.snapshot_count < 1:
        raise BadParameters("snapshot_count", "expected 1 or more")
    if parameters.lock_ttl < 1000 * MILLISECOND or parameters.lock_ttl % (1000 * MILLISECOND):
        raise BadParameters("lock_ttl", "expected whole seconds, 1s or more")
    if parameters.reads == "watched" and parameters.object not in ("register", "kv"):
        raise BadParameters("reads", f"a {parameters.object} is not read by watching; expected object: register or kv")
    if parameters.compact and parameters.reads != "watched":
        raise BadParameters("compact", "only clients that read by watching compact; expected reads: watched")
    parameters.check_guard(parameters.object)


def command(node: ProgramNode, cluster: ProgramCluster) -> Sequence[str]:
    """The command line of a node."""
    parameters: Parameters = cluster.parameters
    client, peer = (f"http://{node.host}:{node.ports[name]}" for name in ("client", "peer"))
    members = ",".join(f"{one.name}=http://{one.host}:{one.ports['peer']}" for one in cluster.nodes)
    return [
        SERVER.executable(),
        f"--name={node.name}",
        f"--data-dir={node.data / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster={members}",
        "--initial-cluster-state=new",
        f"--heartbeat-interval={parameters.heartbeat_interval // MILLISECOND}",
        f"--election-timeout={parameters.election_timeout // MILLISECOND}",
        f"--pre-vote={'true' if parameters.pre_vote else 'false'}",
        f"--snapshot-count={parameters.snapshot_count}",
        "--logger=zap",
        "--log-level=info",
    ]


def ready(node: ProgramNode, cluster: ProgramCluster) -> bool:
    """Whether the node is healthy: it knows a leader."""
    try:
        return bool(ask(node, "client", "/health") == {"health": "true"})
    except (OSError, ValueError):
        return False


def leader(cluster: ProgramCluster) -> str | None:
    """The node that says of itself that it leads; of several, the one of the latest term."""
    found = []
    for node in cluster.nodes:
        try:
            status = ask(node, "client", "/v3/maintenance/status", b"{}")
        except (OSError, ValueError):
            continue
        if status.get("leader") == status["header"]["member_id"]:
            found.append((int(status.get("raftTerm", 0)), node.name))
    return max(found)[1] if found else None


system = Database(
    name="etcd",
    summary="etcd: a key-value store on Raft, one process a node (Debian's etcd-server)",
    parameters=Parameters,
    validate=validate,
    command=command,
    ready=ready,
    client=client_in("clew.systems.etcd.client:EtcdClient"),
    ports={"client": CLIENT, "peer": PEER},
    leader=leader,
    servers=(SERVER,),
)
