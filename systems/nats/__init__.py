"""NATS KV: maps of keys to values on JetStream, the streams of NATS that servers replicate with Raft (https://nats.io).

Each node is one `nats-server` with JetStream. One bucket holds all keys, with a copy on each of up to five nodes.
`docs/databases.md` quotes what NATS promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from clew.systems.database import Database, ask, client_in
from clew.systems.program import ProgramCluster, ProgramNode
from clew.systems.server import Server
from clew.systems.service import BadParameters

CLIENT, CLUSTER, MONITOR = 4222, 6222, 8222
BUCKET = "clew"
REPLICAS_MOST = 5
"""The most copies that JetStream makes."""
SERVER = Server("nats-server", "nats-server", "nats", "2.9.10")


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan may set."""

    object: Literal["register", "kv", "counter"] = "register"
    """What clients take the keys for."""

    direct: bool = True
    """Whether any node may answer a read from its own copy, as is the default of NATS' own tools. Otherwise the leader
    of the stream answers."""

    replicas: int | None = None
    """How many nodes have a copy. None: all of them, and five at most."""


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for more copies than there can be."""
    most = min(nodes, REPLICAS_MOST)
    if parameters.replicas is not None and not 1 <= parameters.replicas <= most:
        raise BadParameters("replicas", f"expected 1 to {most}: one a node, and {REPLICAS_MOST} at most")


def command(node: ProgramNode, cluster: ProgramCluster) -> Sequence[str]:
    """The command line of a node."""
    alone = len(cluster.nodes) == 1
    routes = ",".join(f"nats://{one.host}:{one.ports['cluster']}" for one in cluster.nodes if one is not node)
    together = [
        f"--cluster_name={BUCKET}",
        f"--cluster=nats://{node.host}:{node.ports['cluster']}",
        f"--routes={routes}",
    ]
    return [
        SERVER.executable(),
        f"--addr={node.host}",
        f"--port={node.ports['client']}",
        f"--server_name={node.name}",
        f"--http_port={node.ports['monitor']}",
        "--jetstream",
        f"--store_dir={node.data}",
        *([] if alone else together),
    ]


def ready(node: ProgramNode, cluster: ProgramCluster) -> bool:
    """Whether the node is healthy and the bucket is there. The first node makes the bucket if it is not."""
    try:
        healthy = ask(node, "monitor", "/healthz") == {"status": "ok"}
    except (OSError, ValueError):
        return False
    if not healthy:
        return False
    from clew.systems.nats.client import make_bucket

    return make_bucket(node, cluster)


def leader(cluster: ProgramCluster) -> str | None:
    """The node that leads the stream of the bucket, as most nodes say."""
    named: dict[str, int] = {}
    for node in cluster.nodes:
        try:
            accounts = ask(node, "monitor", "/jsz?streams=true").get("account_details") or []
        except (OSError, ValueError):
            continue
        for stream in (stream for account in accounts for stream in account.get("stream_detail") or []):
            if name := (stream.get("cluster") or {}).get("leader"):
                named[name] = named.get(name, 0) + 1
    return max(named, key=lambda name: named[name]) if named else None


def replicas(cluster: ProgramCluster) -> int:
    """How many nodes have a copy of the bucket."""
    wanted: int | None = cluster.parameters.replicas
    return wanted or min(len(cluster.nodes), REPLICAS_MOST)


system = Database(
    name="nats",
    summary="NATS KV: keys and values on JetStream, one nats-server a node (Debian's nats-server)",
    parameters=Parameters,
    validate=validate,
    command=command,
    ready=ready,
    client=client_in("clew.systems.nats.client:NatsClient"),
    ports={"client": CLIENT, "cluster": CLUSTER, "monitor": MONITOR},
    leader=leader,
    servers=(SERVER,),
)
