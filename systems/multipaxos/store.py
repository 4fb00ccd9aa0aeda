"""The state machine: a map from keys to texts, and the last command of each client.

A request may come again when its command has run: it was copied, or its client got no answer. The store knows that, and
the result. So a command runs once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from clew.histories import MISMATCH
from clew.systems.multipaxos.messages import Command, Key


class Ran(NamedTuple):
    """The last command of a client that ran, and its result."""

    id: int
    value: Any
    error: str | None


class Store:
    """The state of one replica. The same commands in the same order lead to the same state and the same results."""

    def __init__(self) -> None:
        self._values: dict[Key, str] = {}
        self._last: dict[str, Ran] = {}

    def get(self, key: Key) -> str | None:
        """The value of a key; None if it is absent."""
        return self._values.get(key)

    def last(self, client: str) -> Ran | None:
        """The client's last command that ran; None if it had none."""
        return self._last.get(client)

    def run(self, command: Command) -> Ran:
        """Run a command, unless it or a later one of its client ran before. Returns the client's last one."""
        last = self._last.get(command.client)
        if last is None or command.id > last.id:
            last = self._last[command.client] = Ran(command.id, *self._execute(command))
        return last

    def _execute(self, command: Command) -> tuple[Any, str | None]:
        key, value = command.key, command.value
        if command.f == "get":
            return self._values.get(key), None
        if command.f == "delete":
            self._values.pop(key, None)
        elif command.f == "put":
            self._values[key] = value
        elif command.f == "cas":
            old, new = value
            if self._values.get(key) != old:
                return value, MISMATCH
            self._values[key] = new
        else:
            return None, f"the store does not know {command.f}"
        return value, None
