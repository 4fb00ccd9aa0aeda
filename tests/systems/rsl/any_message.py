"""Hypothesis strategies for messages of RSL, sensible or not."""

from __future__ import annotations

from hypothesis import strategies as st

from clew.systems.rsl.application import Add, AppReply, Cas, Delete, Get, Put, Read
from clew.systems.rsl.messages import (
    AppStateRequest,
    AppStateSupply,
    Heartbeat,
    Message1a,
    Message1b,
    Message2a,
    Message2b,
    ReplyMessage,
    RequestMessage,
    StartingPhase2,
)
from clew.systems.rsl.types import Ballot, Request, Vote

small = st.integers(0, 12)
numbers = small | st.integers(0, 2**63 - 1)
keys = st.integers(0, 2) | st.text(max_size=2)
texts = st.text(max_size=4)
ballots = st.builds(Ballot, st.integers(0, 3) | st.integers(-(2**40), 2**40), st.integers(-1, 7))
app_requests = st.one_of(
    st.builds(Add, keys, st.integers(-5, 5)),
    st.builds(Read, keys),
    st.builds(Get, keys),
    st.builds(Put, keys, texts),
    st.builds(Cas, keys, st.none() | texts, texts),
    st.builds(Delete, keys),
)
requests = st.builds(Request, st.sampled_from(["c0", "c1", "n1", "nobody"]), numbers, app_requests)
batches = st.lists(requests, max_size=3).map(tuple)
replies = st.builds(
    ReplyMessage, numbers, st.builds(AppReply, st.none() | st.integers() | texts, st.none() | texts), numbers, small
)
states = st.sampled_from(["[]", "[[0,3]]", '[["k","v"]]', "[[0", "nonsense", "", "{}"])
messages = st.one_of(
    st.builds(RequestMessage, numbers, app_requests),
    replies,
    st.builds(Message1a, ballots),
    st.builds(Message1b, ballots, numbers, st.dictionaries(numbers, st.builds(Vote, ballots, batches), max_size=3)),
    st.builds(StartingPhase2, ballots, numbers),
    st.builds(Message2a, ballots, numbers, batches),
    st.builds(Message2b, ballots, numbers, batches),
    st.builds(Heartbeat, ballots, st.booleans(), numbers),
    st.builds(AppStateRequest, ballots, numbers),
    st.builds(AppStateSupply, ballots, numbers, states, st.dictionaries(st.sampled_from(["c0", "c1"]), replies)),
)

near = st.integers(0, 12)
"""Places of the log that replicas work at."""
views = st.builds(Ballot, st.integers(1, 3), st.integers(0, 2))
own = st.just(Ballot(1, 0))
"""The first view, which n1 leads."""
votes = st.dictionaries(
    near, st.builds(Vote, st.builds(Ballot, st.integers(0, 1), st.just(0)) | views, batches), max_size=3
)
lively = st.one_of(
    st.builds(Message1b, own, st.just(0) | near, votes),
    st.builds(Message2a, own | views, near, batches),
    st.builds(Message2a, own | views, near, batches),
    st.builds(Message2b, own | views, near, batches),
    st.builds(Message2b, own | views, near, batches),
    st.builds(Heartbeat, own | views, st.booleans(), near),
    st.builds(Message1a, views),
    st.builds(StartingPhase2, views, near),
    st.builds(RequestMessage, small, app_requests),
    st.builds(AppStateSupply, views, near, st.just("[[0,3]]"), st.dictionaries(st.sampled_from(["c0", "c1"]), replies)),
)
"""Messages that n1 reacts to: with views that exist and places that it works at, mostly of phase 2."""
