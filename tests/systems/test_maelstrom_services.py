"""Maelstrom's services: a linearizable map and a source of numbers."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems.maelstrom_services import Services


def asked(services: Services, type: str, **more: Any) -> dict[str, Any]:
    """What lin-kv answers, without the number of the request and the text of an error."""
    said = services.answer("lin-kv", {"type": type, "msg_id": 3, "key": [1, "x"], **more})
    assert said.pop("in_reply_to") == 3
    said.pop("text", None)
    return said


def test_the_map_holds_what_was_written_and_swapped() -> None:
    services = Services()
    assert asked(services, "write", value=4) == {"type": "write_ok"}
    assert asked(services, "cas", **{"from": 4, "to": 5}) == {"type": "cas_ok"}
    assert asked(services, "read") == {"type": "read_ok", "value": 5}


@pytest.mark.parametrize(("written", "type", "code"), [(False, "read", 20), (False, "cas", 20), (True, "cas", 22)])
def test_what_is_missing_or_different_has_the_code_of_the_protocol(written: bool, type: str, code: int) -> None:
    services = Services()
    if written:
        asked(services, "write", value=4)
    assert asked(services, type, **{"from": 3, "to": 5}) == {"type": "error", "code": code}


def test_a_compare_and_set_may_create_its_key() -> None:
    services = Services()
    assert asked(services, "cas", to=5, create_if_not_exists=True) == {"type": "cas_ok"}
    assert asked(services, "read") == {"type": "read_ok", "value": 5}


def test_each_time_is_later_than_the_one_before() -> None:
    services = Services()
    assert [services.answer("lin-tso", {"type": "ts", "msg_id": i}) for i in (1, 2)] == [
        {"type": "ts_ok", "ts": 1, "in_reply_to": 1},
        {"type": "ts_ok", "ts": 2, "in_reply_to": 2},
    ]


@pytest.mark.parametrize("service", ["lin-kv", "lin-tso"])
def test_what_a_service_does_not_know_is_not_supported(service: str) -> None:
    assert Services().answer(service, {"type": "hello", "msg_id": 1})["code"] == 10
