"""A node that cannot read its disk stays silent, for the whole life or about one message."""

from __future__ import annotations

from random import Random
from typing import Any

from clew.systems.node import Context, Log, Send
from clew.systems.recovering_node import RecoveringNode


class Counting(RecoveringNode):
    """Answers a text with what its disk says there, if it can read how often it has lived."""

    def __init__(self) -> None:
        self._react = {str: self._tell}

    def recover(self, ctx: Context) -> None:
        ctx.send("n2", ctx.disk.read("lives", int))  # type: ignore[arg-type]

    def _tell(self, ctx: Context, source: str, message: Any) -> None:
        ctx.send(source, ctx.disk.read(message, int))  # type: ignore[arg-type]


def life(disk: dict[str, bytes], *messages: Any) -> list[Any]:
    """What a node says in a life in which it gets these messages of n3: the text of a log, what it sends to whom."""
    ctx = Context("n1", ("n1", "n2", "n3"), Random(0), disk)
    node = Counting()
    node.start(ctx)
    for message in messages:
        node.receive(ctx, "n3", message)
    return [
        effect.text if isinstance(effect, Log) else (effect.destination, effect.message)
        for effect in ctx.take()
        if isinstance(effect, Log | Send)
    ]


def test_a_node_that_can_read_its_disk_answers() -> None:
    assert life({"lives": b"3", "a": b"7"}, "a") == [("n2", 3), ("n3", 7)]


def test_a_node_that_cannot_recover_is_silent_for_its_life() -> None:
    [said] = life({"lives": b'"3', "a": b"7"}, "a", "a")
    assert said.startswith("out of order for this life, the disk cannot be read: lives: ")


def test_a_node_ignores_a_message_about_what_it_cannot_read_and_answers_the_next() -> None:
    said = life({"lives": b"3", "a": b'"7', "b": b"8"}, "a", "b")
    assert said[1].startswith("ignored a str, the disk cannot be read: a: ")
    assert said[2:] == [("n3", 8)]


def test_a_message_that_no_role_takes_is_ignored() -> None:
    assert life({"lives": b"3"}, 12) == [("n2", 3), "ignored a int from n3"]
