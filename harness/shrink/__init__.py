"""From a failing run to the smallest plan that still fails in the same way.

run           from a run folder to a run folder
explicit      the run as a plan that lists its operations and faults
shrink        rounds of passes over the plan, until a round finds nothing smaller
same_failure  the question about each candidate: does it fail in the same way?
budget        how much may be simulated
smallest      what small means, and the smallest plan so far
story         what happens in the shrunk plan, in words: its comment

Of a live run, whose time is real:

run_live      from a run folder to a run folder
frequency     how often a candidate must fail
fails_live    the question about each candidate
shrink_live   the search: coarse steps first

The passes:

members       leave out operations and faults
world         make the network plain
shape         fewer clients, nodes and keys; simpler operations
times         shorter, and rounder
arrange       the smallest plans arranged anew, with fewer faults or nodes
reduce        turn dials down with Hypothesis; several passes use it
"""

from clew.harness.shrink.explicit import explicit
from clew.harness.shrink.run import Shrunk, shrink_run
from clew.harness.shrink.run_live import ShrunkLive, shrink_live_run
from clew.harness.shrink.shrink import Tried, shrink

__all__ = ["Shrunk", "ShrunkLive", "Tried", "explicit", "shrink", "shrink_live_run", "shrink_run"]
