"""A program: a system that runs as ordinary processes, one for each node, in any language.

    command(node, cluster) ──> process ──> ready(node, cluster)? ──> clients invoke ──> kill, start again

The live runtime starts the processes. `command` is called by clew itself; `ready`, `leader` and `client` are called in
the *client host*, a process of its own inside the cluster's network, so they may block. `command.py` has the program
that a plan describes in a few lines of YAML.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clew.systems.node import Complete, Operation
from clew.systems.server import Server
from clew.systems.service import Service


@dataclass(frozen=True)
class ProgramNode:
    """Where one node of a program runs."""

    name: str
    """The name of the node, as plans and histories give it: `n1`."""

    host: str
    """The address at which the other nodes and the clients reach this node. No other node has the same."""

    ports: Mapping[str, int]
    """The port that this node listens on, for each name in `Program.ports`."""

    data: Path
    """A folder of this node alone. It is empty at the first start, and keeps its files when the process is killed."""

    log: Path
    """The file with what the node has printed, on stdout and stderr. A line `--- life 2, 3.201 s` begins each life."""


@dataclass(frozen=True)
class ProgramCluster:
    """All nodes of a program, and the parameters that they share."""

    nodes: tuple[ProgramNode, ...]
    """All nodes, in the order of their names in the plan."""

    parameters: Any
    """An instance of `Program.parameters`, as the plan sets it."""

    timeout: float
    """Seconds after which the harness gives an operation up: a good timeout for the client's own waiting."""


class ProgramClient(typing.Protocol):
    """One process of the workload. It blocks: each client has a thread of its own.

    Instead of `invoke`, a client may have a method for each function; see `carry_out`.
    """

    def invoke(self, operation: Operation) -> Complete:
        """Carry out one operation and return how it ended.

        Return `ok` with the result, `fail` if the operation certainly did not happen, `info` if that is unknown. An
        exception counts as `info`: the connection may have broken after the program had done what it was asked. An
        exception that is a mistake in the client's own code (`MISTAKES`) ends the run.
        """

    def close(self) -> None:
        """Give up the connection. Called once, after the last operation or after one that ended `info`. Optional."""


class Failed(Exception):
    """A client's method raises it for an operation that certainly did not happen: the operation ends `fail`.

    The text is the operation's error. `Failed("mismatch")` says that a compare-and-set found another value.
    """


MISTAKES = (NameError, TypeError, AttributeError, ImportError, SyntaxError, NotImplementedError)
"""The exceptions that say that a client's code is wrong, whatever the program under test does."""


ENDS = ("ok", "fail", "info")
"""How an operation can end."""

CHANGES = ("write", "put", "cas", "enqueue", "append")
"""The functions whose argument is their result. What a client returns from them is not kept: it would stand in the
history where the argument belongs."""

ANSWERS = ("read", "get", "add-and-get", "dequeue")
"""The functions whose `ok` must tell a result. For a key that holds nothing it is null."""

VERSIONED = "versioned-register"
"""The model whose changes have a result of their own: [version, value]."""


class BadResult(Exception):
    """The result that a client told cannot be one of its operation."""


def carry_out(client: Any, operation: Operation, model: str = "") -> Complete:
    """Carry out one operation: by `client.invoke`, or else by the client's method that has the name of the function.

        read(key)    write(key, value)    cas(key, old, new)    add_and_get(key, value)    get, put, delete

        enqueue(key, value)    dequeue(key) -> value or None    append(key, value)    add(key, value)

    A dequeue that is one of the final reads is carried out by the method `drain`, if the client has one: `dequeue` may
    find nothing although another client still holds an element, and raise `Failed`; `drain` says for certain.

    What the method returns is the result, see `told`; `model` is the model of the system. The method raises `Failed` if
    the operation certainly did not happen. Raises whatever the client raises, and `TypeError` for a result that says
    nothing about how the operation ended.
    """
    if (invoke := getattr(client, "invoke", None)) is not None:
        done = invoke(operation)
        if not isinstance(done, Complete) or done.type not in ENDS or not isinstance(done.error, str | None):
            raise TypeError(
                f"invoke returned {done!r:.100}; expected Complete('ok', value, None), or 'fail' or 'info' with a text"
            )
        return _ok("invoke", operation, done.value, model) if done.type == "ok" else done
    name = operation.f.replace("-", "_")
    if operation.final and name == "dequeue" and hasattr(client, "drain"):
        name = "drain"
    method = getattr(client, name, None)
    if method is None:
        raise AttributeError(
            f"the client has neither invoke nor {name}, and functions says that it knows {operation.f!r}"
        )
    value = operation.value
    arguments = [] if value is None else value if operation.f == "cas" else [value]
    try:
        result = method(operation.key, *arguments)
    except Failed as error:
        return Complete("fail", None, str(error))
    return _ok(name, operation, result, model)


