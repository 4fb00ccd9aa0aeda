"""RabbitMQ: a broker of messages, which keeps queues on one node or on several (https://www.rabbitmq.com).

    queue: classic     on one node, that of the client which asked for the queue first
    queue: mirrored    on all nodes: one has the queue, the others mirror it
    queue: quorum      on all nodes, by Raft

Each node is one Erlang machine, with an `epmd` beside it that tells the others its port. The nodes know each other from
the start and make one cluster. `docs/databases.md` quotes what RabbitMQ promises.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from clew.systems.database import ANSWER_WITHIN, MILLISECOND, Database, Duration, client_in
from clew.systems.program import ProgramCluster, ProgramNode
from clew.systems.server import Server
from clew.systems.service import BadParameters

CLIENT, PEER = 5672, 25672
SECOND = 1000 * MILLISECOND
SERVER = Server("rabbitmq-server", "rabbitmq-server", "amqp", "3.10.8", files="/usr/lib/rabbitmq/lib/rabbitmq_server-*")
UNWRAPPED = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's program of that name becomes the user `rabbitmq` first; this is what it starts then."""
COOKIE = "clew"
"""What nodes of a cluster must have in common."""
ONE_AFTER_THE_OTHER = ",".join(
    (
        "{internal_lock_retries,0}",
        "{lock_retry_timeout,50}",
        "{lock_retry_limit,2400}",
        "{discovery_retry_limit,2}",
        "{discovery_retry_interval,50}",
    )
)
"""How new nodes make a cluster: under a lock, one after the other. One that waits for the lock asks again every 50 ms;
by default it waits longer each time, up to eight seconds. The first one looks for others for 50 ms, by default for
five seconds: those that come later find it."""
BROKER = Path("/usr/lib/rabbitmq/lib")
ERLANG = Path("/usr/lib/erlang/lib")
LARGE = (
    (BROKER, "rabbitmq_server-*/plugins", ("rabbit", "rabbit_common", "ra")),
    (ERLANG, ".", ("kernel", "stdlib", "ssl", "inets", "compiler", "mnesia", "xmerl", "tools", "sasl", "public_key")),
)
"""Where most of the modules are that a node loads when it starts, the largest folders first."""
PREFIX = "clew-"
"""How the names of queues begin. The key comes after it."""
MIRROR = (
    f'ok = rabbit_policy:set(<<"/">>, <<"mirror">>, <<"^{PREFIX}">>, '
    '[{<<"ha-mode">>, <<"all">>}, {<<"ha-sync-mode">>, <<"automatic">>}], 0, <<"queues">>, <<"clew">>), '
)
"""Erlang that has every queue mirrored on every node."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan may set."""

    object: Literal["queue", "fifo-queue"] = "queue"
    """What clients take a queue for. `queue` gives elements in any order."""

    queue: Literal["classic", "mirrored", "quorum"] = "classic"
    """Which kind of queue."""

    confirms: bool = True
    """Whether an enqueue waits until the broker confirms it."""

    partition_handling: Literal["ignore", "pause_minority", "autoheal"] = "ignore"
    """What nodes do that lose each other (`cluster_partition_handling`)."""

    net_tick: Duration = 60 * SECOND
    """After which silence a node takes another for gone, up to a quarter sooner or later (`net_ticktime`)."""


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for what no cluster of that many nodes can have."""
    if parameters.net_tick < SECOND or parameters.net_tick % SECOND:
        raise BadParameters("net_tick", "expected whole seconds, 1s or more")
    if parameters.partition_handling == "pause_minority" and nodes < 3:
        raise BadParameters(
            "partition_handling", f"{nodes} nodes have no majority without one of them; expected 3 nodes or more"
        )


def erlang_name(node: ProgramNode) -> str:
    """What Erlang calls a node."""
    return f"rabbit@{node.host}"


def command(node: ProgramNode, cluster: ProgramCluster) -> Sequence[str]:
    """The command line of a node. All that it is told is in `environment`."""
    return [str(UNWRAPPED) if UNWRAPPED.exists() else SERVER.executable()]


def searched_first() -> list[str]:
    """Folders of modules that a node looks into before all others.

    A node loads a thousand modules, and looks for each of them in ninety folders, in the order of their names: 52,000
    files that are not there, each a matter of two threads. With the largest folders first there are 4,000.
    """
    return [
        str(folder)
        for root, inside, names in LARGE
        for name in names
        for folder in sorted(root.glob(f"{inside}/{name}-[0-9]*/ebin"))
    ]


def environment(node: ProgramNode, cluster: ProgramCluster) -> Mapping[str, str]:
    """What a node is told: where it lives, who the others are, and where it may write."""
    parameters: Parameters = cluster.parameters
    members = ",".join(f"'{erlang_name(one)}'" for one in cluster.nodes)
    settings = [
        f"-setcookie {COOKIE}",
        f"-kernel net_ticktime {parameters.net_tick // SECOND}",
        f"-rabbit cluster_nodes {{[{members}],disc}}",
        f"-rabbit cluster_partition_handling {parameters.partition_handling}",
        f"-rabbit cluster_formation [{ONE_AFTER_THE_OTHER}]",
        # Otherwise the user `guest` may connect from the node itself only.
        "-rabbit loopback_users []",
        # The default asks /proc how much memory the process has, and a world may have no /proc of its own.
        "-rabbit vm_memory_calculation_strategy allocated",
        "-rabbit vm_memory_high_watermark {absolute,1000000000}",
        "-rabbit disk_free_limit 1000000",
        # A scheduler without work would look for some, for a while, on a processor that other nodes want.
        "+sbwt none +sbwtdcpu none +sbwtdio none",
        f"-pa {' '.join(searched_first())}",
    ]
    data = node.data
    return {
        "HOME": str(data),
        "RABBITMQ_NODENAME": erlang_name(node),
        "RABBITMQ_USE_LONGNAME": "true",
        "RABBITMQ_NODE_IP_ADDRESS": node.host,
        "RABBITMQ_NODE_PORT": str(node.ports["client"]),
        "RABBITMQ_DIST_PORT": str(node.ports["peer"]),
        "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
        "RABBITMQ_LOG_BASE": str(data / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(data / "pid"),
        # No file of these names is there: what the machine's own broker is told is not for this one.
        "RABBITMQ_CONF_ENV_FILE": str(data / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(data / "rabbitmq"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(data / "advanced"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(data / "enabled_plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": " ".join(settings),
    }


def ready(node: ProgramNode, cluster: ProgramCluster) -> bool:
    """Whether the node takes connections, and all nodes are members of its cluster.

    The first node has queues mirrored, if the plan says so.
    """
    try:
        socket.create_connection((node.host, node.ports["client"]), timeout=ANSWER_WITHIN).close()
    except OSError:
        return False
    mirror = MIRROR if cluster.parameters.queue == "mirrored" and node is cluster.nodes[0] else ""
    known = f"{mirror}{{rabbit:is_running(), length(rabbit_mnesia:cluster_nodes(all))}}."
    return evaluated(node, known) == f"{{ok, {{true, {len(cluster.nodes)}}}}}"


def evaluated(node: ProgramNode, code: str) -> str:
    """What a node answers to a piece of Erlang: `{ok, Result}`. Empty if it does not answer. Takes 20 ms."""
    # It comes with Erlang, which the broker needs.
    program = shutil.which("erl_call", path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/bin")))
    if program is None:
        return ""
    asked = [program, "-name", erlang_name(node), "-c", COOKIE, "-timeout", "2", "-e"]
    try:
        done = subprocess.run(asked, input=f"{code}\n", capture_output=True, text=True, timeout=4, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


system = Database(
    name="rabbitmq",
    summary="RabbitMQ: queues on one node or on several, one broker a node (Debian's rabbitmq-server)",
    parameters=Parameters,
    validate=validate,
    command=command,
    environment=environment,
    ready=ready,
    client=client_in("clew.systems.rabbitmq.client:RabbitClient"),
    ports={"client": CLIENT, "peer": PEER},
    servers=(SERVER,),
)
