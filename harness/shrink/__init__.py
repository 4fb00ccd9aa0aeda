"""From a failing run to the smallest plan that still fails the same way.

explicit    the run as a plan of explicit operations and faults          the very same run
reduce      dials turned down by Hypothesis, with the simulation as the test
members     operations and faults left out
world       the network made plain
shape       fewer clients, nodes and keys, simpler operations
times       shorter, and rounder
arrange     the smallest plans arranged anew, with fewer faults or nodes
smallest    what small means, and the smallest so far
shrink      the passes, one after the other, until none of them finds anything
story       what is left, in words: the comment of the shrunk plan
"""

from clew.harness.shrink.explicit import explicit
from clew.harness.shrink.run import Shrunk, shrink_run
from clew.harness.shrink.shrink import shrink

__all__ = ["Shrunk", "explicit", "shrink", "shrink_run"]
