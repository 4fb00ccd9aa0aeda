"""Redis: a server of data structures in memory, its replicas, and Sentinels that choose a new primary (https://redis.io).

    nodes: 1                    one server
    nodes: 3                    n1 is the primary, the others copy it
    nodes: 3, sentinel: true    each node has a Sentinel too; together they put a replica in the place of a lost primary

Replicas copy asynchronously: the primary answers before they have a change. `docs/databases.md` quotes what Redis
promises.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from clew.systems.database import ANSWER_WITHIN, MILLISECOND, Database, Duration, client_in
from clew.systems.program import ProgramCluster, ProgramNode
from clew.systems.server import Server
from clew.systems.service import BadParameters

PORT, SENTINEL_PORT = 6379, 26379
MASTER = "clew"
"""What Sentinels call the group of the primary and its replicas."""
SERVER = Server("redis-server", "redis-server", "redis", "7.0.15")
SENTINEL = Server("redis-sentinel", "redis-sentinel", "redis")
LAUNCH = Path(__file__).with_name("launch.py")


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan may set."""

    object: Literal["register", "kv", "counter", "set", "list"] = "register"
    """What clients take the keys for."""

    sentinel: bool = False
    """Whether each node has a Sentinel, and clients ask it for the primary."""

    reads: Literal["primary", "nearest"] = "primary"
    """`nearest` reads are answered by the client's own node, which may be a replica."""

    fsync: Literal["always", "everysec", "no", "off"] = "always"
    """When the log of changes is synced. `off`: there is no log, and a server that starts again is empty or copies."""

    wait: int = 0
    """For how many replicas a client waits (`WAIT`) before a change counts as done."""

    min_replicas: int = 0
    """How many replicas a primary needs to take changes (`min-replicas-to-write`)."""

    max_lag: Duration = 10_000 * MILLISECOND
    """After which silence a replica no longer counts for `min_replicas`. Whole seconds."""

    down_after: Duration = 1000 * MILLISECOND
    """After which silence a Sentinel takes a server for down (`down-after-milliseconds`)."""

    failover_timeout: Duration = 5000 * MILLISECOND
    """How long a failover may take before another is tried (`failover-timeout`)."""


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for what no cluster of that many nodes can have."""
    if parameters.sentinel and nodes < 3:
        raise BadParameters("sentinel", f"{nodes} nodes have no majority without one of them; expected 3 nodes or more")
    for field in ("wait", "min_replicas"):
        if not 0 <= getattr(parameters, field) < nodes:
            raise BadParameters(field, f"{nodes} nodes have {nodes - 1} replicas; expected 0 to {nodes - 1}")
    if parameters.max_lag < 1000 * MILLISECOND or parameters.max_lag % (1000 * MILLISECOND):
        raise BadParameters("max_lag", "expected whole seconds, 1s or more")
    for field in ("down_after", "failover_timeout"):
        if getattr(parameters, field) < MILLISECOND:
            raise BadParameters(field, "expected 1ms or more")


def command(node: ProgramNode, cluster: ProgramCluster) -> Sequence[str]:
    """The command line of a node: the server, or with a Sentinel the script that starts both."""
    if not cluster.parameters.sentinel:
        settings = server_settings(node, cluster)
        return [SERVER.executable(), *(word for name, value in settings for word in (f"--{name}", value))]
    told = {
        "server": SERVER.executable(),
        "sentinel": SENTINEL.executable(),
        "data": str(node.data),
        "host": node.host,
        "port": node.ports["client"],
        "primary": (cluster.nodes[0].host, cluster.nodes[0].ports["client"]),
        "replicas": len(cluster.nodes) - 1,
        "server_settings": server_settings(node, cluster),
        "sentinel_settings": sentinel_settings(node, cluster),
    }
    return [sys.executable, "-S", "-E", "-s", str(LAUNCH), json.dumps(told)]


def server_settings(node: ProgramNode, cluster: ProgramCluster) -> list[tuple[str, str]]:
    """The configuration of a server, as names and values."""
    parameters: Parameters = cluster.parameters
    first = cluster.nodes[0]
    settings = [
        ("bind", node.host),
        ("port", str(node.ports["client"])),
        ("protected-mode", "no"),
        ("dir", str(node.data)),
        ("save", ""),
        ("appendonly", "no" if parameters.fsync == "off" else "yes"),
        ("appendfsync", "no" if parameters.fsync == "off" else parameters.fsync),
        ("min-replicas-to-write", str(parameters.min_replicas)),
        ("min-replicas-max-lag", str(parameters.max_lag // (1000 * MILLISECOND))),
        # A copy of the whole data for a replica begins at once and needs no disk.
        ("repl-diskless-sync-delay", "0"),
    ]
    # A server takes a Sentinel's word for where the primary is, and writes it into its file of settings.
    return settings if node is first else [*settings, ("replicaof", f"{first.host} {first.ports['client']}")]


def sentinel_settings(node: ProgramNode, cluster: ProgramCluster) -> list[tuple[str, str]]:
    """The configuration of a Sentinel, as names and values."""
    parameters: Parameters = cluster.parameters
    first = cluster.nodes[0]
    majority = len(cluster.nodes) // 2 + 1
    return [
        ("bind", node.host),
        ("port", str(node.ports["sentinel"])),
        ("protected-mode", "no"),
        ("dir", str(node.data)),
        ("sentinel monitor", f"{MASTER} {first.host} {first.ports['client']} {majority}"),
        ("sentinel down-after-milliseconds", f"{MASTER} {parameters.down_after // MILLISECOND}"),
        ("sentinel failover-timeout", f"{MASTER} {parameters.failover_timeout // MILLISECOND}"),
    ]


def ready(node: ProgramNode, cluster: ProgramCluster) -> bool:
    """Whether the server serves, a replica has its copy, and the node's Sentinel knows all the others."""
    try:
        about = ask(node.host, node.ports["client"], "INFO replication")
        if about.get("role") != "master" and about.get("master_link_status") != "up":
            return False
        if not cluster.parameters.sentinel:
            return True
        others = str(len(cluster.nodes) - 1)
        known = ask(node.host, node.ports["sentinel"], "INFO sentinel").get("master0", "")
        told = dict(part.split("=", 1) for part in known.split(",") if "=" in part)
        return (told.get("slaves"), told.get("sentinels")) == (others, str(len(cluster.nodes)))
    except OSError:
        return False


