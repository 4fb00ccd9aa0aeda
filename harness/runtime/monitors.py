"""The monitors of a run: the invariants and the landmarks of its system. They see messages as they are sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clew.harness.plan import Plan
from clew.harness.runtime.failure import Part, raised
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.watchdog import NOT_OURS, Watchdog
from clew.systems import Invariant, Protocol, Sent, Violation
from clew.systems.landmark import Landmark

_Who = tuple[Part, str]
"""The kind of part and its name, as the watchdog and a failure want them."""
_Watch = tuple[_Who, Callable[[Sent], Any], Callable[[_Who, Any], None]]
"""Who watches, its `observe`, and what to do with a finding. Looked up once: most messages have several of them."""


class Monitors:
    """The invariants and landmarks of one run. What they find goes into its outcome."""

    watching: dict[type, list[_Watch]]
    """Who watches messages of a type. Messages of other types must not be shown to `look`."""

    def __init__(self, plan: Plan, system: Protocol, outcome: Outcome, watchdog: Watchdog) -> None:
        self._outcome = outcome
        self._watchdog = watchdog
        self.watching = {}
        if "invariants" in plan.checks:
            for invariant in system.invariants(plan.system.parameters, plan.system.nodes):
                self._add(("invariant", invariant.name), invariant, self._violated)
        for landmark in system.landmarks():
            self._add(("landmark", landmark.name), landmark, self._reached)

    def look(self, sent: Sent) -> None:
        """Show a message to the invariants and landmarks that watch its type.

        Raises `SystemFailure` if one of them raises.
        """
        watchdog = self._watchdog
        try:
            for who, observe, found in self.watching[type(sent.message)]:
                watchdog.stepping = who
                finding = observe(sent)
                if finding:
                    found(who, finding)
        except NOT_OURS:
            raise
        except BaseException as error:
            raise raised(*who, error) from None
        watchdog.stepping = None

    def _add(self, who: _Who, watcher: Invariant | Landmark, found: Callable[[_Who, Any], None]) -> None:
        for kind in watcher.watches:
            self.watching.setdefault(kind, []).append((who, watcher.observe, found))

    def _violated(self, violated: _Who, violation: Violation) -> None:
        self._outcome.violations.append(violation)
        # It is not asked again: what it has remembered makes no sense from here on.
        for kind, watches in self.watching.items():
            self.watching[kind] = [watch for watch in watches if watch[0] is not violated]

    def _reached(self, landmark: _Who, reached: bool) -> None:
        _, name = landmark
        self._outcome.progress.landmarks[name] += 1
