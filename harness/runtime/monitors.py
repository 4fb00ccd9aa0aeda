"""Who sees all messages as they are sent: the invariants of a system, and its landmarks."""

from __future__ import annotations

from clew.harness.plan import Plan
from clew.harness.runtime.failure import raised
from clew.harness.runtime.outcome import Outcome
from clew.systems import Invariant, Protocol, Sent
from clew.systems.landmark import Landmark


class Watchers:
    """The invariants and landmarks of one run; what they find goes to its outcome.

    `kinds` are the types of messages that any of them watches: the others need not be shown.
    """

    def __init__(self, plan: Plan, system: Protocol, outcome: Outcome) -> None:
        self._outcome = outcome
        self._monitors: dict[type, list[Invariant]] = {}
        if "invariants" in plan.checks:
            for monitor in system.invariants(plan.system.parameters, plan.system.nodes):
                for kind in monitor.watches:
                    self._monitors.setdefault(kind, []).append(monitor)
        self._landmarks: dict[type, list[Landmark]] = {}
        for landmark in system.landmarks():
            for kind in landmark.watches:
                self._landmarks.setdefault(kind, []).append(landmark)
        self.kinds = frozenset((*self._monitors, *self._landmarks))

    def look(self, sent: Sent) -> None:
        """Show a message to the invariants and landmarks that watch its type."""
        for monitor in self._monitors.get(type(sent.message), ()):
            try:
                violation = monitor.observe(sent)
            except Exception:
                raise raised("invariant", monitor.name) from None
            if violation is not None:
                self._outcome.violations.append(violation)
                # It has said what it had to say, and what it saw makes no sense from here on.
                for kind, others in self._monitors.items():
                    self._monitors[kind] = [other for other in others if other is not monitor]
        for mark in self._landmarks.get(type(sent.message), ()):
            if mark.observe(sent):
                self._outcome.progress.landmarks[mark.name] += 1
