"""Messages are the same after a round trip through JSON, and nothing else is a message."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clew.systems
from clew.systems import find_protocol
from clew.systems.caspaxos.ballot import Ballot
from clew.systems.caspaxos.change import CompareAndSet, Read, Versioned, Write
from clew.systems.caspaxos.messages import (
    Accept,
    Accepted,
    Conflict,
    Prepare,
    Promise,
    Refuse,
    Replicated,
    Reply,
    Request,
)

keys = st.integers(0, 2**53) | st.text(max_size=5)
states = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5) | st.lists(st.integers(0, 9))
ballots = st.builds(Ballot, st.integers(0, 2**53), st.sampled_from(["n1", "n2"]))
values = st.builds(Versioned, st.integers(0, 99), st.text(max_size=5), states)
changes = st.just(Read()) | st.builds(Write, states) | st.builds(CompareAndSet, states, states)
messages = st.one_of(
    st.builds(Request, st.integers(0, 99), keys, changes),
    st.builds(Reply, st.integers(0, 99), st.sampled_from(["ok", "fail", "info"]), states, st.none() | st.text()),
    st.builds(Prepare, keys, ballots),
    st.builds(Promise, keys, ballots, ballots, values),
    st.builds(Accept, keys, ballots, ballots, values, ballots),
    st.builds(Accepted, keys, ballots, ballots),
    st.builds(Conflict, keys, ballots, ballots),
    st.builds(Prepare, keys, ballots, st.integers(0, 2**53)),
    st.builds(Accept, keys, ballots, ballots, values, ballots, st.integers(0, 2**53)),
    st.builds(Replicated, keys, st.sampled_from(["tombstone", "value", "not yet"]), ballots),
    st.builds(Refuse, keys, ballots, st.dictionaries(st.sampled_from(["n1", "n2"]), st.integers(0, 2**53))),
)


def test_late_replies_never_reach_a_client() -> None:
    """A runtime drops late messages that are derived from `clew.systems.Reply`."""
    assert issubclass(Reply, clew.systems.Reply)


@given(messages)
def test_a_message_survives_json(message: Any) -> None:
    copy = msgspec.json.decode(msgspec.json.encode(message), type=find_protocol("caspaxos").messages)
    assert copy == message
    assert type(copy) is type(message)


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"prepare","key":0}',
        b'{"type":"prepare","key":0,"ballot":[1]}',
        b'{"type":"prepare","key":true,"ballot":[1,"n1"]}',
        b'{"type":"nonsense"}',
        b'{"type":"request","id":1,"key":0,"change":{"type":"increment"}}',
    ],
)
def test_what_is_no_message_cannot_be_decoded(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=find_protocol("caspaxos").messages)
