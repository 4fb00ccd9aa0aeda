"""What is tested: the node interface, the shipped systems and their known-broken variants."""

from systems.invariant import Invariant, Sent, Violation
from systems.node import Client, ClientContext, Context, Disk, Node, Operation, UnreadableDisk
from systems.registry import UnknownSystem, find, names
from systems.system import BadParameters, Hunted, NoParameters, System, Variant

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
    "find",
    "names",
]
