"""Each endpoint has one address, and each address tells its endpoint."""

from __future__ import annotations

import socket

import pytest

from clew.harness.runtime.live.world.addresses import MOST_CLIENTS, Addresses


def test_the_address_of_a_node_ends_in_its_number() -> None:
    addresses = Addresses.of_endpoints(["n1", "n12"])
    assert addresses.of("n12") == "10.77.0.12"
    assert addresses.name("10.77.0.1") == "n1"


def test_every_client_that_has_an_address_has_another_one() -> None:
    addresses = Addresses.of_endpoints([f"c{number}" for number in range(MOST_CLIENTS)], "127.9")
    assert addresses.of("c0") == "127.9.1.1"
    assert addresses.of("c250") == "127.9.2.1"
    assert len(addresses.by_packed) == MOST_CLIENTS
    assert all(addresses.name(address) == name for name, address in addresses.by_name.items())


def test_the_packed_form_is_that_of_an_ip_header() -> None:
    addresses = Addresses.of_endpoints(["n1"])
    assert addresses.packed("n1") == socket.inet_aton("10.77.0.1") == bytes([10, 77, 0, 1])
    assert addresses.by_packed[bytes([10, 77, 0, 1])] == "n1"


def test_an_address_of_nobody_has_no_name() -> None:
    assert Addresses.of_endpoints(["n1"]).name("10.77.0.2") is None


@pytest.mark.parametrize("name", ["n0", "n255", f"c{MOST_CLIENTS}", "c-1", "c", "x1", "", "n 1", "c١"])
def test_a_name_that_has_no_address_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="an endpoint is n1 to n254"):
        Addresses.of_endpoints([name])
