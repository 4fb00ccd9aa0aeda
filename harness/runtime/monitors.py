"""The monitors of a run: the invariants and the landmarks of its system. They see messages as they are sent."""

from __future__ import annotations

from typing import Any

from clew.harness.plan import Plan
from clew.harness.runtime.failure import Part, raised
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.simulation.watchdog import NOT_OURS, Watchdog
from clew.systems import Invariant, Protocol, Sent
from clew.systems.landmark import Landmark


class Monitors:
    """The invariants and landmarks of one run. What they find goes into its outcome."""

    kinds: frozenset[type]
    """The types of messages that any of them watches. The others need not be shown to `look`."""

    def __init__(self, plan: Plan, system: Protocol, outcome: Outcome, watchdog: Watchdog) -> None:
        self._outcome = outcome
        self._watchdog = watchdog
        self._invariants: dict[type, list[Invariant]] = {}
        if "invariants" in plan.checks:
            for invariant in system.invariants(plan.system.parameters, plan.system.nodes):
                for kind in invariant.watches:
                    self._invariants.setdefault(kind, []).append(invariant)
        self._landmarks: dict[type, list[Landmark]] = {}
        for landmark in system.landmarks():
            for kind in landmark.watches:
                self._landmarks.setdefault(kind, []).append(landmark)
        self.kinds = frozenset((*self._invariants, *self._landmarks))

    def look(self, sent: Sent) -> None:
        """Show a message to the invariants and landmarks that watch its type.

        Raises `SystemFailure` if one of them raises.
        """
        for invariant in self._invariants.get(type(sent.message), ()):
            violation = self._ask("invariant", invariant, sent)
            if violation is not None:
                self._outcome.violations.append(violation)
                # A violated invariant is not asked again: what it has remembered makes no sense from here on.
                for kind, others in self._invariants.items():
                    self._invariants[kind] = [other for other in others if other is not invariant]
        for landmark in self._landmarks.get(type(sent.message), ()):
            if self._ask("landmark", landmark, sent):
                self._outcome.progress.landmarks[landmark.name] += 1

    def _ask(self, part: Part, monitor: Invariant | Landmark, sent: Sent) -> Any:
        self._watchdog.stepping = part, monitor.name
        try:
            return monitor.observe(sent)
        except NOT_OURS:
            raise
        except BaseException as error:
            raise raised(part, monitor.name, error) from None
        finally:
            self._watchdog.stepping = None
