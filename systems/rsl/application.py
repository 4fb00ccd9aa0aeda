"""What is replicated: a deterministic state machine behind the specification's interface (AppStateMachine.s.dfy).

    initialize() ─> handle_request(request) -> reply, ... ─> serialize() -> text ─> deserialize(text)

A request says which application it is for by its type; one that is for another is refused, the same way on every
replica. `counter` and `kv` are the two there are.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import msgspec

from clew.histories import MISMATCH

Key = int | str
Value = TypeVar("Value")

NOT_MINE = "the application does not know this request"


class AppReply(msgspec.Struct, frozen=True, gc=False, array_like=True, omit_defaults=True):
    """What the application answers: a value, or why it did nothing."""

    value: int | str | tuple[str | None, str] | None = None
    error: str | None = None


class Application(Protocol):
    """The state of one replica's copy. The same requests in the same order make the same state and the same replies."""

    @classmethod
    def initialize(cls) -> Self:
        """The state before the first request."""

    def handle_request(self, request: Any) -> AppReply:
        """Apply one request. Never raises: a request that makes no sense is answered with an error."""

    def serialize(self) -> str:
        """The whole state as text."""

    @classmethod
    def deserialize(cls, text: str) -> Self:
        """The state that was serialized; raises `ValueError` if the text is not one."""


class Read(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="read"):
    """The counter's value."""

    key: Key


class Add(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="add-and-get"):
    """Add to the counter; the reply is the new value."""

    key: Key
    amount: int


class Keyed(Generic[Value]):
    """A value for each key. As text it is pairs: JSON objects do not know numbers as keys."""

    _pairs: ClassVar[Any]
    """What the text holds, as a type."""

    def __init__(self, values: dict[Key, Value]) -> None:
        self._values = values

    @classmethod
    def initialize(cls) -> Self:
        """No keys."""
        return cls({})

    def serialize(self) -> str:
        """See `Application.serialize`."""
        return msgspec.json.encode(list(self._values.items())).decode()

    @classmethod
    def deserialize(cls, text: str) -> Self:
        """See `Application.deserialize`."""
        return cls(dict(msgspec.json.decode(text, type=cls._pairs)))


class Counter(Keyed[int]):
    """The counter of IronFleet's IronRSLCounter service, one for each key: an increment returns the new value.

    All are at zero in the beginning. No two increments of an intact counter return the same, and none is skipped:
    whatever is lost or done twice shows.
    """

    _pairs = list[tuple[Key, int]]

    def handle_request(self, request: Any) -> AppReply:
        """Add or read."""
        kind = type(request)
        if kind is Add:
            value = self._values[request.key] = self._values.get(request.key, 0) + request.amount
            return AppReply(value)
        if kind is Read:
            return AppReply(self._values.get(request.key, 0))
        return AppReply(error=NOT_MINE)


class Get(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="get"):
    """The value of a key, None if it is absent."""

    key: Key


class Put(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="put"):
    """Set the value of a key."""

    key: Key
    value: str


class Cas(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="cas"):
    """Set the value of a key to `new` if it is `old` (None: absent), else do nothing and say `mismatch`."""

    key: Key
    old: str | None
    new: str


class Delete(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="delete"):
    """Make a key absent."""

    key: Key


class KeyValue(Keyed[str]):
    """A map from keys to strings."""

    _pairs = list[tuple[Key, str]]

    def handle_request(self, request: Any) -> AppReply:
        """Get, put, compare and set, or delete."""
        kind = type(request)
        if kind is Get:
            return AppReply(self._values.get(request.key))
        if kind is Put:
            self._values[request.key] = request.value
            return AppReply(request.value)
        if kind is Cas:
            if self._values.get(request.key) != request.old:
                return AppReply(error=MISMATCH)
            self._values[request.key] = request.new
            return AppReply((request.old, request.new))
        if kind is Delete:
            self._values.pop(request.key, None)
            return AppReply()
        return AppReply(error=NOT_MINE)


AppRequest = Read | Add | Get | Put | Cas | Delete
"""The requests of all applications."""
