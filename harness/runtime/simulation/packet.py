"""A message on its way, by way of JSON even if the nodes are inline: nobody shares an object with a message that has
left, and what arrives is the same as with nodes in processes.

Most of what is said is said to all, or by all: a proposal to each replica, each replica's vote for it, each replica's
reply. Where the bytes are the same and nothing in the message can be changed, it is parsed once, and they share the
parsed one. In a steady RSL cluster that is three messages of four.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect

from clew.systems.node import Reply

_encode = msgspec.json.Encoder().encode

KEPT_MOST = 1024
"""Parsed messages that are remembered; copies of a message leave within moments of each other."""


class Packets:
    """Makes packets of the messages of one run; `messages` are the types there are, a union of tagged structs."""

    def __init__(self, messages: Any) -> None:
        self._decode = msgspec.json.Decoder(messages).decode
        self._shared = shareable(messages)
        self._parsed: dict[bytes, Any] = {}

    def pack(self, message: Any) -> tuple[Any, bytes]:
        """The message as its receiver gets it, and its JSON.

        Raises `msgspec.MsgspecError` or `TypeError` for what is no message of the system.
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
    """Those of the types of messages that are a `Reply`. (`isinstance` of a struct costs as much as half a step.)"""
    return frozenset(member.cls for member in _members(messages) if issubclass(member.cls, Reply))


def shareable(messages: Any) -> frozenset[type]:
    """Those of the types of messages whose parsed values nobody can change: frozen all the way down.

    A field of type `Any` may hold a list, so a message with such a field is not one of them.
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
            # A struct within itself is as frozen as it is elsewhere.
            return info.cls in above or (
                info.cls.__struct_config__.frozen
                and all(_frozen(field.type, (*above, info.cls)) for field in info.fields)
            )
    return isinstance(info, _PLAIN)
