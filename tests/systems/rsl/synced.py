"""Checks the messages of a replica against its disk: whatever a message relies on must survive a crash."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import msgspec

from clew.systems import Context, Node, UnreadableDisk
from clew.systems.node import NOTHING, Send, Sync, Write
from clew.systems.rsl.acceptor import Promise, WrittenVote
from clew.systems.rsl.checkpoint import CheckpointDisk
from clew.systems.rsl.messages import Heartbeat, Message1a, Message1b, Message2a, Message2b, StartingPhase2
from clew.systems.rsl.parameters import Parameters
from clew.systems.rsl.types import ZERO, Ballot, Vote


class Synced:
    """What is synced on one replica's disk."""

    def __init__(self, parameters: Parameters) -> None:
        self._slots = parameters.max_log_length
        self._kept: dict[str, bytes] = {}
        self._waiting: dict[str, bytes] = {}

    def recover(self, disk: dict[str, bytes]) -> None:
        """Begin a life with this disk."""
        self._kept, self._waiting = dict(disk), {}

    def observe(self, effect: Any) -> str | None:
        """Look at an effect. Returns what a message relies on that is not on disk, or None."""
        if type(effect) is Write:
            self._waiting[effect.key] = bytes(effect.value)
        elif type(effect) is Sync:
            self._kept = {key: data for key, data in (self._kept | self._waiting).items() if data != NOTHING}
            self._waiting.clear()
        elif type(effect) is Send:
            return self._unsupported(effect.message)
        return None

    def _unsupported(self, m: Any) -> str | None:
        match m:
            case Message1a(bal) | StartingPhase2(bal, _) | Message2a(bal, _, _):
                if self._read("proposer/max_ballot_i_sent_1a", Ballot, ZERO) < bal:
                    return f"leads ballot {bal}, which is not on disk"
            case Message1b(bal, point, votes):
                if self._promise().max_bal < bal:
                    return f"promises ballot {bal}, which is not on disk"
                if self._promise().log_truncation_point < point:
                    return f"has truncated at {point}, which is not on disk"
                for opn, vote in votes.items():
                    if self._vote(opn) != WrittenVote(opn, vote):
                        return f"tells of a vote at {opn}, which is not on disk"
            case Message2b(bal, opn, value):
                if self._promise().max_bal < bal:
                    return f"votes in ballot {bal}, a promise which is not on disk"
                # A vote below the truncation point is sent, but not kept.
                if opn >= self._promise().log_truncation_point and self._vote(opn) != WrittenVote(
                    opn, Vote(bal, value)
                ):
                    return f"votes at {opn}, which is not on disk"
            case Heartbeat(_, _, point):
                if self._executed() < point:
                    return f"has a checkpoint at {point}, which is not on disk"
        return None

    def _executed(self) -> int:
        """How many operations a replica that recovers now has executed."""
        try:
            state, operations = CheckpointDisk().read(Context("n1", (), Random(0), self._kept))
        except UnreadableDisk:
            return 0
        return 0 if state is None else state.ops_complete + len(operations)

    def _promise(self) -> Promise:
        return self._read("acceptor/promise", Promise, Promise(ZERO, 0))

    def _vote(self, opn: int) -> WrittenVote | None:
        return self._read(f"acceptor/vote/{opn % self._slots}", WrittenVote, None)

    def _read(self, key: str, kind: Any, default: Any) -> Any:
        try:
            return msgspec.json.decode(self._kept[key], type=kind) if key in self._kept else default
        except msgspec.DecodeError:
            return default


class Checked:
    """A replica whose messages are checked against its disk. What is wrong is added to `broken`.

    `said` counts its messages by type.
    """

    def __init__(self, node: Node, parameters: Parameters, broken: list[str], said: Counter[type]) -> None:
        self._node = node
        self._synced = Synced(parameters)
        self._broken = broken
        self._said = said

    def start(self, ctx: Context) -> None:
        found = ctx.disk.keys()
        self._synced.recover({key: bytes(ctx.disk.read(key, msgspec.Raw) or b"") for key in found})
        self._node.start(ctx)
        self._look(ctx)

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        self._node.receive(ctx, source, message)
        self._look(ctx)

    def wake(self, ctx: Context, timer: str) -> None:
        self._node.wake(ctx, timer)
        self._look(ctx)

    def _look(self, ctx: Context) -> None:
        """Look at the effects of the step, before the host takes them."""
        for effect in ctx.effects:
            unsupported = self._synced.observe(effect)
            if unsupported is not None:
                self._broken.append(f"{ctx.name} at {ctx.now}: {unsupported}")
            if type(effect) is Send:
                self._said[type(effect.message)] += 1
