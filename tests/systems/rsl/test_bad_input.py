"""Whatever a replica is sent and whatever is on its disk, it goes on, or it stays silent and logs why."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.systems import Context, Operation, find_protocol
from clew.systems.node import ClientContext, Complete, Count, Log, Send, Write
from clew.systems.rsl.application import Add, AppReply
from clew.systems.rsl.client import RslClient
from clew.systems.rsl.messages import (
    Heartbeat,
    Message1a,
    Message1b,
    Message2a,
    Message2b,
    ReplyMessage,
    RequestMessage,
)
from clew.systems.rsl.parameters import APPLICATIONS, Parameters
from clew.systems.rsl.replica import Replica
from clew.systems.rsl.types import Ballot, Request
from clew.systems.wire import Init
from tests.systems.rsl.any_message import app_requests, messages

RSL = find_protocol("rsl")
NODES = ("n1", "n2", "n3")
INCREMENT = Add(0, 1)


def replica(disk: dict[str, bytes] | None = None) -> tuple[Replica, Context]:
    node, ctx = Replica(Parameters()), Context("n1", NODES, random.Random(0), disk if disk is not None else {})
    node.start(ctx)
    return node, ctx


def serves(node: Replica, ctx: Context) -> bool:
    """Whether the replica still promises a ballot that is higher than any it has seen."""
    ctx.take()
    node.receive(ctx, "n2", Message1a(Ballot(2**50, 1)))
    return any(isinstance(effect, Send) and effect.destination == "n2" for effect in ctx.take())


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([*NODES, "c0", "nobody"]), messages), max_size=30))
def test_no_sequence_of_messages_breaks_a_replica(packets: list[tuple[str, Any]]) -> None:
    node, ctx = replica()
    for source, message in packets:
        ctx.now += 7_000_000
        node.receive(ctx, source, message)
    assert serves(node, ctx)


@settings(max_examples=24)
@given(st.lists(st.tuples(st.sampled_from(NODES), messages), max_size=15), st.sampled_from(["counter", "kv"]))
def test_a_replica_recovers_from_whatever_its_disk_holds_after_any_messages(
    packets: list[tuple[str, Any]], application: Any
) -> None:
    disk: dict[str, bytes] = {}
    parameters = Parameters(application=application)
    node, ctx = Replica(parameters), Context("n1", NODES, random.Random(0), disk)
    node.start(ctx)
    for source, message in packets:
        ctx.now += 7_000_000
        node.receive(ctx, source, message)
    promised = node.acceptor.max_bal
    again, ctx = Replica(parameters), Context("n1", NODES, random.Random(0), disk)
    again.start(ctx)
    assert again.acceptor.max_bal == promised
    point = node.acceptor.log_truncation_point
    assert again.acceptor.log_truncation_point <= point
    assert {opn: vote for opn, vote in again.acceptor.votes.items() if opn >= point} == node.acceptor.votes


@given(messages.filter(lambda message: not isinstance(message, RequestMessage)))
def test_a_stranger_is_ignored_and_the_log_says_so(message: Any) -> None:
    node, ctx = replica()
    ctx.take()
    node.receive(ctx, "stranger", message)
    (logged,) = ctx.take()
    assert isinstance(logged, Log)
    assert "stranger" in logged.text


@given(messages)
def test_no_message_breaks_a_caspaxos_node(message: Any) -> None:
    """They are messages of another protocol. The node logs them, and does nothing else."""
    node, ctx = (
        find_protocol("caspaxos").node(find_protocol("caspaxos").parameters()),
        Context("n1", NODES, random.Random(0), {}),
    )
    node.start(ctx)
    ctx.take()
    node.receive(ctx, "n2", message)
    assert [type(effect) for effect in ctx.take()] == [Log]


@given(app_requests, st.sampled_from(["counter", "kv"]))
def test_a_request_for_another_application_is_refused(request: Any, application: Any) -> None:
    reply = APPLICATIONS[application].initialize().handle_request(request)
    mine = type(request).__name__ in (("Add", "Read") if application == "counter" else ("Get", "Put", "Cas", "Delete"))
    assert (reply.error == "the application does not know this request") == (not mine)


@pytest.mark.parametrize(
    "key", ["acceptor/promise", "acceptor/vote/0", "proposer/max_ballot_i_sent_1a", "executor/checkpoint"]
)
@pytest.mark.parametrize("cut", [0.0, 0.5, 0.9])
def test_a_replica_with_a_file_cut_short_stays_silent(key: str, cut: float) -> None:
    disk = written()
    disk[key] = disk[key][: int(len(disk[key]) * cut)]
    node, ctx = replica(disk)
    assert [type(effect) for effect in ctx.take()] == [Log]
    node.receive(ctx, "n2", Message1a(Ballot(9, 1)))
    node.receive(ctx, "c0", RequestMessage(1, INCREMENT))
    assert ctx.take() == []


def test_a_replica_with_whole_files_serves() -> None:
    node, ctx = replica(written())
    assert serves(node, ctx)


def written() -> dict[str, bytes]:
    """The disk of n1 after it has led, voted and executed."""
    disk: dict[str, bytes] = {}
    node, ctx = replica(disk)
    node.receive(ctx, "n1", Message1a(Ballot(1, 0)))
    node.receive(ctx, "n2", Message1b(Ballot(1, 0), 0, {}))
    batch = (Request("c0", 1, INCREMENT),)
    node.receive(ctx, "n1", Message2a(Ballot(1, 0), 0, batch))
    for voter in ("n1", "n2"):
        node.receive(ctx, voter, Message2b(Ballot(1, 0), 0, batch))
    ctx.now += 200_000_000
    node.receive(ctx, "n2", Heartbeat(Ballot(1, 0), False, 0))
    assert node.executor.ops_complete == 1
    assert sorted(disk) == [
        "acceptor/promise",
        "acceptor/vote/0",
        "executor/checkpoint",
        "proposer/max_ballot_i_sent_1a",
    ]
    return disk


@settings(max_examples=20)
@given(st.lists(messages | st.builds(ReplyMessage, st.integers(0, 9), st.builds(AppReply), st.just(0), st.just(0))))
def test_a_client_takes_the_reply_with_its_number_and_no_other(received: list[Any]) -> None:
    client, ctx = RslClient(Parameters()), ClientContext("c0", NODES, random.Random(0), 0)
    client.invoke(ctx, Operation(5, "add-and-get", 0, 1))
    for message in received:
        client.receive(ctx, "n1", message)
    mine = [message for message in received if isinstance(message, ReplyMessage) and message.seqno_reply == 5]
    assert len([effect for effect in ctx.take() if isinstance(effect, Complete)]) == min(1, len(mine))


@pytest.mark.parametrize("seed", range(3))
def test_a_node_process_survives_random_bytes(seed: int) -> None:
    """It answers each line, logs every line that is not a message, and still serves."""
    rng = random.Random(seed)
    bodies = [b"%d" % rng.getrandbits(60), b'"text"', b"null", b"[]", b'{"type":"1a"}', b'{"type":"1a","bal_1a":"x"}']
    bodies += [json.dumps("".join(map(chr, rng.choices(range(1, 0x300), k=20)))).encode() for _ in range(20)]
    bodies += [rng.randbytes(rng.randrange(1, 40)).replace(b"\n", b"?") for _ in range(20)]
    bodies += [b"\xff\xfe", b"nul", b'{"type"', b'"\\ud800"', b"[" * 3000, b'{"type":"request","val":"\xff"}']
    bodies += [msgspec.json.encode(Message1a(Ballot(1, 1)))]
    init = Init("rsl", None, msgspec.Raw(msgspec.json.encode(Parameters())), NODES, 1, {})
    lines = [b'{"src":"clew","dest":"n1","time":0,"body":%s}' % msgspec.json.encode(init)]
    lines += [b'{"src":"n2","dest":"n1","time":1,"body":%s}' % body for body in bodies]
    code = "from clew.systems.node_process import run_node; run_node(0, 1)"
    done = subprocess.run(
        [sys.executable, "-c", code], input=b"\n".join(lines) + b"\n", capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    out = done.stdout.decode()
    assert out.count('"type":"done"') == len(lines)
    assert out.count('"type":"log"') == len(bodies) - 1
    assert '"type":"1b"' in out


def test_effects_of_a_replica_are_known_ones() -> None:
    node, ctx = replica()
    node.receive(ctx, "c0", RequestMessage(1, INCREMENT))
    kinds = {type(effect).__name__ for effect in ctx.take()}
    assert {Send.__name__, Write.__name__, Count.__name__} <= kinds
