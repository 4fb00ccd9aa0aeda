"""What is tested: the node interface, the shipped systems and their known-broken variants."""

from clew.systems.invariant import Invariant, Sent, Violation
from clew.systems.node import Client, ClientContext, Context, Disk, Node, Operation, UnreadableDisk
from clew.systems.registry import UnknownSystem, find_system, names
from clew.systems.system import BadParameters, Hunted, NoParameters, System, Variant

__all__ = [
    "BadParameters",
    "Client",
    "ClientContext",
    "Context",
    "Disk",
    "Hunted",
    "Invariant",
    "NoParameters",
    "Node",
    "Operation",
    "Sent",
    "System",
    "UnknownSystem",
    "UnreadableDisk",
    "Variant",
    "Violation",
    "find_system",
    "names",
]
