"""A host finds what a node has asked for in a step, in the order in which it asked."""

from __future__ import annotations

import doctest
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

import clew.systems.node
from clew.systems import ClientContext, Context, Reply
from clew.systems.node import Send

NODES = ("n1", "n2", "n3")


class Done(Reply, frozen=True, tag="done"):
    """A message to a client."""

    value: int | None


def context(name: str) -> Context:
    return Context(name, NODES, random.Random(0), {})


def test_the_system_at_the_top_of_the_contract_does_what_is_shown_there() -> None:
    tried = doctest.testmod(clew.systems.node)
    assert tried.attempted >= 8
    assert tried.failed == 0


def test_a_broadcast_goes_to_all_others_in_the_order_of_the_cluster() -> None:
    ctx = context("n2")
    ctx.broadcast(Done(1, 5))
    assert ctx.take() == [Send("n1", Done(1, 5)), Send("n3", Done(1, 5))]


def test_a_broadcast_including_oneself_goes_to_all_in_the_order_of_the_cluster() -> None:
    ctx = context("n2")
    ctx.broadcast(Done(1, 5), including_self=True)
    assert [effect.destination for effect in ctx.take()] == list(NODES)


def test_effects_are_taken_once() -> None:
    ctx = context("n1")
    ctx.log("one")
    assert len(ctx.take()) == 1
    assert ctx.take() == []


def test_a_reply_is_a_message_with_a_tag_of_its_own() -> None:
    body = msgspec.json.encode(Done(7, None))
    assert msgspec.json.decode(body) == {"type": "done", "id": 7, "value": None}
    assert msgspec.json.decode(body, type=Done) == Done(7, None)


@pytest.mark.parametrize(
    "ask",
    [
        lambda ctx: ctx.send(None, None),
        lambda ctx: ctx.set_timer([1], 10),
        lambda ctx: ctx.set_timer("t", 0.5),
        lambda ctx: ctx.cancel_timer(3),
        lambda ctx: ctx.log(5),
        lambda ctx: ctx.count("x", "y"),
        lambda ctx: ctx.disk.write(5, 1),
        lambda ctx: ctx.complete("fail", None, 5),
        lambda ctx: ctx.complete("ok", object()),
    ],
)
def test_an_argument_of_another_type_is_refused_on_the_line_that_gives_it(ask: Callable[[Any], None]) -> None:
    """Nodes in processes would find it out when it is written as JSON, inline nodes never: both must say the same."""
    ctx = ClientContext("c0", ("n1",), random.Random(0), 0)
    with pytest.raises(TypeError):
        ask(ctx)
    assert ctx.take() == []
