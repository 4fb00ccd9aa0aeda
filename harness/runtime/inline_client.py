"""The client of a thread: a sans-IO client whose steps are taken in this process, under the watchdog's eyes.

Both runtimes derive their clients from it. What they add is how messages come, and what becomes of effects.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from clew.harness.runtime.failure import Part, raised
from clew.harness.runtime.thread import Thread
from clew.harness.runtime.watchdog import NOT_OURS, Watchdog
from clew.systems.node import Client, ClientContext, Effect


class InlineClient:
    """The client of one thread, through all its processes: `replace` makes the client of the next one.

    Two mistakes of clients are made impossible by those who derive from it. A process with no open operation hears
    nothing: a fresh process would otherwise get replies to its predecessor. And a `Reply` to any other operation than
    the open one is dropped.
    """

    def __init__(
        self,
        thread: Thread,
        nodes: tuple[str, ...],
        random: Random,
        make: Callable[[], Client],
        replies: frozenset[type],
        watchdog: Watchdog,
    ) -> None:
        self.thread = thread
        self.name = thread.name
        self.timers: dict[str, int] = {}
        """The timers that are set; what the numbers say is the runtime's own."""
        self._make = make
        self._replies = replies
        self._watchdog = watchdog
        self._part: tuple[Part, str] = ("client", self.name)
        self._ctx = ClientContext(self.name, nodes, random, thread.number)
        self._client: Client
        self.replace()

    def replace(self) -> None:
        """Make a fresh client, with nothing left of the one before. Raises `SystemFailure` if that raises."""
        self._watchdog.stepping = self._part
        try:
            self._client = self._make()
        except NOT_OURS:
            raise
        except BaseException as error:
            raise raised("client", self.name, error) from None
        self._watchdog.stepping = None
        self.timers.clear()

    def _step(self, now: int, step: Callable[[ClientContext, Any], None], argument: Any) -> list[Effect]:
        """Call a method of the client. Returns its effects, until the next step. Raises `SystemFailure` if it raises.

        A step for a message is written out in both runtimes, without this call: most steps of a run are such.
        """
        ctx = self._ctx
        ctx.now = now
        ctx.effects.clear()
        self._watchdog.stepping = self._part
        try:
            step(ctx, argument)
        except NOT_OURS:
            raise
        except BaseException as error:
            raise raised("client", self.name, error) from None
        self._watchdog.stepping = None
        return ctx.effects
