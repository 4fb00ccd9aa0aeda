"""Membership change: the set of acceptors grows or shrinks, one acceptor at a time (paper, 2.3).

              odd -> even                           even -> odd
    grow      turn on the new acceptor              rescan
              accept: all,  prepare: as before      accept and prepare: all
              rescan                                turn on the new acceptor
              prepare: all
    shrink    accept and prepare: those who stay    rescan
              turn off the acceptor                 prepare: those who stay,  accept: as before
                                                    accept: those who stay
                                                    turn off the acceptor

A *rescan* executes the identity change on every key. It leaves each value with an accept quorum of the configuration in
use. An even cluster counts the missing acceptor as one that has always been down. That is only so after a rescan,
because some values may have been accepted by the acceptor that left. Without it one could replace every acceptor with
an empty one and lose all data.

One node is the *administrator*: `n1`, whether or not it is an acceptor. It takes one step after the other. Each step
waits for all nodes that it is about. The administrator writes every step to its disk, and after a crash it begins with
the step in which it was. All steps can be repeated. An acceptor that is turned off forgets everything. When it is
turned on again, it is a new and empty one.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from clew.systems.caspaxos.change import Read
from clew.systems.caspaxos.configuration import configuration
from clew.systems.caspaxos.messages import (
    AskKeys,
    Configure,
    Configured,
    Held,
    Key,
    Message,
    Reconfigure,
    Reply,
    Request,
    Turn,
    Turned,
)
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.node import Context

TIMER = "administrator"
"""The administrator's timer. The others of a node are named after keys: a number, or a text in quotes."""
FIRST_REQUEST = -(2**60)
"""The requests of rescans have numbers from here on, far below those of clients."""
REQUESTS_OF_A_STEP = 2**20
"""How many of these numbers a step has."""


class Step(msgspec.Struct, frozen=True):
    """One step of a change."""

    kind: Literal["turn on", "turn off", "configure", "rescan"]
    prepare: tuple[str, ...] = ()
    """For `configure`: who gets prepares. For `rescan`: whom to ask for keys. Otherwise the acceptor to turn."""
    accept: tuple[str, ...] = ()
    """For `configure`: who gets accepts."""


class Progress(msgspec.Struct, frozen=True):
    """Where the administrator is. It is on its disk before it sends anything."""

    number: int
    """The number of the step that is being taken. A step that is begun again gets a new one."""
    members: tuple[str, ...]
    """The acceptors after the change, or now if there is none."""
    steps: tuple[Step, ...]
    """The steps that are left."""


def steps_to_grow(members: tuple[str, ...], more: tuple[str, ...]) -> tuple[Step, ...]:
    """The steps from these acceptors to `more`, which has one besides them."""
    new = tuple(node for node in more if node not in members)
    if len(members) % 2:
        return (
            Step("turn on", new),
            Step("configure", members, more),
            Step("rescan", members),
            Step("configure", more, more),
        )
    return Step("rescan", members), Step("configure", more, more), Step("turn on", new)


def steps_to_shrink(members: tuple[str, ...], fewer: tuple[str, ...]) -> tuple[Step, ...]:
    """The steps from these acceptors to `fewer`, which lacks one of them."""
    old = tuple(node for node in members if node not in fewer)
    if len(members) % 2:
        return Step("configure", fewer, fewer), Step("turn off", old)
    return (
        Step("rescan", members),
        Step("configure", fewer, members),
        Step("configure", fewer, fewer),
        Step("turn off", old),
    )


