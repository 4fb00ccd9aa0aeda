"""Messages on their way. Each is written as JSON and parsed again, even if all nodes are inline.

So a sender and a receiver never share an object, and an inline node gets the same message as a node in a process.

Many messages are equal: one proposal goes to every replica, and every replica sends the same vote. If a message cannot
be changed, its equal copies share one parsed object. In a steady RSL cluster those are three messages of four.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect

from clew.systems.node import Reply

_encode = msgspec.json.Encoder().encode

KEPT_MOST = 1024
"""How many parsed messages are remembered. Equal messages are sent within moments of each other, so few are enough."""


class Packets:
    """Makes the packets of one run. `messages` is the union of the message structs of the system."""

    def __init__(self, messages: Any) -> None:
        self._decode = msgspec.json.Decoder(messages).decode
        self._shared = shareable(messages)
        self._parsed: dict[bytes, Any] = {}

    def pack(self, message: Any) -> tuple[Any, bytes]:
        """The message as its receiver gets it, and its JSON.

        Raises `msgspec.MsgspecError` or `TypeError` for an object that is not a message of the system.
        """
        body = _encode(message)
        if type(message) not in self._shared:
            return self._decode(body), body
        parsed = self._parsed.get(body)
        if parsed is None:
            if len(self._parsed) == KEPT_MOST:
                self._parsed.clear()
            parsed = self._parsed[body] = self._decode(body)
        return parsed, body


def replies(messages: Any) -> frozenset[type]:
    """The types of messages that are a `Reply`. (To ask with `isinstance` costs as much as half of a step.)"""
    return frozenset(member.cls for member in _members(messages) if issubclass(member.cls, Reply))


def shareable(messages: Any) -> frozenset[type]:
    """The types of messages that cannot be changed once they are parsed: frozen all the way down.

    A field of type `Any` may hold a list, so a message with such a field does not count.
    """
    return frozenset(member.cls for member in _members(messages) if _frozen(member, ()))


def _members(messages: Any) -> list[inspect.StructType]:
    info = inspect.type_info(messages)
    members = info.types if isinstance(info, inspect.UnionType) else (info,)
    return [member for member in members if isinstance(member, inspect.StructType)]


_PLAIN = (inspect.NoneType, inspect.BoolType, inspect.IntType, inspect.FloatType, inspect.StrType, inspect.LiteralType)


def _frozen(info: inspect.Type, above: tuple[type, ...]) -> bool:
    match info:
        case inspect.Metadata():
            return _frozen(info.type, above)
        case inspect.UnionType():
            return all(_frozen(member, above) for member in info.types)
        case inspect.TupleType():
            return all(_frozen(item, above) for item in info.item_types)
        case inspect.VarTupleType():
            return _frozen(info.item_type, above)
        case inspect.NamedTupleType():
            return all(_frozen(field.type, above) for field in info.fields)
        case inspect.StructType():
            # A struct that contains itself is as frozen as its other fields are.
            return info.cls in above or (
                info.cls.__struct_config__.frozen
                and all(_frozen(field.type, (*above, info.cls)) for field in info.fields)
            )
    return isinstance(info, _PLAIN)
