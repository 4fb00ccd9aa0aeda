"""A client of RabbitMQ, on `amqp`, the library under Celery. Every wait of it ends: a broker may be silent for long.

    enqueue    publish ── confirm
    dequeue    get ── acknowledge ── publish a mark that expires at once ── confirm

A broker does not answer an acknowledgement. The mark makes it certain: it is in the queue after the acknowledgement, so
when the mark is confirmed, the queue has both.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from amqp import Channel, Connection, Message
from amqp.exceptions import AMQPError, MessageNacked

from clew.systems.program import Failed, ProgramCluster, ProgramNode
from clew.systems.rabbitmq import PREFIX

T = TypeVar("T")
KINDS = {"classic": "classic", "mirrored": "classic", "quorum": "quorum"}
"""What the broker calls each kind of queue. A policy makes the mirrors."""
PERSISTENT = 2
MARK = ""
"""The body of a mark. No element has an empty body."""


class RabbitClient:
    """One client. It talks to its own node alone, and connects again after the connection broke."""

    def __init__(self, node: ProgramNode, cluster: ProgramCluster) -> None:
        self._place = f"{node.host}:{node.ports['client']}"
        # A dequeue waits twice, and shall end before the harness gives it up.
        self._wait = cluster.timeout * 0.4
        self._kind = KINDS[cluster.parameters.queue]
        self._confirms: bool = cluster.parameters.confirms
        self._connection: Connection | None = None
        self._declared: set[str] = set()
        self._open()

    def enqueue(self, key: Any, value: Any) -> None:
        """Put an element into a queue."""
        queue = self._queue(key)
        message = Message(json.dumps(value), delivery_mode=PERSISTENT)
        if self._confirms:
            self._sent(lambda: self._publish(queue, message))
        else:
            self._sent(lambda: self._hasty.basic_publish(message, exchange="", routing_key=queue))

    def dequeue(self, key: Any) -> Any:
        """Take an element.

        If there is none to be had, that says nothing: another client may hold one that it has not acknowledged.
        """
        value = self._take(key)
        if value is None:
            raise Failed("empty")
        return value

    def drain(self, key: Any) -> Any:
        """Take an element; None if the queue is empty. Nobody holds elements: all is healed, and waits are over."""
        return self._take(key)

    def close(self) -> None:
        """Drop the connection. The broker then gives to others what was not acknowledged."""
        if self._connection is not None:
            self._connection.collect()
            self._connection = None

    def _open(self) -> None:
        """Connect. Raises `OSError` if the node takes no connection."""
        self._declared.clear()
        connection = Connection(
            self._place,
            connect_timeout=self._wait,
            read_timeout=self._wait,
            write_timeout=self._wait,
            confirm_publish=True,
        )
        try:
            connection.connect()
            self._careful: Channel = connection.channel()
            # On a channel with confirms, those that nobody waited for would be taken for later ones.
            connection.confirm_publish = False
            self._hasty: Channel = connection.channel()
        except (AMQPError, OSError) as error:
            connection.collect()
            raise ConnectionError(said(error)) from error
        self._connection = connection

    def _queue(self, key: Any) -> str:
        """The name of a queue that is there. Raises `Failed` if there is no connection, or the queue cannot be had."""
        name = f"{PREFIX}{key}"
        try:
            if self._connection is None:
                self._open()
            if name not in self._declared:
                asked = {"x-queue-type": self._kind}
                self._careful.queue_declare(name, durable=True, auto_delete=False, arguments=asked)
                self._declared.add(name)
        except (AMQPError, OSError) as error:
            self.close()
            raise Failed(f"no connection: {said(error)}") from error
        return name

    def _publish(self, queue: str, message: Message) -> None:
        """Publish a message and wait until the broker confirms it."""
        self._careful.basic_publish_confirm(message, exchange="", routing_key=queue, confirm_timeout=self._wait)

    def _sent(self, call: Callable[[], T]) -> T:
        """Make a call that may have changed something, if it fails. Raises `OSError` then."""
        try:
            return call()
        except (AMQPError, MessageNacked, OSError) as error:
            self.close()
            raise OSError(said(error)) from error

    def _take(self, key: Any) -> Any:
        """Take the first element that is no mark. None: nothing is there to be had.

        Raises `Failed` before an acknowledgement was sent: the broker then gives the element to others.
        """
        queue = self._queue(key)
        while True:
            try:
                found = self._careful.basic_get(queue)
            except (AMQPError, OSError) as error:
                self.close()
                raise Failed(said(error)) from error
            if found is None:
                return None
            body = found.body.decode() if isinstance(found.body, bytes) else found.body
            self._sent(lambda tag=found.delivery_tag: self._careful.basic_ack(tag))  # type: ignore[misc]
            if body != MARK:
                self._sent(lambda: self._publish(queue, Message(MARK, delivery_mode=PERSISTENT, expiration="0")))
                return json.loads(body)


def said(error: Exception) -> str:
    """What the broker or the library says, in one line."""
    return (str(error) or type(error).__name__).strip().splitlines()[0][:200]
