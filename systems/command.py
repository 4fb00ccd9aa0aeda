"""Any program, as a plan describes it: a command line with placeholders, and a client. `system: {command: ...}`.

    command: ./kvd --id {name} --listen {host}:{port} --peers {peers} --data {data}

    {name}     n1, n2, ...                  {data}     the node's own data folder, an absolute path
    {index}    1, 2, ...                    {peers}    the other nodes: 10.77.0.2:8000,10.77.0.3:8000
    {host}     the node's own address       {nodes}    all nodes, this one too, in the same form
    {port}     the port of the plan

The command is split into words first, and placeholders are filled in afterwards. No shell sees it.
"""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from clew.systems.program import Program, ProgramCluster, ProgramNode
from clew.systems.registry import import_file

PLACEHOLDERS = ("name", "index", "host", "port", "data", "peers", "nodes")
NODE_PLACEHOLDERS = ("name", "index", "host", "port")
"""What `peer` may say of a node."""
PATTERN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
READY_WITHIN = 1.0
"""Seconds that one question may take whether a node is ready. A node that takes longer is asked again."""
LIFE = "--- life "
"""What begins a line of a node's log that is clew's own: a new life of the node."""


class BadTemplate(ValueError):
    """A text with a placeholder that does not exist. The message says which, and which there are."""


class CommandParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan says of a program. `docs/plans.md` has the keys as a user sees them."""

    command: tuple[str, ...]
    """The words that start a node, with placeholders."""

    client: tuple[str, ...]
    """One word that ends in `.py`: the file of a Python class `Client`. Otherwise the words that start a program that
    speaks JSON lines."""

    model: str
    """The checker's model."""

    functions: tuple[str, ...]
    """What the clients can ask for."""

    ready: str | dict[str, str]
    """When a node serves: `tcp`, `{http: path}`, or `{log: text}`."""

    port: int
    """The port of each node."""

    peer: str
    """How `{peers}` and `{nodes}` write one node."""

    environment: dict[str, str]
    """What is added to the environment of each node, with placeholders."""

    folder: str
    """The working directory of nodes and clients."""

    @property
    def python_client(self) -> Path | None:
        """The file with the class `Client`. None: the client is a program that speaks JSON lines."""
        return Path(self.client[0]) if len(self.client) == 1 and self.client[0].endswith(".py") else None


def fill(template: str, values: Mapping[str, object]) -> str:
    """The text with its placeholders filled in. `{{` and `}}` stand for braces.

    Raises `BadTemplate` for a placeholder that has no value, and for a brace that stands alone.
    """

    def replace(match: re.Match[str]) -> str:
        found = match[0]
        if found in ("{{", "}}"):
            return found[0]
        if match[1] in values:
            return str(values[match[1]])
        known = ", ".join(f"{{{name}}}" for name in values)
        what = f"there is no placeholder {found}" if len(found) > 1 else f"a {found} stands alone"
        raise BadTemplate(f"{what}; expected {known}, or {{{{ and }}}} for braces")

    return PATTERN.sub(replace, template)


def placeholders(node: ProgramNode, cluster: ProgramCluster) -> dict[str, object]:
    """The values of all placeholders for this node."""
    peer = cluster.parameters.peer
    written = {other.name: fill(peer, _of_node(other, cluster)) for other in cluster.nodes}
    return {
        **_of_node(node, cluster),
        "data": node.data,
        "peers": ",".join(text for name, text in written.items() if name != node.name),
        "nodes": ",".join(written.values()),
    }


def _of_node(node: ProgramNode, cluster: ProgramCluster) -> dict[str, object]:
    index = cluster.nodes.index(node) + 1
    return {"name": node.name, "index": index, "host": node.host, "port": node.ports["client"]}


def _command(node: ProgramNode, cluster: ProgramCluster) -> Sequence[str]:
    values = placeholders(node, cluster)
    return [fill(word, values) for word in cluster.parameters.command]


def _environment(node: ProgramNode, cluster: ProgramCluster) -> Mapping[str, str]:
    values = placeholders(node, cluster)
    return {name: fill(text, values) for name, text in cluster.parameters.environment.items()}


def _client(node: ProgramNode, cluster: ProgramCluster) -> Any:
    path = cluster.parameters.python_client
    assert path is not None, "this client is a program of its own"
    return _client_class(path)(node, cluster)


LOADING = threading.Lock()
"""Held while a client's file is imported.

Clients are made in threads. A thread that waits for a module whose import fails in another thread gets it half made.
"""


@cache
def _client_class(path: Path) -> Any:
    with LOADING:
        # What the file imports from its own folder is found as if the file were run.
        sys.path.insert(0, str(path.parent))
        module = import_file(path)
    found = getattr(module, "Client", None)
    if found is None:
        raise ImportError(f"{path} defines no class Client")
    return found


def _client_command(node: ProgramNode, cluster: ProgramCluster) -> Sequence[str] | None:
    parameters: CommandParameters = cluster.parameters
    return None if parameters.python_client is not None else parameters.client


def _ready(node: ProgramNode, cluster: ProgramCluster) -> bool:
    ready = cluster.parameters.ready
    if ready == "tcp":
        return listens(node)
    if "http" in ready:
        return answers(node, ready["http"])
    return logged(node, ready["log"])


def awaited(node: ProgramNode, parameters: CommandParameters) -> str:
    """What a node has to do to be ready, in words."""
    address = f"{node.host}:{parameters.port}"
    if isinstance(parameters.ready, str):
        return address
    kind, what = next(iter(parameters.ready.items()))
    return f"an answer to GET http://{address}{what}" if kind == "http" else f"{what!r} in its log"


def listens(node: ProgramNode) -> bool:
    """Whether the node accepts connections on its first port."""
    try:
        socket.create_connection((node.host, next(iter(node.ports.values()))), timeout=READY_WITHIN).close()
    except OSError:
        return False
    return True


def answers(node: ProgramNode, path: str) -> bool:
    """Whether the node answers an HTTP GET of this path on its first port with a status below 400."""
    import http.client

    connection = http.client.HTTPConnection(node.host, next(iter(node.ports.values())), timeout=READY_WITHIN)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def logged(node: ProgramNode, text: str) -> bool:
    """Whether the node has printed this text in its present life."""
    try:
        printed = node.log.read_text("utf-8", errors="replace")
    except OSError:
        return False
    return text in printed[printed.rfind(f"\n{LIFE}") + 1 :]


system = Program(
    name="command",
    summary="any program that a plan gives a command line for",
    model=lambda parameters: parameters.model,
    functions=lambda parameters: parameters.functions,
    parameters=CommandParameters,
    command=_command,
    client=_client,
    client_command=_client_command,
    ready=_ready,
    ports=lambda parameters: {"client": parameters.port},
    environment=_environment,
    folder=lambda node, cluster: Path(cluster.parameters.folder),
)
