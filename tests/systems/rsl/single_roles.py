"""What tests of single roles need: constants, contexts, batches, and the messages that a step has sent."""

from __future__ import annotations

import random
from typing import Any

from clew.systems import Context
from clew.systems.node import Send
from clew.systems.rsl.application import Add
from clew.systems.rsl.parameters import Constants, Parameters, min_quorum_size
from clew.systems.rsl.types import Ballot, Request, RequestBatch

NODES = ("n1", "n2", "n3")
FIRST, SECOND, THIRD = Ballot(1, 0), Ballot(1, 1), Ballot(1, 2)


def constants(index: int = 0, nodes: tuple[str, ...] = NODES, **parameters: Any) -> Constants:
    return Constants(index, nodes, Parameters(**parameters), min_quorum_size(len(nodes)))


def context(name: str = "n1", disk: dict[str, bytes] | None = None, nodes: tuple[str, ...] = NODES) -> Context:
    return Context(name, nodes, random.Random(0), {} if disk is None else disk)


def batch(*seqnos: int, client: str = "c0") -> RequestBatch:
    return tuple(Request(client, seqno, Add(0, 1)) for seqno in seqnos)


def sent(ctx: Context) -> list[tuple[str, Any]]:
    """The destinations and messages sent since the last call."""
    return [(effect.destination, effect.message) for effect in ctx.take() if isinstance(effect, Send)]


def broadcast(message: Any) -> list[tuple[str, Any]]:
    return [(node, message) for node in NODES]
