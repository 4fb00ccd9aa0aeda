"""A client of Redis, on `redis`, the library of Redis itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as NoAnswer
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from clew.systems.program import Failed, ProgramCluster, ProgramNode
from clew.systems.redis import MASTER
from clew.systems.stored import decoded, encoded

SENTINEL_WITHIN = 0.3
"""Seconds that a Sentinel may take to name the primary. After that the client asks the next one."""
CAS = """
local held = redis.call('GET', KEYS[1])
if ARGV[1] == '' then
  if held then return 0 end
elseif held ~= ARGV[1] then
  return 0
end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2]) end
return 1
"""
"""A compare-and-set. A script runs alone on its server. An empty argument stands for a key that is absent."""


class RedisClient:
    """One client. It writes at the primary, and reads where the plan says."""

    def __init__(self, node: ProgramNode, cluster: ProgramCluster) -> None:
        parameters = cluster.parameters
        # The library would send a command again that had no answer. A change could then happen twice.
        once: dict[str, Any] = {"socket_timeout": cluster.timeout, "retry": Retry(NoBackoff(), 0)}
        own = Redis(node.host, node.ports["client"], **once)
        first = cluster.nodes[0]
        if parameters.sentinel:
            # The node's own Sentinel comes first: it is on the client's side of a partition.
            others = [other for other in cluster.nodes if other is not node]
            sentinels = [(one.host, one.ports["sentinel"]) for one in (node, *others)]
            quick = {"socket_timeout": SENTINEL_WITHIN, "socket_connect_timeout": SENTINEL_WITHIN}
            found = Sentinel(sentinels, sentinel_kwargs={**quick, "retry": Retry(NoBackoff(), 0)})
            self._primary = found.master_for(MASTER, **once)
        else:
            self._primary = own if node is first else Redis(first.host, first.ports["client"], **once)
        self._reads = own if parameters.reads == "nearest" else self._primary
        self._own = own
        self._wait: int = parameters.wait
        self._timeout = cluster.timeout
        held = {"counter": self._count, "set": self._members, "list": self._elements}
        self._held: Callable[[str], Any] = held.get(parameters.object, self._value)

    def read(self, key: Any) -> Any:
        """What a key holds."""
        try:
            return self._held(str(key))
        except RedisError as error:
            # A read changes nothing.
            raise Failed(said(error)) from error

    get = read

    def write(self, key: Any, value: Any) -> None:
        """Set a key."""
        text = encoded(value)
        if text is None:
            self.delete(key)
        else:
            self._change(lambda: self._primary.set(str(key), text))

    put = write

    def delete(self, key: Any) -> None:
        """Remove a key."""
        self._change(lambda: self._primary.delete(str(key)))

    def cas(self, key: Any, old: Any, new: Any) -> None:
        """Set a key that holds `old`, in one script."""
        arguments = [encoded(old) or "", encoded(new) or ""]
        if not self._change(lambda: self._primary.eval(CAS, 1, str(key), *arguments)):
            raise Failed("mismatch")

    def add_and_get(self, key: Any, amount: int) -> int:
        """Add to a count."""
        return int(self._change(lambda: self._primary.incrby(str(key), amount)))

    def add(self, key: Any, value: Any) -> None:
        """Add an element to a set."""
        self._change(lambda: self._primary.sadd(str(key), json.dumps(value)))

    def append(self, key: Any, value: Any) -> None:
        """Append an element to a list."""
        self._change(lambda: self._primary.rpush(str(key), json.dumps(value)))

    def close(self) -> None:
        """Close the connections."""
        self._primary.close()
        self._own.close()

    def _value(self, key: str) -> Any:
        return decoded(self._reads.get(key))

    def _count(self, key: str) -> Any:
        return decoded(self._reads.get(key)) or 0

    def _members(self, key: str) -> Any:
        return sorted(map(decoded, self._reads.smembers(key)))

    def _elements(self, key: str) -> Any:
        return [decoded(text) for text in self._reads.lrange(key, 0, -1)]

    def _change(self, call: Callable[[], Any]) -> Any:
        """Make a call that changes something.

        Raises `Failed` only if there was no connection to send it on, or if the server says that it refuses.
        """
        pool = self._primary.connection_pool
        try:
            pool.release(pool.get_connection())
        except (NoConnection, NoAnswer, MasterNotFoundError) as error:
            raise Failed(f"no connection: {said(error)}") from error
        try:
            result = call()
        except ResponseError as error:
            raise Failed(said(error)) from error
        if self._wait:
            have = self._primary.wait(self._wait, int(self._timeout * 500))
            if have < self._wait:
                raise OSError(f"{have} of {self._wait} replicas have it")
        return result


def said(error: Exception) -> str:
    """What Redis or the library says, in one line."""
    if isinstance(error, MasterNotFoundError):
        return "no Sentinel names a primary"
    return (str(error) or type(error).__name__).splitlines()[0][:200]
