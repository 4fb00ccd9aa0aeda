"""ZooKeeper: a tree of small files for coordination, on the broadcast protocol Zab (https://zookeeper.apache.org).

Each node is one server in a Java machine of its own. A client talks to its own node alone. Every change goes through
the leader and a majority; a read is answered by the node that is asked. `docs/databases.md` quotes what ZooKeeper
promises.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from clew.systems.database import ANSWER_WITHIN, MILLISECOND, Database, Duration, client_in
from clew.systems.guard import Guarded
from clew.systems.program import ProgramCluster, ProgramNode
from clew.systems.server import Server
from clew.systems.service import BadParameters

CLIENT, PEER, ELECTION = 2181, 2888, 3888
SERVER = Server("zkServer.sh", "zookeeper", "kazoo", "3.8.0", files="/usr/share/java/zookeeper-[0-9]*.jar")
JARS = ("/usr/share/java/zookeeper.jar", "/usr/share/java/slf4j-simple.jar")
"""The server, and a log that goes to stderr. The first one names all others that it needs."""
MACHINE = ("-Xmx96m", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData")
"""Settings of the Java machine with which a server is up in half a second of processor time: a small heap, classes that
are shared with other machines, and the quick compiler alone."""
PATIENCE = 10
"""Where locks guard the counters, the session that changes counters outlives the session of the lock by this factor."""
LAUNCH = Path(__file__).with_name("launch.py")


class Parameters(Guarded, frozen=True, forbid_unknown_fields=True):
    """What a plan may set."""

    object: Literal["register", "kv", "counter", "mutex"] = "register"
    """What clients take the keys for."""

    reads: Literal["sync", "local"] = "sync"
    """Whether a client calls `sync` before it reads. A `local` read is answered by the node alone, from what it has."""

    tick: Duration = 200 * MILLISECOND
    """ZooKeeper's unit of time (`tickTime`). Servers send each other a sign of life twice a tick."""

    sync_limit: int = 5
    """After how many ticks of silence a follower gives its leader up, and a leader its follower (`syncLimit`)."""

    init_limit: int = 25
    """How many ticks a server may take to join a leader and copy what it lacks (`initLimit`)."""

    session_timeout: Duration = 2000 * MILLISECOND
    """After which silence of a client its session ends, and with it the lock that it holds. Servers count it in whole
    ticks."""

    fsync: bool = True
    """Whether a server syncs its log before it acknowledges a change (`forceSync`)."""

    snapshot_count: int = 100_000
    """After how many changes a server writes a snapshot (`snapCount`)."""


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for what ZooKeeper would refuse."""
    for field in ("tick", "session_timeout"):
        if getattr(parameters, field) < MILLISECOND:
            raise BadParameters(field, "expected 1ms or more")
    for field in ("sync_limit", "init_limit"):
        if getattr(parameters, field) < 1:
            raise BadParameters(field, "expected 1 or more")
    if parameters.snapshot_count < 2:
        raise BadParameters("snapshot_count", "expected 2 or more")
    parameters.check_guard(parameters.object)


def command(node: ProgramNode, cluster: ProgramCluster) -> Sequence[str]:
    """The command line of a node: the script that writes its files and becomes the server."""
    parameters: Parameters = cluster.parameters
    told = {
        "command": [
            "java",
            *MACHINE,
            # Without it, each start makes a file of 64 MB for the log.
            "-Dzookeeper.preAllocSize=4096",
            f"-Dzookeeper.forceSync={'yes' if parameters.fsync else 'no'}",
            f"-Dzookeeper.snapCount={parameters.snapshot_count}",
            "-Dzookeeper.jmx.log4j.disable=true",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
            "-Dorg.slf4j.simpleLogger.showShortLogName=true",
            f"-Djava.io.tmpdir={node.data}",
            f"--class-path={':'.join(JARS)}",
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            str(node.data / "zoo.cfg"),
        ],
        "data": str(node.data),
        "id": cluster.nodes.index(node) + 1,
        "settings": settings(node, cluster),
    }
    return [sys.executable, "-S", "-E", "-s", str(LAUNCH), json.dumps(told)]


def settings(node: ProgramNode, cluster: ProgramCluster) -> list[str]:
    """The lines of a server's file of settings."""
    parameters: Parameters = cluster.parameters
    members = [
        f"server.{number}={one.host}:{one.ports['peer']}:{one.ports['election']}"
        for number, one in enumerate(cluster.nodes, 1)
    ]
    return [
        f"tickTime={parameters.tick // MILLISECOND}",
        f"initLimit={parameters.init_limit}",
        f"syncLimit={parameters.sync_limit}",
        # Without them, ZooKeeper would change a timeout of less than 2 ticks or more than 20.
        f"minSessionTimeout={parameters.session_timeout // MILLISECOND}",
        f"maxSessionTimeout={PATIENCE * parameters.session_timeout // MILLISECOND}",
        f"dataDir={node.data}",
        f"clientPort={node.ports['client']}",
        f"clientPortAddress={node.host}",
        "admin.enableServer=false",
        "4lw.commands.whitelist=srvr",
        # One server alone needs no others to vote with.
        *(members if len(members) > 1 else ()),
    ]


def ready(node: ProgramNode, cluster: ProgramCluster) -> bool:
    """Whether the node serves clients: it leads, or follows a leader."""
    return "Mode" in status(node)


def leader(cluster: ProgramCluster) -> str | None:
    """The node that says of itself that it leads; of several, the one that has the latest changes."""
    found = []
    for node in cluster.nodes:
        told = status(node)
        if told.get("Mode") in ("leader", "standalone"):
            found.append((int(told.get("Zxid", "0x0"), 16), node.name))
    return max(found)[1] if found else None


def status(node: ProgramNode) -> dict[str, str]:
    """What a node says of itself (`srvr`). Empty if it does not answer, and without `Mode` if it does not serve."""
    try:
        with socket.create_connection((node.host, node.ports["client"]), timeout=ANSWER_WITHIN) as connection:
            connection.sendall(b"srvr")
            with connection.makefile("r") as answer:
                return dict(line.strip().split(": ", 1) for line in answer if ": " in line)
    except OSError:
        return {}


system = Database(
    name="zookeeper",
    summary="ZooKeeper: a tree of small files on the broadcast protocol Zab, one server a node (Debian's zookeeper)",
    parameters=Parameters,
    validate=validate,
    command=command,
    ready=ready,
    client=client_in("clew.systems.zookeeper.client:ZookeeperClient"),
    ports={"client": CLIENT, "peer": PEER, "election": ELECTION},
    leader=leader,
    servers=(SERVER,),
)
