"""Messages to one host share a datagram, and come out of it as they went in."""

from __future__ import annotations

import pytest

from clew.harness.runtime.live.protocols.parcels import HEAD, PARCEL_BYTES_MAX, NoParcel, opened, parcels

HOSTS = {"n1": "n1", "n2": "n2", "c0": "c0", "c1": "c0"}


def message(id: int, body: bytes = b"{}", source: int = 0, destination: int = 1) -> bytes:
    return HEAD.pack(id, source, destination, len(body)) + body


def test_messages_to_one_host_share_a_parcel_in_their_order() -> None:
    sent = [("c1", message(1)), ("n2", message(2)), ("c0", message(3, b"[]", 2, 3)), ("c1", message(4))]
    packed = dict(parcels(sent, HOSTS))
    assert packed == {"c0": sent[0][1] + sent[2][1] + sent[3][1], "n2": sent[1][1]}
    assert opened(packed["c0"], 4) == [(1, 0, 1, b"{}"), (3, 2, 3, b"[]"), (4, 0, 1, b"{}")]


def test_what_does_not_fit_into_one_datagram_goes_in_several() -> None:
    sent = [("n1", message(number, bytes(size))) for number, size in enumerate((30_000, 30_000, 30_000, 60_000, 5, 6))]
    packed = list(parcels(sent, HOSTS))
    assert all(host == "n1" and len(parcel) <= PARCEL_BYTES_MAX for host, parcel in packed)
    assert [[id for id, *_ in opened(parcel, 2)] for _, parcel in packed] == [[0, 1], [2], [3, 4, 5]]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        message(1)[:-1],
        message(1) + b"x",
        message(1) + message(2)[:-1],
        message(1, source=2),
        message(1, destination=2),
        message(1) + message(2, destination=0xFFFF),
    ],
)
def test_a_datagram_that_is_no_parcel_is_refused(data: bytes) -> None:
    with pytest.raises(NoParcel):
        opened(data, endpoints=2)
