"""Mistakes of the administrator, who changes the acceptors."""

from __future__ import annotations

from clew.systems.caspaxos.configuration import majority
from clew.systems.caspaxos.membership import Administrator, Step
from clew.systems.caspaxos.messages import Configured
from clew.systems.node import Context


class RescanlessAdministrator(Administrator):
    """Skips the rescan: it changes the acceptors without executing the identity change on every key.

    The paper warns of it (2.3.2): an acceptor that leaves takes its votes along, and an empty one comes in its place.
    So one acceptor after the other can be replaced, until nobody has what was accepted.

    A client sees acknowledged writes vanish.
    """

    def _steps(self, members: tuple[str, ...], next_members: tuple[str, ...]) -> tuple[Step, ...]:
        return tuple(step for step in super()._steps(members, next_members) if step.kind != "rescan")


class HastyAdministrator(Administrator):
    """Goes to the goal at once: all that leave do so in one change, and so do all that join.

    It takes the steps of the paper otherwise, and rescans before every change. But the paper changes one acceptor at a
    time (2.3): then a majority of the acceptors before and a majority of those after have one in common. A majority of
    three and the only one that stays need not. The rescan only leaves the values with some majority of the three.

    A client sees acknowledged writes vanish.
    """

    def _steps(self, members: tuple[str, ...], next_members: tuple[str, ...]) -> tuple[Step, ...]:
        steps = super()._steps(members, next_members)
        rescan = Step("rescan", members)
        return steps if rescan in steps else (rescan, *steps)

    def _next_members(self, ctx: Context, members: tuple[str, ...]) -> tuple[str, ...]:
        goal = members if self._goal is None else self._goal
        staying = tuple(node for node in members if node in goal)
        if staying and staying != members:
            return staying
        return tuple(node for node in ctx.nodes if node in members or node in goal)


class ImpatientAdministrator(Administrator):
    """Goes on when a majority of the proposers has the new configuration.

    One change too late is no harm: the majorities before and after share an acceptor. But a proposer that is cut off
    from the administrator misses the next change, too. Its majority of three acceptors and the others' majority of five
    need not share one. Nobody tells it later: it uses the old configuration until there is a new one.

    A client sees acknowledged writes vanish, and come back.
    """

    def configured(self, ctx: Context, source: str, message: Configured) -> None:
        progress = self._progress
        is_answer = progress is not None and message.configuration.number == progress.number
        if is_answer and source in self._waits_for and len(self._waits_for) <= len(ctx.nodes) - majority(ctx.nodes) + 1:
            self._waits_for = {source: self._waits_for[source]}
        super().configured(ctx, source, message)
