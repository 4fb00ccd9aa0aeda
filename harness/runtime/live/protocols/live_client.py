"""One client of a protocol in a live run: a sans-IO client in the harness."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Protocol

import msgspec

from clew.harness.runtime.failure import SystemFailure, raised
from clew.harness.runtime.inline_client import InlineClient
from clew.harness.runtime.live.protocols.messages import Messages
from clew.harness.runtime.thread import Thread
from clew.harness.runtime.watchdog import NOT_OURS, Watchdog
from clew.histories.event import MALFORMED
from clew.systems.node import CancelTimer, Client, ClientContext, Complete, Count, Log, Operation, Send, SetTimer


class Surroundings(Protocol):
    """What a client's effects are carried out by."""

    def now(self) -> int: ...
    def at(self, time: int, call: Callable[[], None]) -> None: ...
    def completed(self, thread: Thread, result: Complete) -> None: ...
    def sends(self, client: LiveClient, now: int, destination: str, message: Any, body: bytes) -> None: ...
    def counts(self, name: str, amount: int) -> None: ...
    def logs(self, client: LiveClient, now: int, text: str) -> None: ...


class LiveClient(InlineClient):
    """The client of one thread. If there is a `hears`, it gets the client, the time and the id of each message that
    comes. `timers` holds when each is due."""

    def __init__(
        self,
        thread: Thread,
        nodes: tuple[str, ...],
        random: Random,
        make: Callable[[], Client],
        replies: frozenset[type],
        messages: Messages,
        around: Surroundings,
        hears: Callable[[LiveClient, int, int], None] | None,
        watchdog: Watchdog,
    ) -> None:
        super().__init__(thread, nodes, random, make, replies, watchdog)
        self._messages = messages
        self._around = around
        self._now = around.now
        self._hears = hears
        self._rings = 1 << 62
        self._encode = msgspec.json.Encoder().encode

    def invoke(self, operation: Operation) -> None:
        """Take a step: start an operation."""
        self._take(self._now(), self._client.invoke, operation)

    def receive(self, id: int, source: str, body: bytes) -> None:
        """Take a step: a message has come."""
        if self._hears is not None:
            self._hears(self, self._now(), id)
        operation = self.thread.operation
        if operation is None:
            return
        message = self._messages.known.get(body)
        if message is None:
            try:
                message = self._messages.decode(body)
            except MALFORMED as error:
                self._around.logs(self, self._now(), f"ignored a packet that is not a message, from {source}: {error}")
                return
        if self._replies and type(message) in self._replies and message.id != operation.id:
            return
        # `_take`, without the call: most steps of a client are this one.
        ctx = self._ctx
        ctx.now = now = self._now()
        self._watchdog.stepping = self._part
        try:
            self._client.receive(ctx, source, message)
        except NOT_OURS:
            raise
        except BaseException as error:
            raise raised("client", self.name, error) from None
        self._watchdog.stepping = None
        if ctx.effects:
            self._carry_out(now)

    def _ring(self) -> None:
        """Some timer may be due."""
        now = self._now()
        self._rings = 1 << 62
        for name, due in list(self.timers.items()):
            if due <= now and self.timers.get(name) == due:
                del self.timers[name]
                self._take(now, self._client.wake, name)
        if self.timers:
            self._ring_at(min(self.timers.values()))

    def _ring_at(self, due: int) -> None:
        # Most timers are cancelled. So there is one alarm for all of them, and it may ring for nothing.
        self._rings = due
        self._around.at(due, self._ring)

    def _take(self, now: int, step: Callable[[ClientContext, Any], None], argument: Any) -> None:
        if self._step(now, step, argument):
            self._carry_out(now)

    def _carry_out(self, now: int) -> None:
        done: Complete | None = None
        effects = self._ctx.effects
        for effect in effects:
            if type(effect) is Send:
                try:
                    body = self._encode(effect.message)
                except (msgspec.MsgspecError, TypeError) as error:
                    what = f"sends something that is not a message of its system: {effect.message!r:.200} ({error})"
                    raise SystemFailure("client", self.name, what) from None
                self._around.sends(self, now, effect.destination, effect.message, body)
            elif type(effect) is SetTimer:
                due = self.timers[effect.name] = now + (effect.delay if effect.delay > 0 else 1)
                if due < self._rings:
                    self._ring_at(due)
            elif type(effect) is CancelTimer:
                self.timers.pop(effect.name, None)
            elif type(effect) is Count:
                self._around.counts(effect.name, effect.amount)
            elif type(effect) is Log:
                self._around.logs(self, now, effect.text)
            elif type(effect) is Complete and done is None:
                done = effect
                if effect.type == "info":
                    # It is the last word of a process.
                    break
        effects.clear()
        if done is not None and self.thread.operation is not None:
            # Last: the next operation may begin before this returns.
            self._around.completed(self.thread, done)
