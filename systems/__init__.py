"""What is tested: the contracts of a system, the shipped protocols and their known-broken variants."""

from clew.systems.invariant import Invariant, Sent, Violation
from clew.systems.landmark import Landmark
from clew.systems.node import Client, ClientContext, Complete, Context, Disk, Node, Operation, Reply, UnreadableDisk
from clew.systems.program import Failed, Program, ProgramClient, ProgramCluster, ProgramNode
from clew.systems.protocol import Hunted, Protocol, Variant
from clew.systems.registry import UnknownSystem, find_protocol, find_system, names, protocols
from clew.systems.server import Server
from clew.systems.service import BadParameters, NoParameters, Service

__all__ = [
    "BadParameters",
    "Client",
    "ClientContext",
    "Complete",
    "Context",
    "Disk",
    "Failed",
    "Hunted",
    "Invariant",
    "Landmark",
    "NoParameters",
    "Node",
    "Operation",
    "Program",
    "ProgramClient",
    "ProgramCluster",
    "ProgramNode",
    "Protocol",
    "Reply",
    "Sent",
    "Server",
    "Service",
    "UnknownSystem",
    "UnreadableDisk",
    "Variant",
    "Violation",
    "find_protocol",
    "find_system",
    "names",
    "protocols",
]
