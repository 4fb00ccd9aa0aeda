"""A client of NATS KV, on `nats-py`, the library of NATS itself.

The library is asynchronous: each client has an event loop of its own, which runs while an operation is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import nats
from nats.aio.client import Client
from nats.errors import Error
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError, NoStreamResponseError
from nats.js.kv import KeyValue

from clew.systems.database import ANSWER_WITHIN
from clew.systems.nats import BUCKET, replicas
from clew.systems.program import Failed, ProgramCluster, ProgramNode
from clew.systems.stored import decoded, encoded

T = TypeVar("T")


class NatsClient:
    """One client. It talks to its own node alone, and connects again by itself after the node was down."""

    def __init__(self, node: ProgramNode, cluster: ProgramCluster) -> None:
        self._node = node
        self._timeout = cluster.timeout
        self._direct: bool = cluster.parameters.direct
        self._counts = cluster.parameters.object == "counter"
        self._loop = asyncio.new_event_loop()
        self._nats: Client | None = None
        self._open: asyncio.Task[Any] | None = None
        self._run(self._bucket())

    def read(self, key: Any) -> Any:
        """What a key holds."""
        try:
            value, _ = self._held(key)
        except (Error, OSError) as error:
            # A read changes nothing.
            raise Failed(said(error)) from error
        return 0 if self._counts and value is None else value

    get = read

    def write(self, key: Any, value: Any) -> None:
        """Set a key."""
        self._change(key, encoded(value), None)

    put = write

    def delete(self, key: Any) -> None:
        """Remove a key."""
        self._change(key, None, None)

    def cas(self, key: Any, old: Any, new: Any) -> None:
        """Set a key that holds `old`: read it, and set it if its revision is still the one that was read."""
        try:
            value, revision = self._held(key)
        except (Error, OSError) as error:
            raise Failed(said(error)) from error
        if encoded(value) != encoded(old):
            raise Failed("mismatch")
        if not self._change(key, encoded(new), revision):
            # The key has changed, perhaps to the same value: that says nothing about what it holds.
            raise Failed("changed meanwhile")

    def add_and_get(self, key: Any, amount: int) -> int:
        """Add to a count: read it, and set it if nobody was faster, until nobody was."""
        while True:
            try:
                value, revision = self._held(key)
            except (Error, OSError) as error:
                raise Failed(said(error)) from error
            count: int = (value or 0) + amount
            if self._change(key, encoded(count), revision):
                return count

    def close(self) -> None:
        """Close the connection."""
        if self._nats is not None and not self._nats.is_closed:
            self._run(self._nats.close())
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it to its end. Raises `ConnectionResetError` if the connection breaks before that."""
        self._open = self._loop.create_task(work)
        try:
            result: T = self._loop.run_until_complete(self._open)
        except asyncio.CancelledError:
            raise ConnectionResetError("connection lost") from None
        finally:
            self._open = None
        return result

    async def _lost(self) -> None:
        """The library would let an operation wait for an answer that cannot come."""
        if self._open is not None:
            self._open.cancel()

    async def _bucket(self) -> KeyValue:
        """The bucket, on a connection that is open. Raises `ConnectionError` if the node takes none."""
        if self._nats is None or not self._nats.is_connected:
            self._nats = await connected(self._node, self._timeout, self._lost)
        jetstream = self._nats.jetstream(timeout=self._timeout)
        # `key_value` would ask the leader for what is known: whether reads are direct.
        return KeyValue(name=BUCKET, stream=f"KV_{BUCKET}", pre=f"$KV.{BUCKET}.", js=jetstream, direct=self._direct)

    def _connect(self) -> KeyValue:
        try:
            return self._run(self._bucket())
        except OSError as error:
            raise Failed("no connection") from error

    def _held(self, key: Any) -> tuple[Any, int]:
        """The value of a key, and the revision that changed it last; None and 0 if there never was one."""
        bucket = self._connect()
        try:
            entry = self._run(bucket.get(str(key)))
        except KeyNotFoundError as error:
            # A key that was removed has a revision too.
            return None, error.entry.revision if error.entry is not None else 0
        return decoded(entry.value), entry.revision or 0

    def _change(self, key: Any, text: str | None, revision: int | None) -> bool:
        """Set or delete a key. With a revision only if that is its latest; tell whether it was.

        Raises `Failed` only if there was no connection, or if no node takes changes of the bucket.
        """
        bucket = self._connect()
        try:
            if text is None:
                self._run(bucket.delete(str(key), last=revision))
            elif revision is None:
                self._run(bucket.put(str(key), text.encode()))
            else:
                self._run(bucket.update(str(key), text.encode(), last=revision))
        except KeyWrongLastSequenceError:
            return False
        except NoStreamResponseError as error:
            raise Failed(said(error)) from error
        except Error as error:
            raise OSError(said(error)) from error
        return True


async def nothing() -> None:
    """Nobody needs to know that a connection is lost."""


async def connected(
    node: ProgramNode, timeout: float, lost: Callable[[], Coroutine[Any, Any, None]] = nothing
) -> Client:
    """A connection to a node, which does not come back by itself. Raises `ConnectionError` if the node takes none.

    `lost` is awaited when it breaks.
    """

    async def ignore(error: Exception) -> None:
        """The operation that needs the connection tells what has happened to it."""

    try:
        made = nats.connect(
            f"nats://{node.host}:{node.ports['client']}",
            allow_reconnect=False,
            connect_timeout=timeout,
            error_cb=ignore,
            disconnected_cb=lost,
        )
        # The library tries again and again to connect for the first time.
        return await asyncio.wait_for(made, min(timeout, ANSWER_WITHIN))
    except (Error, OSError) as error:
        raise ConnectionError(said(error)) from error


def make_bucket(node: ProgramNode, cluster: ProgramCluster) -> bool:
    """Make the bucket if the node is the first and there is none. Tell whether the bucket is there."""

    async def make() -> bool:
        client = await connected(node, ANSWER_WITHIN)
        try:
            jetstream = client.jetstream(timeout=ANSWER_WITHIN * 4)
            if node is cluster.nodes[0]:
                # The same request again changes nothing.
                await jetstream.create_key_value(
                    bucket=BUCKET, replicas=replicas(cluster), direct=cluster.parameters.direct
                )
            else:
                await jetstream.key_value(BUCKET)
        finally:
            await client.close()
        return True

    try:
        return asyncio.run(make())
    except (Error, OSError):
        return False


def said(error: BaseException) -> str:
    """What NATS or the library says, in one line."""
    return (str(error) or type(error).__name__).splitlines()[0].removeprefix("nats: ")[:200]
