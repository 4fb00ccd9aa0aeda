"""Saying one thing to all (Broadcast.i.dfy)."""

from __future__ import annotations

from clew.systems.node import Context, Message


def broadcast_to_everyone(ctx: Context, message: Message) -> None:
    """Send a message to every replica, this one included (LBroadcastToEveryone)."""
    for node in ctx.nodes:
        ctx.send(node, message)
