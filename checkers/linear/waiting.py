"""The configurations from which a return goes on, the cheapest first.

The cost is that of the operations of unknown outcome in `clew.checkers.contents`. In `clew.checkers.linear` it says how
many operations a configuration has used more than the one that the return began with. There an operation of
unknown outcome costs as much as several others: it may be missing later, and so many of them are open that sequences
of a few would be all that is tried. A sweep that keeps all configurations finds the same ones in any order.
"""

from __future__ import annotations

from clew.checkers.kernel import raw_kernel

COSTS = 64
"""How many different costs there are. Greater ones count as the greatest."""
COST_OF_UNKNOWN = 4
"""What an operation of unknown outcome costs; any other one costs 1."""
NONE = -1
"""No row."""


@raw_kernel
def nobody_waits(t):  # type: ignore[no-untyped-def]
    """Forget who waits."""
    t.at.cost = 0
    for cost in range(COSTS):
        t.heads_of_cost[cost] = NONE


@raw_kernel
def wait(t, row, cost):  # type: ignore[no-untyped-def]
    """Let a row of `seen` wait, behind those of equal cost."""
    cost = min(cost, COSTS - 1)
    t.cost[row] = cost
    t.behind[row] = NONE
    if t.heads_of_cost[cost] == NONE:
        t.heads_of_cost[cost] = row
    else:
        t.behind[t.tails_of_cost[cost]] = row
    t.tails_of_cost[cost] = row


@raw_kernel
def cheapest(t):  # type: ignore[no-untyped-def]
    """The row that is next, NONE if no row waits."""
    while t.at.cost < COSTS and t.heads_of_cost[t.at.cost] == NONE:
        t.at.cost += 1
    return t.heads_of_cost[t.at.cost] if t.at.cost < COSTS else NONE


@raw_kernel
def go_on_without(t, row):  # type: ignore[no-untyped-def]
    """Let the row that is next wait no longer. What began to wait meanwhile costs no less."""
    t.heads_of_cost[t.at.cost] = t.behind[row]
