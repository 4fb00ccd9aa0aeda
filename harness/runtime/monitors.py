"""The monitors of a run: the invariants and the landmarks of its system. They see messages as they are sent."""

from __future__ import annotations

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
        self._invariants: dict[type, list[tuple[Invariant, tuple[Part, str]]]] = {}
        if "invariants" in plan.checks:
            for invariant in system.invariants(plan.system.parameters, plan.system.nodes):
                for kind in invariant.watches:
                    self._invariants.setdefault(kind, []).append((invariant, ("invariant", invariant.name)))
        self._landmarks: dict[type, list[tuple[Landmark, tuple[Part, str]]]] = {}
        for landmark in system.landmarks():
            for kind in landmark.watches:
                self._landmarks.setdefault(kind, []).append((landmark, ("landmark", landmark.name)))
        self.kinds = frozenset((*self._invariants, *self._landmarks))

    def look(self, sent: Sent) -> None:
        """Show a message to the invariants and landmarks that watch its type.

        Raises `SystemFailure` if one of them raises.
        """
        watchdog = self._watchdog
        who: tuple[Part, str]
        try:
            for invariant, who in self._invariants.get(type(sent.message), ()):
                watchdog.stepping = who
                violation = invariant.observe(sent)
                if violation is not None:
                    self._outcome.violations.append(violation)
                    self._forget(invariant)
            for landmark, who in self._landmarks.get(type(sent.message), ()):
                watchdog.stepping = who
                if landmark.observe(sent):
                    self._outcome.progress.landmarks[landmark.name] += 1
        except NOT_OURS:
            raise
        except BaseException as error:
            raise raised(*who, error) from None
        watchdog.stepping = None

    def _forget(self, violated: Invariant) -> None:
        """Do not ask a violated invariant again: what it has remembered makes no sense from here on."""
        for kind, others in self._invariants.items():
            self._invariants[kind] = [other for other in others if other[0] is not violated]
