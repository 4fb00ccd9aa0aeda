"""A database: a server that others have written, as a package installs it, which keeps the objects of a workload.

    systems/<name>/__init__.py    Parameters, command, ready, leader; system = Database(...)
    systems/<name>/client.py      the class of its clients, on the database's own Python library

What a workload does to a key is the parameter `object`. `OBJECTS` says which model and functions each object has.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import msgspec

from clew.systems.program import Program, ProgramCluster, ProgramNode
from clew.systems.server import Server

Duration = Annotated[int, msgspec.Meta(extra={"unit": "ns"})]
"""The type of a parameter in nanoseconds, which a plan gives with its unit."""
MILLISECOND = 1_000_000
ANSWER_WITHIN = 0.5
"""Seconds that a node may take to say whether it serves, or who leads."""


class Object(NamedTuple):
    """What clients take a key of a database for."""

    model: str
    """The checker's model of one key."""

    functions: tuple[str, ...]
    """What clients ask for."""


OBJECTS: Mapping[str, Object] = {
    "register": Object("cas-register", ("read", "write", "cas")),
    "kv": Object("kv", ("get", "put", "cas", "delete")),
    "counter": Object("counter", ("read", "add-and-get")),
    "queue": Object("unordered-queue", ("enqueue", "dequeue")),
    "fifo-queue": Object("fifo-queue", ("enqueue", "dequeue")),
    "set": Object("set", ("add", "read")),
    "list": Object("append-list", ("append", "read")),
    "mutex": Object("mutex", ("acquire", "release")),
}
"""All objects. The parameter `object` of a database says which of them it can keep."""


def object_of(parameters: Any) -> Object:
    """The object that a cluster with these parameters keeps."""
    return OBJECTS[parameters.object]


@dataclass(frozen=True, kw_only=True)
class Database(Program):
    """A program whose parameters have a field `object`. Model and functions follow from it."""

    model: str | Callable[[Any], str] = lambda parameters: object_of(parameters).model
    functions: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = lambda parameters: object_of(parameters).functions

    servers: tuple[Server, ...] | Callable[[Any], tuple[Server, ...]]
    """See `Program.servers`."""

    client: Callable[[ProgramNode, ProgramCluster], Any]
    """See `Program.client`. `client_in` makes one that imports the library late."""


def client_in(place: str) -> Callable[[ProgramNode, ProgramCluster], Any]:
    """Makes clients of the class at `place`, such as `clew.systems.etcd.client:EtcdClient`.

    The module is imported by the first client: only the client host needs the database's library.
    """
    module, _, name = place.partition(":")

    def client(node: ProgramNode, cluster: ProgramCluster) -> Any:
        return getattr(importlib.import_module(module), name)(node, cluster)

    return client


def ask(node: ProgramNode, port: str, path: str, body: bytes | None = None) -> Any:
    """What a node answers to an HTTP request, as JSON. With a body, it is a POST.

    Raises `OSError` if it does not answer within `ANSWER_WITHIN` or refuses, and `ValueError` if the answer is no JSON.
    """
    import urllib.request

    request = urllib.request.Request(f"http://{node.host}:{node.ports[port]}{path}", body)
    # Without proxies: the node is in a network of its own.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=ANSWER_WITHIN) as answer:
        return json.load(answer)
