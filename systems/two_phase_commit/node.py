"""A node: a participant in all transactions, and the coordinator of some."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clew.systems.node import Context
from clew.systems.recovering_node import RecoveringNode
from clew.systems.two_phase_commit.coordinator import Coordinator
from clew.systems.two_phase_commit.messages import Decision, Inquiry, Prepare, Read, Submit, Vote, coordinator_of
from clew.systems.two_phase_commit.parameters import Parameters
from clew.systems.two_phase_commit.participant import Participant


@dataclass(frozen=True)
class Roles:
    """What a node is made of. Variants bring their own."""

    coordinator: Callable[[Parameters], Coordinator] = Coordinator
    participant: Callable[[Parameters], Participant] = Participant


class CommitNode(RecoveringNode):
    """One life of one node."""

    def __init__(self, parameters: Parameters, roles: Roles = Roles()) -> None:
        self._coordinator = roles.coordinator(parameters)
        self._participant = roles.participant(parameters)
        self._react = {
            Submit: self._coordinator.submit,
            Prepare: self._participant.prepare,
            Vote: self._coordinator.vote,
            Decision: self._participant.decided,
            Inquiry: self._inquire,
            Read: self._read,
        }

    def recover(self, ctx: Context) -> None:
        """Begin a life: first the coordinator decides what is open, then the participant asks for what it missed.

        A node whose log of one transaction cannot be read says nothing about that one, and takes part in the others.
        """
        self._coordinator.start(ctx)
        self._participant.start(ctx)

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
