"""The state machine that is replicated: a map from keys to strings, with a session for each client (section 8).

A leader may commit a command and crash before it answers. The client sends the command again, and a second entry in the
log has it. So the state machine remembers for each client the number of its last command, and the result. It runs a
number once, and repeats the result when the number comes again.
"""

from __future__ import annotations

from typing import Any

import msgspec

from clew.histories import MISMATCH
from clew.systems.raft.messages import Command, Key


class Session(msgspec.Struct, frozen=True, array_like=True):
    """The last command of a client that ran, and how."""

    id: int
    value: Any
    error: str | None
    index: int
    """The place of the log at which it ran."""


class Store:
    """The state of one server. The same entries in the same order lead to the same state and the same results."""

    def __init__(self) -> None:
        self._values: dict[Key, str] = {}
        self._sessions: dict[str, Session] = {}

    def get(self, key: Key) -> str | None:
        """The value of a key; None if it is absent."""
        return self._values.get(key)

    def session(self, client: str) -> Session | None:
        """The client's last command that ran; None if it had none."""
        return self._sessions.get(client)

    def apply(self, index: int, command: Command) -> Session:
        """Run the command of an entry, unless it ran before. Returns the session of its client after that."""
        last = self._sessions.get(command.client)
        if last is None or command.id > last.id:
            value, error = self._run(command)
            last = self._sessions[command.client] = Session(command.id, value, error, index)
        return last

    def _run(self, command: Command) -> tuple[Any, str | None]:
        key, value = command.key, command.value
        if command.f == "put":
            self._values[key] = value
        elif command.f == "delete":
            self._values.pop(key, None)
        elif command.f == "cas":
            old, new = value
            if self._values.get(key) != old:
                return None, MISMATCH
            self._values[key] = new
        else:
            return None, f"the store does not know {command.f}"
        return value, None

    def serialize(self) -> str:
        """The whole state as text."""
        return msgspec.json.encode((list(self._values.items()), list(self._sessions.items()))).decode()

    @classmethod
    def deserialize(cls, text: str) -> Store:
        """The state that `serialize` made this text of."""
        store = cls()
        values, sessions = msgspec.json.decode(text, type=tuple[list[tuple[Key, str]], list[tuple[str, Session]]])
        store._values, store._sessions = dict(values), dict(sessions)
        return store
