"""The participant: it votes once, and after a yes it waits to be told (7.4).

Before it votes, a participant may abort alone: no transaction is committed without its vote. After a yes it is
*uncertain*: the others may have committed, or aborted, so it can do neither. It asks all others again and again
(*cooperative termination*). Whoever knows the decision tells it, and whoever has not voted aborts alone. If everybody
who can be reached is uncertain too, all of them are *blocked* until the coordinator is back.
"""

from __future__ import annotations

from clew.systems.node import Context
from clew.systems.two_phase_commit.log import DECIDED, Log
from clew.systems.two_phase_commit.messages import (
    ABORTED,
    Decision,
    Inquiry,
    Key,
    Outcome,
    Prepare,
    Read,
    Undecided,
    Vote,
    refuses,
)
from clew.systems.two_phase_commit.parameters import Parameters


class Participant:
    """The participant in all transactions on one node."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._log = Log("participant")

    def start(self, ctx: Context) -> None:
        """Ask about the transactions that an earlier life has voted yes to, and has not seen decided."""
        for key in self._log.recover(ctx, "prepared"):
            self._ask(ctx, key)

    def prepare(self, ctx: Context, coordinator: str, message: Prepare) -> None:
        """Vote. A yes is logged first: a participant that forgot it might abort alone. So is a no, which decides.

        A participant for which the transaction is over already is silent. If it has aborted for somebody who asked, its
        coordinator waits for the vote in vain, and aborts too.
        """
        key = message.key
        state = self._log.state(ctx, key)
        if state is None and refuses(ctx.name, key, message.refusals, ctx.nodes):
            self._log.write(ctx, key, ABORTED)
            ctx.send(coordinator, Vote(key, False))
        elif state is None:
            self._promise(ctx, key)
            ctx.send(coordinator, Vote(key, True))
            ctx.set_timer(f"participant/{key}", self._parameters.ask_again_after)
        elif state == "prepared":
            # A copy of the message. The vote may have been lost.
            ctx.send(coordinator, Vote(key, True))

    def decided(self, ctx: Context, source: str, message: Decision) -> None:
        """Do what is decided. It need not be forced to the log: a participant that forgets it asks again."""
        if self._log.state(ctx, message.key) not in DECIDED:
            self._log.write(ctx, message.key, message.fate, forced=False)
            ctx.cancel_timer(f"participant/{message.key}")

    def inquire(self, ctx: Context, source: str, message: Inquiry) -> None:
        """Tell an uncertain participant what is decided. Who has not voted decides now: it aborts."""
        key = message.key
        state = self._log.state(ctx, key)
        if state is None:
            ctx.count("aborts before voting")
            self._log.write(ctx, key, ABORTED)
            ctx.send(source, Decision(key, ABORTED))
        elif state in DECIDED:
            ctx.send(source, Decision(key, state))

    def read(self, ctx: Context, client: str, message: Read) -> None:
        """Tell a client how a transaction ended, if that is known here."""
        state = self._log.state(ctx, message.key)
        if state in DECIDED:
            ctx.send(client, Outcome(message.id, message.key, state))
        else:
            ctx.send(client, Undecided(message.id, message.key))

    def wake(self, ctx: Context, key: Key) -> None:
        """Ask, if no decision has come since the yes."""
        if self._log.state(ctx, key) == "prepared":
            self._ask(ctx, key)

    def _promise(self, ctx: Context, key: Key) -> None:
        self._log.write(ctx, key, "prepared")

    def _ask(self, ctx: Context, key: Key) -> None:
        """Ask everybody what was decided: the coordinator may be on this node, too."""
        ctx.count("inquiries")
        ctx.broadcast(Inquiry(key), including_self=True)
        ctx.set_timer(f"participant/{key}", self._parameters.ask_again_after)
