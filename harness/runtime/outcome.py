"""What a run leaves besides its history. It is kept up to date, so a run that is cut short leaves what there was."""

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
    """How far a run is, in numbers."""

    now: int = 0
    """The time of the cluster, in ns since the start of the run."""
    events: int = 0
    """Events of the runtime so far: messages delivered, timers, and what the conductor had to do."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Operations that have ended, by outcome: ok, fail, info."""
    faults: Counter[str] = field(default_factory=Counter)
    """Faults that have begun, by kind."""
    touched: Counter[str] = field(default_factory=Counter)
    """Faults that have affected a message while an operation was open, by kind. The others were wasted."""
    landmarks: Counter[str] = field(default_factory=Counter)
    """What the system's landmarks have seen in its messages."""
    messages: Counter[str] = field(default_factory=Counter)
    """Messages by fate: `sent` counts all of them; the others say why a message was lost."""
    processor: Counter[str] = field(default_factory=Counter)
    """Nanoseconds of processor time that each node has taken. Only for nodes that are processes of a live run."""
    protocol: Counter[str] = field(default_factory=Counter)
    """What nodes and clients have counted themselves, with `ctx.count`."""


@dataclass
class Outcome:
    """What a run leaves besides its history."""

    progress: Progress = field(default_factory=Progress)
    """How far the run is."""
    violations: list[Violation] = field(default_factory=list)
    """The invariants that were violated, each once, in their order."""
    unanswered: list[str] = field(default_factory=list)
    """Liveness failures: one sentence for each client whose final reads were not answered."""
    rested: int | None = None
    """When (ns) the workload was over. Operations that are invoked later are final reads. None until then."""
    finished: bool = False
    """Whether the run came to its end. False for a run that was cut short."""
    answered: int = 0
    """Operations of the workload that were `ok`. Final reads do not count."""
    stuck: Stuck | None = None
    """The completion that no order explains, if the plan stopped the run there."""
    notes: list[str] = field(default_factory=list)
    """What the runtime could not do as one would expect, a line each."""
    failure: SystemFailure | None = None
    """The part of the system that broke by itself."""

    @property
    def stopped(self) -> bool:
        """Whether the run was cut short by its plan, at the first violation."""
        return self.stuck is not None
