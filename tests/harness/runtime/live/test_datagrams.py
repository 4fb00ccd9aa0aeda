"""Many datagrams in one system call arrive as they were sent, each with its sender."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from clew.harness.runtime.live.protocols.datagrams import MOST, Receiver, Sender

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as other:
        for udp, address in ((one, "127.0.9.1"), (other, "127.0.9.2")):
            udp.bind((address, 0))
            udp.setblocking(False)
        yield one, other


def test_what_is_sent_arrives_in_order_with_the_address_of_its_sender(pair: Pair) -> None:
    one, other = pair
    sent = [b"%d" % number * (number + 1) for number in range(3 * MOST)]
    sender, receiver = Sender(one, {"other": other.getsockname()}), Receiver()
    assert sender.send([("other", datagram) for datagram in sent]) == []
    received = []
    while batch := receiver.receive(other.fileno()):
        assert len(batch) <= MOST
        received += batch
    assert received == [(datagram, socket.inet_aton("127.0.9.1")) for datagram in sent]


def test_the_largest_datagrams_fit(pair: Pair) -> None:
    one, other = pair
    sender, receiver = Sender(one, {"other": other.getsockname()}), Receiver()
    for _ in range(4):
        assert sender.send([("other", bytes(60_000))] * 5) == []
        while received := receiver.receive(other.fileno()):
            assert {len(data) for data, _ in received} == {60_000}


def test_what_cannot_be_sent_is_named_and_the_rest_is_sent(pair: Pair) -> None:
    one, other = pair
    sender, receiver = Sender(one, {"other": other.getsockname(), "nowhere": ("255.255.255.255", 9)}), Receiver()
    failed = sender.send([("other", b"1"), ("nowhere", b"2"), ("other", b"3"), ("other", bytes(65_530))])
    assert [place for place, _ in failed] == [1, 3]
    assert [why for _, why in failed] == ["Permission denied", "Message too long"]
    assert [data for data, _ in receiver.receive(other.fileno())] == [b"1", b"3"]


def test_nothing_to_receive_is_no_error(pair: Pair) -> None:
    assert Receiver().receive(pair[0].fileno()) == []