def _ok(method: str, operation: Operation, result: Any, model: str) -> Complete:
    try:
        return Complete("ok", told(operation, result, model), None)
    except BadResult:
        if method == "invoke":
            wrong, right = f"Complete('ok', False) for a {operation.f}", "return Complete('ok', None, None), or 'fail'"
        else:
            wrong, right = "False", "return nothing, or to raise Failed"
        raise TypeError(f"{method} returned {wrong}; expected it to {right} if it certainly did not happen") from None


def told(operation: Operation, result: Any, model: str = "") -> Any:
    """The result of an operation that was `ok` and for which a client told this result.

    The result of a change is its argument, whatever the client told; under `VERSIONED` the client may tell the version.
    Raises `BadResult` for a change whose result is False: counted as `ok`, it would be a change that nobody made.
    """
    if operation.f == "add":
        # It may say whether the element is new.
        return operation.value if result is None else result
    if operation.f not in CHANGES:
        return result
    if result is False:
        raise BadResult
    return result if model == VERSIONED and result is not None else operation.value


@dataclass(frozen=True, kw_only=True)
class Program(Service):
    """A system of ordinary processes: how to start one, how to tell that it serves, and how to talk to it."""

    command: Callable[[ProgramNode, ProgramCluster], Sequence[str]]
    """`command(node, cluster)` is the argv that starts this node, the same at every start.

    The process stays in the foreground. It must survive SIGKILL at any moment: the next start finds the data folder as
    the last one left it. Whatever it starts is killed with it, daemons too.
    """

    client: Callable[[ProgramNode, ProgramCluster], Any] | None = None
    """`client(node, cluster)` makes the `ProgramClient` of one process, which should talk to this node first.

    An `OSError` says that there is no connection: the operation that needs it ends `fail`.
    """

    client_command: Callable[[ProgramNode, ProgramCluster], Sequence[str] | None] = lambda node, cluster: None
    """`client_command(node, cluster)` is the argv of a client that speaks JSON lines, in any language. None: `client`
    makes the clients."""

    ready: Callable[[ProgramNode, ProgramCluster], bool]
    """`ready(node, cluster)` tells whether this node serves clients yet.

    It is asked again until it says yes, in the node's own network, so that no fault is in the way. It returns False,
    and does not raise, while the node does not listen.
    """

    ports: Mapping[str, int] | Callable[[Any], Mapping[str, int]] = field(default_factory=lambda: {"client": 8000})
    """The TCP ports that each node listens on, by name. All nodes may have the same: each has its own address.

    It may be a function of the parameters. Read it through `ports_of`.
    """

    environment: Callable[[ProgramNode, ProgramCluster], Mapping[str, str]] = lambda node, cluster: {}
    """`environment(node, cluster)` is what is added to the environment of the process."""

    folder: Callable[[ProgramNode, ProgramCluster], Path] = lambda node, cluster: node.data
    """`folder(node, cluster)` is the working directory of the process. By default, the node's data folder."""

    leader: Callable[[ProgramCluster], str | None] | None = None
    """`leader(cluster)` is the name of the node that leads now, or None while none does.

    Faults that hit the leader need it. Leave it out for a program without a leader.
    """

    servers: tuple[Server, ...] | Callable[[Any], tuple[Server, ...]] = ()
    """What must be installed. A plan is refused where something is missing, with the command that installs it.

    The first one is the server whose version counts. It may be a function of the parameters. Read it through
    `servers_of`.
    """

    members: Callable[[ProgramCluster], frozenset[str]] | None = None
    """`members(cluster)` are the names of the nodes that are members now. Leave it out if they never change."""

    @property
    def has_leader(self) -> bool:
        return self.leader is not None

    def ports_of(self, parameters: Any) -> Mapping[str, int]:
        """The ports of a cluster with these parameters, by name."""
        return self.ports(parameters) if callable(self.ports) else self.ports

    def servers_of(self, parameters: Any) -> tuple[Server, ...]:
        """What must be installed for a cluster with these parameters."""
        return self.servers(parameters) if callable(self.servers) else self.servers