class Administrator:
    """Changes the acceptors as it is told, if its node is the administrator."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._progress: Progress | None = None
        self._goal: tuple[str, ...] | None = None
        self._waits_for: dict[str, Message] = {}
        self._keys: dict[str, Key] = {}
        self._asked: dict[int, Key] = {}
        self._requests = 0

    def reconfigure(self, ctx: Context, source: str, message: Reconfigure) -> None:
        """Begin to change the acceptors into these, or go on with what an earlier life has begun."""
        if ctx.name != ctx.nodes[0] or not message.members:
            return
        self._goal = message.members
        if self._progress is None:
            self._progress = ctx.disk.read("administrator", Progress) or Progress(0, ctx.nodes, ())
            self._begin(ctx)
        elif not self._progress.steps:
            self._begin(ctx)

    def configured(self, ctx: Context, source: str, message: Configured) -> None:
        """A proposer has the new configuration."""
        self._answered(ctx, source, message.configuration.number)

    def turned(self, ctx: Context, source: str, message: Turned) -> None:
        """An acceptor is on, or off and empty."""
        self._answered(ctx, source, message.number)

    def held(self, ctx: Context, source: str, message: Held) -> None:
        """An acceptor says which keys it has. When a quorum has, execute the identity change on all of them."""
        progress = self._progress
        if progress is None or message.number != progress.number or source not in self._waits_for:
            return
        del self._waits_for[source]
        self._keys.update((repr(key), key) for key in message.keys)
        asked = progress.steps[0].prepare
        if len(asked) - len(self._waits_for) > len(asked) // 2:
            self._waits_for.clear()
            self._request(ctx, [self._keys[name] for name in sorted(self._keys)])

    def reply(self, ctx: Context, source: str, message: Reply) -> None:
        """The identity change is done, or must be tried again."""
        key = self._asked.pop(message.id, None)
        if key is None:
            return
        if message.outcome != "ok":
            self._request(ctx, [key])
        elif not self._asked:
            self._end(ctx)

    def wake(self, ctx: Context) -> None:
        """Ask those again that have not answered."""
        for node, message in self._waits_for.items():
            ctx.send(node, message)
        if self._waits_for:
            ctx.set_timer(TIMER, self._parameters.resend_after)
        elif self._asked:
            keys = list(self._asked.values())
            self._asked.clear()
            self._request(ctx, keys)

    def _steps(self, members: tuple[str, ...], next_members: tuple[str, ...]) -> tuple[Step, ...]:
        steps = steps_to_grow if len(next_members) > len(members) else steps_to_shrink
        return steps(members, next_members)

    def _begin(self, ctx: Context) -> None:
        """Take the next step, of this change or of the next one."""
        progress = self._progress
        assert progress is not None
        members, steps = progress.members, progress.steps
        if not steps:
            next_members = self._next_members(ctx, members)
            if next_members == members:
                return
            members, steps = next_members, self._steps(members, next_members)
        self._progress = Progress(progress.number + 1, members, steps)
        self._write(ctx)
        self._keys.clear()
        self._asked.clear()
        self._requests = 0
        self._waits_for = self._questions(ctx, self._progress.number, steps[0])
        self.wake(ctx)

    def _next_members(self, ctx: Context, members: tuple[str, ...]) -> tuple[str, ...]:
        """One acceptor fewer or more, on the way to the goal. A cluster that is to be replaced shrinks first."""
        goal = members if self._goal is None else self._goal
        leaving = [node for node in members if node not in goal]
        joining = [node for node in goal if node not in members]
        if leaving and (len(members) > 1 or not joining):
            return tuple(node for node in members if node != leaving[0])
        return tuple(node for node in ctx.nodes if node in members or node in joining[:1])

    def _questions(self, ctx: Context, number: int, step: Step) -> dict[str, Message]:
        """The messages that a step begins with, by the nodes that get them."""
        if step.kind == "configure":
            return dict.fromkeys(ctx.nodes, Configure(configuration(number, step.prepare, step.accept)))
        if step.kind == "rescan":
            return dict.fromkeys(step.prepare, AskKeys(number))
        return dict.fromkeys(step.prepare, Turn(number, step.kind == "turn on"))

    def _answered(self, ctx: Context, source: str, number: int) -> None:
        if self._progress is None or number != self._progress.number or source not in self._waits_for:
            return
        del self._waits_for[source]
        if not self._waits_for:
            self._end(ctx)

    def _request(self, ctx: Context, keys: list[Key]) -> None:
        """Have the proposer of this node execute the identity change. It answers before it gives up."""
        assert self._progress is not None
        for key in keys:
            number = FIRST_REQUEST + self._progress.number * REQUESTS_OF_A_STEP + self._requests
            self._requests += 1
            self._asked[number] = key
            ctx.send(ctx.name, Request(number, key, Read()))
        if self._asked:
            ctx.set_timer(TIMER, 2 * self._parameters.give_up_after)
        else:
            self._end(ctx)

    def _end(self, ctx: Context) -> None:
        """The step is over."""
        assert self._progress is not None
        self._progress = msgspec.structs.replace(self._progress, steps=self._progress.steps[1:])
        self._write(ctx)
        self._begin(ctx)

    def _write(self, ctx: Context) -> None:
        ctx.disk.write("administrator", self._progress)
        ctx.disk.sync()
