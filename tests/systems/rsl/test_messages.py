"""Messages are the same after a round trip through JSON, and nothing else is a message."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given

from clew.systems import find_protocol
from tests.systems.rsl.any_message import messages

RSL = find_protocol("rsl")


@given(messages)
def test_a_message_survives_json(message: Any) -> None:
    copy = msgspec.json.decode(msgspec.json.encode(message), type=RSL.messages)
    assert copy == message
    assert type(copy) is type(message)


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"1a"}',
        b'{"type":"1a","bal_1a":[1]}',
        b'{"type":"1a","bal_1a":[1,"n1"]}',
        b'{"type":"2b","bal_2b":[1,0],"opn_2b":-1,"val_2b":[]}',
        b'{"type":"2b","bal_2b":[1,0],"opn_2b":9223372036854775808,"val_2b":[]}',
        b'{"type":"request","seqno_req":1,"val":["subtract",0,1]}',
        b'{"type":"1b","bal_1b":[1,0],"log_truncation_point":0,"votes":{"x":[[1,0],[]]}}',
        b'{"type":"nonsense"}',
        b"",
    ],
)
def test_what_is_no_message_cannot_be_decoded(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(body, type=RSL.messages)
