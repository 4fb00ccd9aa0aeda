"""The simulation runtime: virtual time, a seeded network, disks that lose what was not synced."""

from harness.simulation.lockstep import open_nodes
from harness.simulation.nodes import InlineNodes, NodeFailure
from harness.simulation.outcome import Outcome, Progress
from harness.simulation.simulation import Simulation

__all__ = ["InlineNodes", "NodeFailure", "Outcome", "Progress", "Simulation", "open_nodes"]
