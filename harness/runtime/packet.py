"""Messages on their way. Each is written as JSON and parsed again, even if all nodes are inline.

So a sender and a receiver never share an object, and an inline node gets the same message as a node in a process.

Many messages are equal: one proposal goes to every replica, and every replica sends the same vote. If a message cannot
be changed, its equal copies share one parsed object. In a steady RSL cluster those are three messages of four.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from clew.systems.node import Reply

_encode = msgspec.json.Encoder().encode

Packet = tuple[Any, bytes]
"""A message as its receiver gets it, and its JSON."""

KEPT_MOST = 1024
"""How many packets are remembered. Equal messages are sent within moments of each other, so few are enough."""


class Packets:
    """Makes the packets of one run. `messages` is the union of the message structs of the system."""

    def __init__(self, messages: Any) -> None:
        self._decode = msgspec.json.Decoder(messages).decode
        self._frozen = shareable(messages)
        self._frozen_if_hashable = shareable(messages, with_any=True)
        self._packets: dict[bytes, Packet] = {}

    def pack(self, message: Any) -> Packet:
        """The message as its receiver gets it, and its JSON.

        Raises `msgspec.MsgspecError` or `TypeError` for an object that is not a message of the system.
        """
        body = _encode(message)
        packet = self._packets.get(body)
        if packet is None:
            packet = parsed, body = self._decode(body), body
            kind = type(message)
            if kind in self._frozen or (kind in self._frozen_if_hashable and _hashable(parsed)):
                if len(self._packets) == KEPT_MOST:
                    self._packets.clear()
                self._packets[body] = packet
        return packet


def _hashable(parsed: Any) -> bool:
    try:
        hash(parsed)
    except TypeError:
        return False
    return True


@cache
def replies(messages: Any) -> frozenset[type]:
    """The types of messages that are a `Reply`. (To ask with `isinstance` costs as much as half of a step.)"""
    return frozenset(member.cls for member in _members(messages) if issubclass(member.cls, Reply))


@cache
def shareable(messages: Any, *, with_any: bool = False) -> frozenset[type]:
    """The types of messages that cannot be changed once they are parsed: frozen all the way down.

    A field of type `Any` may hold a list, so a message with such a field does not count. `with_any`: those too of which
    no other field can be changed. If such a message holds a list or a dictionary, it has no hash.
    """
    plain = (*_PLAIN, inspect.AnyType) if with_any else _PLAIN
    return frozenset(member.cls for member in _members(messages) if _frozen(member, plain, ()))


@cache
def _members(messages: Any) -> list[inspect.StructType]:
    info = inspect.type_info(messages)
    members = info.types if isinstance(info, inspect.UnionType) else (info,)
    return [member for member in members if isinstance(member, inspect.StructType)]


_PLAIN = (inspect.NoneType, inspect.BoolType, inspect.IntType, inspect.FloatType, inspect.StrType, inspect.LiteralType)


def _frozen(info: inspect.Type, plain: tuple[type, ...], above: tuple[type, ...]) -> bool:
    match info:
        case inspect.Metadata():
            return _frozen(info.type, plain, above)
        case inspect.UnionType():
            return all(_frozen(member, plain, above) for member in info.types)
        case inspect.TupleType():
            return all(_frozen(item, plain, above) for item in info.item_types)
        case inspect.VarTupleType():
            return _frozen(info.item_type, plain, above)
        case inspect.NamedTupleType():
            return all(_frozen(field.type, plain, above) for field in info.fields)
        case inspect.StructType():
            # A struct that contains itself is as frozen as its other fields are. Without `eq`, its hash says nothing of
            # its fields.
            return info.cls in above or (
                info.cls.__struct_config__.frozen
                and info.cls.__struct_config__.eq
                and all(_frozen(field.type, plain, (*above, info.cls)) for field in info.fields)
            )
    return isinstance(info, plain)
