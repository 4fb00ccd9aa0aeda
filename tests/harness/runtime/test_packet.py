"""Messages that cannot be changed are parsed once, all others for each receiver."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import pytest

from clew.harness.runtime.packet import KEPT_MOST, Packets, shareable
from clew.systems import find_protocol


class Place(NamedTuple):
    row: int
    column: int | None


class Frozen(msgspec.Struct, frozen=True, tag="frozen"):
    places: tuple[Place, ...]
    inside: Frozen | None = None


class Listed(msgspec.Struct, frozen=True, tag="listed"):
    places: list[int]


class Anything(msgspec.Struct, frozen=True, tag="anything"):
    value: Any


class Unequal(msgspec.Struct, frozen=True, eq=False, tag="unequal"):
    value: Any


class Thawed(msgspec.Struct, tag="thawed"):
    number: int


class Around(msgspec.Struct, frozen=True, tag="around"):
    what: Thawed


Known = Frozen | Listed | Anything | Unequal | Thawed | Around


def test_only_what_is_frozen_all_the_way_down_is_shared() -> None:
    assert shareable(Known) == {Frozen}
    assert shareable(Known, with_any=True) == {Frozen, Anything}
    assert shareable(Frozen) == {Frozen}


@pytest.mark.parametrize("message", [Listed([1]), Anything([1]), Anything({"a": [1]}), Thawed(1), Around(Thawed(1))])
def test_what_can_be_changed_is_parsed_for_each_receiver(message: Any) -> None:
    packets = Packets(Known)
    (one, body), (other, again) = packets.pack(message), packets.pack(message)
    assert one == other == message
    assert one is not other
    assert body == again


def test_a_struct_with_a_hash_of_its_own_is_not_shared() -> None:
    packets = Packets(Known)
    assert packets.pack(Unequal([1]))[0] is not packets.pack(Unequal([1]))[0]


def test_what_could_hold_a_list_is_shared_if_it_holds_none() -> None:
    packets = Packets(Known)
    assert packets.pack(Anything("a"))[0] is packets.pack(Anything("a"))[0]
    assert type(packets.pack(Anything(1))[0].value) is int
    assert type(packets.pack(Anything(1.0))[0].value) is float, "equal to 1, but not the same JSON"


def test_equal_messages_share_what_is_parsed_and_others_do_not() -> None:
    packets = Packets(Known)
    message = Frozen((Place(1, None),), Frozen(()))
    one, body = packets.pack(message)
    assert one == message
    assert one is not message
    assert packets.pack(Frozen((Place(1, None),), Frozen(()))) == (one, body)
    assert packets.pack(Frozen((Place(1, None),), Frozen(())))[0] is one
    assert packets.pack(Frozen((Place(1, 2),)))[0] == Frozen((Place(1, 2),))


def test_no_more_messages_are_kept_than_said() -> None:
    packets = Packets(Known)
    for number in range(3 * KEPT_MOST):
        assert packets.pack(Frozen((Place(number, None),)))[0].places[0].row == number
        assert len(packets._packets) <= KEPT_MOST


def test_a_message_of_another_system_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        Packets(Frozen | Listed).pack(Thawed(1))


def test_what_is_said_most_in_rsl_is_shared() -> None:
    assert {"Message2a", "Message2b", "ReplyMessage"} <= {
        kind.__name__ for kind in shareable(find_protocol("rsl").messages)
    }
