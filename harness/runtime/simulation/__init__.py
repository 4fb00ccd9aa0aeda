"""The simulation runtime: virtual time, a seeded network, disks that lose what was not synced."""

from clew.harness.runtime.simulation.lockstep import open_nodes
from clew.harness.runtime.simulation.nodes import InlineNodes
from clew.harness.runtime.simulation.simulation import Simulation

__all__ = ["InlineNodes", "Simulation", "open_nodes"]