def leader(cluster: ProgramCluster) -> str | None:
    """The primary that most Sentinels name. Without Sentinels it is always the first node."""
    if not cluster.parameters.sentinel:
        return cluster.nodes[0].name
    named: dict[str, int] = {}
    for node in cluster.nodes:
        try:
            known = ask(node.host, node.ports["sentinel"], "INFO sentinel").get("master0", "")
        except OSError:
            continue
        for other in cluster.nodes:
            if f"address={other.host}:" in known:
                named[other.name] = named.get(other.name, 0) + 1
    return next((name for name, count in named.items() if count > len(cluster.nodes) // 2), None)


def ask(host: str, port: int, request: str) -> Mapping[str, str]:
    """What a server or Sentinel answers to `INFO`. Empty while it is loading. Raises `OSError` if nobody answers."""
    with socket.create_connection((host, port), timeout=ANSWER_WITHIN) as connection:
        connection.sendall(f"{request}\r\n".encode())
        with connection.makefile("rb") as answer:
            head = answer.readline()
            text = answer.read(int(head[1:])).decode() if head[:1] == b"$" else ""
    return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)


system = Database(
    name="redis",
    summary="Redis: one server, or a primary with replicas, and Sentinels if wanted (Debian's redis-server)",
    parameters=Parameters,
    validate=validate,
    command=command,
    ready=ready,
    client=client_in("clew.systems.redis.client:RedisClient"),
    ports=lambda parameters: {"client": PORT, **({"sentinel": SENTINEL_PORT} if parameters.sentinel else {})},
    leader=leader,
    servers=lambda parameters: (SERVER, SENTINEL) if parameters.sentinel else (SERVER,),
)
