"""A leader that gets any messages from anybody goes on, keeps its promises, and holds no more with each repetition."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clew.systems import Context, Sent
from clew.systems.node import Send
from clew.systems.rsl.application import Counter
from clew.systems.rsl.invariants import (
    No1bHidesVotes,
    OneValuePerBallotAndOperation,
    PromisesAreKept,
    VoteIsFromEarlierBallot,
)
from clew.systems.rsl.invariants.log import Log
from clew.systems.rsl.messages import Message1b, RequestMessage
from clew.systems.rsl.parameters import Parameters
from clew.systems.rsl.replica import Replica
from clew.systems.rsl.types import Ballot
from tests.systems.rsl.any_message import app_requests, lively, messages
from tests.systems.rsl.single_roles import NODES

Packet = tuple[str, Any]
FIRST = Ballot(1, 0)
packets = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(NODES), lively),
        st.tuples(st.sampled_from(NODES), lively),
        st.tuples(st.sampled_from([*NODES, "c0", "nobody"]), messages),
        st.tuples(st.sampled_from(["c0", "c1"]), st.builds(RequestMessage, st.integers(0, 12), app_requests)),
    ),
    max_size=40,
)
applications = st.sampled_from(["counter", "kv"])


class Leader:
    """n1, which leads its first view with the promises of n1 and n2. Invariants watch what it sends."""

    def __init__(self, application: Any) -> None:
        self.node = Replica(Parameters(application=application, max_batch_size=2))
        self._ctx = Context("n1", NODES, random.Random(0), {})
        log = Log(len(NODES), 2, Counter)
        self._monitors = (
            OneValuePerBallotAndOperation(log),
            VoteIsFromEarlierBallot(),
            No1bHidesVotes(log),
            PromisesAreKept(),
        )
        self._sent = 0
        self.node.start(self._ctx)
        for source in ("n1", "n2"):
            self.receive(source, Message1b(FIRST, 0, {}))
        assert self.node.proposer.current_state == 2

    def receive(self, source: str, message: Any) -> None:
        self._ctx.now += 7_000_000
        self.node.receive(self._ctx, source, message)
        for effect in self._ctx.take():
            if isinstance(effect, Send):
                self._sent += 1
                sent = Sent(self._sent, self._ctx.now, "n1", effect.destination, effect.message)
                for monitor in self._monitors:
                    if type(sent.message) in monitor.watches:
                        assert monitor.observe(sent) is None

    @property
    def size(self) -> int:
        """How many things the replica holds in memory."""
        node, election = self.node, self.node.proposer.election_state
        learned = node.learner.unexecuted_learner_state
        return sum(
            map(
                len,
                (
                    node.acceptor.votes,
                    node.proposer.request_queue,
                    node.proposer.received_1b_packets,
                    node.proposer.highest_seqno_requested_by_client_this_view,
                    election.current_view_suspectors,
                    election.requests_received_this_epoch,
                    election.requests_received_prev_epochs,
                    learned,
                    *(known.received_2b_message_senders for known in learned.values()),
                    node.executor.reply_cache,
                ),
            )
        )


@settings(max_examples=60)
@given(packets, applications)
def test_a_leader_that_gets_any_messages_goes_on_and_keeps_its_promises(told: list[Packet], application: Any) -> None:
    leader = Leader(application)
    executed = truncated = 0
    for source, message in told:
        leader.receive(source, message)
        node = leader.node
        assert node.executor.ops_complete >= executed
        assert node.acceptor.log_truncation_point >= truncated
        assert len(node.acceptor.votes) <= 7
        executed, truncated = node.executor.ops_complete, node.acceptor.log_truncation_point


@settings(max_examples=16)
@given(packets, applications)
def test_repeated_messages_take_no_more_memory_in_a_leader(told: list[Packet], application: Any) -> None:
    leader = Leader(application)
    # A few things for each replica and client. And each message may be in the queue, the epoch, the log and the votes.
    most = 30 + 6 * len(told)
    for _ in range(30):
        for source, message in told:
            leader.receive(source, message)
        assert leader.size <= most
