"""The invariants of a protocol, shown the messages of a cluster of three."""

from __future__ import annotations

from typing import Any

from clew.systems import Sent, Violation, find_protocol

Line = tuple[str, str, Any]
"""One message: its source, its destination, its body. Line number n is sent at 10 n ns."""


def observe(system: str, *lines: Line, parameters: Any = None) -> list[Violation]:
    """The violations that these messages cause. `parameters` are the defaults of the system unless given."""
    protocol = find_protocol(system)
    monitors = protocol.invariants(protocol.parameters() if parameters is None else parameters, 3)
    found = []
    for number, (source, destination, message) in enumerate(lines):
        for monitor in monitors:
            sent = Sent(number, 10 * number, source, destination, message)
            violation = monitor.observe(sent) if type(message) in monitor.watches else None
            if violation is not None:
                assert (violation.invariant, violation.time) == (monitor.name, 10 * number)
                assert number in violation.messages
                found.append(violation)
    return found


def broken(system: str, *lines: Line, parameters: Any = None) -> set[str]:
    """The names of the invariants that these messages break."""
    return {violation.invariant for violation in observe(system, *lines, parameters=parameters)}


def explain(system: str, invariant: str, *lines: Line) -> str:
    """How this invariant explains its violation. The messages must violate it exactly once."""
    [violation] = [violation for violation in observe(system, *lines) if violation.invariant == invariant]
    return violation.explanation
