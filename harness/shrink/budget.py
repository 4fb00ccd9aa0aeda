"""How much a shrink may simulate. Events are counted instead of seconds: they are the same on every machine."""

from __future__ import annotations

DESCENT = 900_000
"""Events that one descent may spend: about twenty seconds."""
DESCENT_PLAIN = 500_000
"""The same in a plain network, where more of the candidates fail as wanted."""
DESCENT_RUNS = 150
"""A descent may always spend what this many runs of the plan cost. So a large plan gets a fair number of candidates."""
PLAIN_NETWORKS = 300_000
"""Events for looking for the failure of a whole run in plain networks. Most of these candidates do not fail."""
ARRANGEMENTS = 1_000_000
"""Events for arranging the smallest plans anew. There are many candidates, all of them small: about ten seconds."""
ROUND_DESCENTS = 1.5
"""The budget of a round, in descents."""
OVERHEAD = 150
"""Events that are charged for each candidate on top of its own: the time that Hypothesis and the checker take."""


class OutOfEvents(Exception):
    """The budget is spent."""


class EventBudget:
    """The events that the current round, and the current descent in it, may still spend.

    A round gets the same budget, and spends it in the same way, whatever was simulated before it.
    """

    def __init__(self) -> None:
        self.spent = 0
        self._cost = 0
        self._round = float("inf")
        self._descent = float("inf")

    def begin_round(self, cost: int) -> None:
        """Begin a round. `cost` is the number of events in a run of its plan."""
        self.spent = 0
        self._cost = cost
        self._round = max(DESCENT, DESCENT_RUNS * cost) * ROUND_DESCENTS
        self._descent = self._round

    def begin(self, plain: bool, most: int | None = None) -> None:
        """Begin a descent, in a plain network or not. `most` is its budget, if not the usual one."""
        usual = max(DESCENT_PLAIN if plain else DESCENT, DESCENT_RUNS * self._cost)
        self._descent = min(self.spent + (most or usual), self._round)

    def check(self) -> None:
        """Raise `OutOfEvents` if the budget is spent."""
        if self.spent > self._descent:
            raise OutOfEvents
