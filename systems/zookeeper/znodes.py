"""Sessions with ZooKeeper, where keys lie in its tree, and what errors say."""

from __future__ import annotations

from typing import Any

from kazoo.client import KazooClient
from kazoo.retry import KazooRetry

from clew.systems.program import ProgramNode

RECONNECT_AFTER = 0.05
"""Seconds between two attempts to connect."""


def session(node: ProgramNode, seconds: float) -> KazooClient:
    """A session with one node that nobody has started yet. It ends after so many seconds without a connection."""
    forever = KazooRetry(max_tries=-1, delay=RECONNECT_AFTER, backoff=1, max_jitter=0)
    return KazooClient(hosts=f"{node.host}:{node.ports['client']}", timeout=seconds, connection_retry=forever)


def path(key: Any) -> str:
    """The znode of a key."""
    return f"/{key}"


def said(error: BaseException) -> str:
    """What ZooKeeper or the library says, in one line."""
    return (str(error) or type(error).__name__).strip().splitlines()[0][:200]
