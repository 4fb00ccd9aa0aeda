"""A node: a participant in all transactions, and the coordinator of some."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clew.systems.node import Context, UnreadableDisk
from clew.systems.two_phase_commit.coordinator import Coordinator
from clew.systems.two_phase_commit.messages import Decision, Inquiry, Prepare, Read, Submit, Vote, coordinator_of
from clew.systems.two_phase_commit.parameters import Parameters
from clew.systems.two_phase_commit.participant import Participant


@dataclass(frozen=True)
class Roles:
    """What a node is made of. Variants bring their own."""

    coordinator: Callable[[Parameters], Coordinator] = Coordinator
    participant: Callable[[Parameters], Participant] = Participant


class CommitNode:
    """One life of one node."""

    def __init__(self, parameters: Parameters, roles: Roles = Roles()) -> None:
        self._coordinator = roles.coordinator(parameters)
        self._participant = roles.participant(parameters)
        self._react: dict[type, Callable[[Context, str, Any], None]] = {
            Submit: self._coordinator.submit,
            Prepare: self._participant.prepare,
            Vote: self._coordinator.vote,
            Decision: self._participant.decided,
            Inquiry: self._inquire,
            Read: self._read,
        }

    def start(self, ctx: Context) -> None:
        """Begin a life: first the coordinator decides what is open, then the participant asks for what it missed."""
        self._coordinator.start(ctx)
        self._participant.start(ctx)

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """Hand the message to its role. A node that cannot read its log of a transaction says nothing about it."""
        react = self._react.get(type(message))
        try:
            if react is not None:
                react(ctx, source, message)
        except UnreadableDisk as error:
            ctx.log(f"ignored a {type(message).__name__}, the log cannot be read: {error}")

    def wake(self, ctx: Context, timer: str) -> None:
        """Hand the timer to the role that has set it."""
        role, _, key = timer.partition("/")
        (self._coordinator if role == "coordinator" else self._participant).wake(ctx, int(key))

    def _inquire(self, ctx: Context, source: str, message: Inquiry) -> None:
        mine = coordinator_of(message.key, ctx.nodes) == ctx.name
        (self._coordinator if mine else self._participant).inquire(ctx, source, message)

    def _read(self, ctx: Context, client: str, message: Read) -> None:
        mine = coordinator_of(message.key, ctx.nodes) == ctx.name
        (self._coordinator if mine else self._participant).read(ctx, client, message)
