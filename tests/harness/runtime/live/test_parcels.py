"""Messages to one host share a datagram, and come out of it as they went in."""

from __future__ import annotations

import msgspec
import pytest

from clew.harness.plan.schema import AS_THEY_COME
from clew.harness.runtime.live.protocols.node_wire import MESSAGE_ID, Setup
from clew.harness.runtime.live.protocols.parcels import PARCEL_BYTES_MAX, Message, NoParcel, Parcels

SETUP = Setup(
    system="",
    variant=None,
    parameters=msgspec.Raw(b"{}"),
    network=AS_THEY_COME,
    nodes=("n1", "n2"),
    clients=("c0", "c1"),
    addresses={},
    data="",
    seed=0,
    enters={},
    recorded=frozenset(),
    journal=False,
)
N1, N2, C0, C1 = range(4)


def message(id: int, destination: int, body: bytes = b"{}", source: int = N1) -> Message:
    return id, source, destination, body


def test_messages_to_one_process_share_a_datagram_in_their_order() -> None:
    parcels = Parcels(SETUP)
    sent = [message(7, C1), message(8, N2), message(9, C0, b"[]"), message(10, C1)]
    packed = dict(parcels.pack(sent))
    assert list(packed) == ["c0", "n2"], "the first client receives for all clients"
    assert parcels.opened(packed["c0"]) == [sent[0], *sent[2:]]
    assert parcels.opened(packed["n2"]) == [sent[1]]


def test_a_datagram_begins_with_the_id_of_its_first_message() -> None:
    ((_, datagram),) = Parcels(SETUP).pack([message(1 << 60, N2), message(3, N2)])
    assert MESSAGE_ID.unpack_from(datagram) == (1 << 60,)


def test_between_namespaces_every_message_has_its_own_datagram() -> None:
    parcels = Parcels(msgspec.structs.replace(SETUP, network=None))
    sent = [message(1, C1), message(2, N2), message(3, C0), message(4, C1)]
    packed = parcels.pack(sent)
    assert [name for name, _ in packed] == ["c1", "n2", "c0", "c1"]
    assert [parcels.opened(datagram) for _, datagram in packed] == [[one] for one in sent]


def test_what_does_not_fit_into_one_datagram_goes_in_several() -> None:
    parcels = Parcels(SETUP)
    sizes = (30_000, 30_000, 30_000, 60_000, 5, 6, *[1] * 3000)
    sent = [message((1 << 63) + number, N2, bytes(size)) for number, size in enumerate(sizes)]
    packed = parcels.pack(sent)
    assert all(name == "n2" and len(datagram) <= PARCEL_BYTES_MAX for name, datagram in packed)
    assert 4 <= len(packed) <= 6
    assert [one for _, datagram in packed for one in parcels.opened(datagram)] == sent


@pytest.mark.parametrize(
    "messages",
    [
        [message(1, 4)],
        [message(1, N2), message(2, N2, source=4)],
        [message(1, -1)],
        [(1, N1, N2)],
        [(1, N1, N2, "text")],
    ],
)
def test_messages_of_another_run_are_refused(messages: list[Message]) -> None:
    parcels = Parcels(SETUP)
    with pytest.raises(NoParcel):
        parcels.opened(parcels.box(messages))


@pytest.mark.parametrize("data", [b"", b"hello", b"hello, world", bytes(8)])
def test_garbage_is_no_parcel(data: bytes) -> None:
    with pytest.raises(NoParcel):
        Parcels(SETUP).opened(data)


def test_half_a_parcel_is_none() -> None:
    parcels = Parcels(SETUP)
    whole = parcels.box([message(1, N2), message(2, C1)])
    for end in range(len(whole)):
        with pytest.raises(NoParcel):
            parcels.opened(whole[:end])
