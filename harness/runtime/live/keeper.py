"""The keeper of a node: it brings the node where the faults want it, and the run does not wait for that.

    down ── start ──> up ── pause ──> paused
     ^                 │ <── resume ──   │
     └────── kill ─────┴──────────────────┘

It is told where the node should be, again whenever that changes, and takes one step after the other until the node is
there. A node that takes long to start delays nothing else. If it should be down before it has started, the start ends.

A node may need others before it serves, and faults may keep it from them. So its time to become ready counts from when
no fault is active.
"""

from __future__ import annotations

from math import inf
from typing import Protocol

import trio

from clew.harness.plan import Plan
from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.live.cluster import Cluster


class Owner(Protocol):
    """Who has keepers: the run."""

    plan: Plan
    cluster: Cluster

    def failed(self, failure: SystemFailure) -> None: ...


class Keeper:
    """Keeps one node."""

    def __init__(self, name: str, owner: Owner) -> None:
        self.name = name
        self._owner = owner
        self._up = self._paused = False
        self._wants_up, self._wants_paused = True, False
        self._calm = True
        self._changed = trio.Event()
        self._starting: trio.CancelScope | None = None
        self._patience = trio.CancelScope()
        """How long the node may take to become ready."""

    def want(self, *, up: bool, paused: bool, calm: bool) -> None:
        """Say where the node should be from now on, and whether no fault of any node or link is active."""
        self._wants_up, self._wants_paused = up, paused
        if calm != self._calm:
            self._calm = calm
            self._patience.deadline = self._deadline()
        self._changed.set()
        if self._starting is not None and not up:
            self._starting.cancel()

    def _deadline(self) -> float:
        return trio.current_time() + self._owner.plan.live.ready / 1e9 if self._calm else inf

    async def start(self) -> None:
        """Start the node. Returns when it serves, or when it should be down again.

        Raises `SystemFailure` if it ends by itself or does not serve in time.
        """
        cluster, patience = self._owner.cluster, trio.CancelScope(deadline=self._deadline())
        self._patience = patience
        began = patience.deadline
        with trio.CancelScope() as self._starting, patience:
            await cluster.start(self.name)
            self._up = True
        self._starting = None
        if self._up:
            return
        detail = cluster.last_words(self.name)
        await cluster.kill(self.name)
        if patience.cancelled_caught:
            since = "its start" if patience.deadline == began else "the faults ended"
            seconds = self._owner.plan.live.ready / 1e9
            raise SystemFailure("node", self.name, f"does not serve {seconds:g} s after {since}", detail)

    async def keep(self) -> None:
        """Bring the node where it should be, until cancelled. What breaks is told to the owner."""
        cluster = self._owner.cluster
        try:
            while True:
                if self._up and not self._wants_up:
                    await cluster.kill(self.name)
                    self._up = self._paused = False
                elif not self._up and self._wants_up and not self._wants_paused:
                    await self.start()
                elif self._up and self._paused != self._wants_paused:
                    self._paused = self._wants_paused
                    await (cluster.pause if self._paused else cluster.resume)(self.name)
                else:
                    await self._changed.wait()
                    self._changed = trio.Event()
        except SystemFailure as failure:
            self._owner.failed(failure)
