"""What every system under test has, whatever it is made of: all that a workload and a checker need to know.

Service ──┬── Protocol    sans-IO nodes and a client, which clew runs itself (protocol.py)
          └── Program     ordinary processes, which clew starts and talks to (program.py)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec


class NoParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of a system that has none."""


class BadParameters(ValueError):
    """Parameters that do not fit the cluster. `Service.validate` raises it; the user sees an error of the plan."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        """The name of the parameter that is wrong."""
        self.message = message
        """What is wrong, and what would be right."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """What clients can ask of a system, and what the system promises them."""

    name: str
    """The name of the system, as plans and histories give it."""

    summary: str
    """What the system is, in one line. `clew systems` prints it."""

    model: str | Callable[[Any], str]
    """The name of the checker's model that histories are checked against.

    It may be a function of the parameters. Read it through `model_of`.
    """

    functions: tuple[str, ...] | Callable[[Any], tuple[str, ...]]
    """The functions (`f` of an operation) that clients can invoke. The model must know each of them.

    It may be a function of the parameters. Read it through `functions_of`.
    """

    parameters: type[msgspec.Struct] = NoParameters
    """What a plan may set under `system:` besides `name`, `nodes` and `variant`. Each field has a default.

    A field of type `Annotated[int, msgspec.Meta(extra={"unit": "ns"})]` is a duration in nanoseconds. A plan gives it
    with its unit: `10ms`.
    """

    validate: Callable[[Any, int], None] = lambda parameters, nodes: None
    """`validate(parameters, nodes)` raises `BadParameters` if no cluster of that many nodes can have the parameters."""

    @property
    def has_leader(self) -> bool:
        """Whether clew can tell which node leads. Faults that hit the leader need it."""
        return False

    def model_of(self, parameters: Any) -> str:
        """The name of the model of a cluster with these parameters."""
        return self.model if isinstance(self.model, str) else self.model(parameters)

    def functions_of(self, parameters: Any) -> tuple[str, ...]:
        """The functions that clients of a cluster with these parameters can invoke."""
        return self.functions if isinstance(self.functions, tuple) else self.functions(parameters)
