"""Messages as objects and as JSON, for hosts and clients of live runs."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect

from clew.harness.runtime.packet import shareable

KEPT_MOST = 512
"""How many decoded messages are remembered. Equal messages are sent within moments of each other, so few are enough."""


class Messages:
    """Decodes the messages of one system (the union `Protocol.messages`). Equal ones share one object if it cannot be
    changed: every replica sends the same vote."""

    known: dict[bytes, Any]
    """The messages that are remembered, by their JSON. Look here before `decode`."""

    def __init__(self, messages: Any) -> None:
        self.known = {}
        self._decode = msgspec.json.Decoder(messages).decode
        self._shareable = shareable(messages)

    def decode(self, body: bytes) -> Any:
        """The message with this JSON. Raises one of `MALFORMED` if it is none."""
        message = self._decode(body)
        self._remember(body, message)
        return message

    def copy(self, message: Any, body: bytes) -> Any:
        """A message as its receiver should get it: an object of its own, unless it cannot be changed."""
        if type(message) not in self._shareable:
            return self._decode(body)
        self._remember(body, message)
        return message

    def _remember(self, body: bytes, message: Any) -> None:
        if type(message) in self._shareable:
            if len(self.known) >= KEPT_MOST:
                self.known.clear()
            self.known[body] = message


def message_types(messages: Any) -> dict[type, int]:
    """All message structs of a system (the union `Protocol.messages`), each with its place."""
    info = inspect.type_info(messages)
    members = info.types if isinstance(info, inspect.UnionType) else (info,)
    return {member.cls: place for place, member in enumerate(m for m in members if isinstance(m, inspect.StructType))}
