"""Mistakes of the administrator, who changes the acceptors."""

from __future__ import annotations

from clew.systems.caspaxos.membership import Administrator, Step


class RescanlessAdministrator(Administrator):
    """Skips the rescan: it changes the acceptors without executing the identity change on every key.

    The paper warns of it (2.3.2): an acceptor that leaves takes its votes along, and an empty one comes in its place.
    So one acceptor after the other can be replaced, until nobody has what was accepted.

    A client sees acknowledged writes vanish.
    """

    def _steps(self, members: tuple[str, ...], next_members: tuple[str, ...]) -> tuple[Step, ...]:
        return tuple(step for step in super()._steps(members, next_members) if step.kind != "rescan")
