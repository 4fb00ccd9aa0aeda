"""What a run has come to besides its history, kept up to date while it goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clew.harness.runtime.failure import SystemFailure
from clew.systems import Violation

if TYPE_CHECKING:
    from clew.checkers import Stuck


@dataclass
class Progress:
    """How far a run is: virtual time in ns, events so far, completions by outcome, faults begun, messages by fate, and
    what nodes and clients count (`protocol`).

    `touched` are the faults that reached an operation: one was open when the fault cut off, swallowed or disturbed a
    message. `landmarks` are the system's own.
    """

    now: int = 0
    events: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    touched: Counter[str] = field(default_factory=Counter)
    landmarks: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    protocol: Counter[str] = field(default_factory=Counter)


@dataclass
class Outcome:
    """What a run leaves besides its history; kept up to date, so that a cancelled run leaves what there was."""

    progress: Progress = field(default_factory=Progress)
    violations: list[Violation] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    """Liveness failures, in words."""
    rested: int | None = None
    """When (ns) the workload was over and everything healed; what is invoked later is a final read."""
    finished: bool = False
    """False for a run that was cut short."""
    answered: int = 0
    """Operations of the workload, without the final reads, that were `ok`."""
    stuck: Stuck | None = None
    """The completion at which the plan had the run stopped, because no order explains it."""
    failure: SystemFailure | None = None
    """The part of the system that broke by itself."""

    @property
    def stopped(self) -> bool:
        """Whether the run was cut short by its plan, at the first violation."""
        return self.stuck is not None
