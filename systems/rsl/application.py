"""What is replicated: a deterministic state machine with the specification's interface (AppStateMachine.s.dfy).

    initialize() ─> handle_request(request) -> reply, ... ─> serialize() -> text ─> deserialize(text)

There are two applications, `counter` and `kv`. The type of a request says which one it is for. An application refuses
the other's requests, in the same way on every replica.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import msgspec

from clew.histories import MISMATCH

Key = int | str
Value = TypeVar("Value")

NOT_MINE = "the application does not know this request"


class AppReply(msgspec.Struct, frozen=True, gc=False, array_like=True, omit_defaults=True):
    """The application's answer to a request."""

    value: int | str | tuple[str | None, str] | None = None
    """The result. A compare-and-set returns its pair."""
    error: str | None = None
    """Why the request changed nothing. None if it succeeded."""


class Application(Protocol):
    """The state of one replica. The same requests in the same order lead to the same state and the same replies."""

    @classmethod
    def initialize(cls) -> Self:
        """The state before the first request."""

    def handle_request(self, request: Any) -> AppReply:
        """Apply one request. It never raises: a request that makes no sense gets an error as its reply."""

    def serialize(self) -> str:
        """The whole state as text."""

    @classmethod
    def deserialize(cls, text: str) -> Self:
        """The state that `serialize` made this text of. Raises `ValueError` for any other text."""


class Read(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="read"):
    """Return the value of a counter."""

    key: Key


class Add(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="add-and-get"):
    """Add to a counter, and return its new value."""

    key: Key
    amount: int


class Keyed(Generic[Value]):
    """A value for each key. Its text is a list of pairs: a key can be a number, but not in a JSON object."""

    _pairs: ClassVar[Any]
    """The type of that list."""

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
    """The counter of IronFleet's IronRSLCounter service, one for each key. All begin at zero.

    An increment returns the new value. So an increment that is lost or done twice shows: two increments return the same
    value, or a value is left out.
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
    """Return the value of a key: None if it is absent."""

    key: Key


class Put(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="put"):
    """Set the value of a key."""

    key: Key
    value: str


class Cas(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="cas"):
    """Set the value of a key to `new` if it is `old`. Otherwise do nothing: the error is `mismatch`."""

    key: Key
    old: str | None
    """None: the key is absent."""
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
