"""CASPaxos: replicated state machines without logs (Denis Rystsov, 2018, arXiv 1802.07000).

There is one register for each key. Clients change it by submitting a function. Read `ballot.py`, `change.py` and
`messages.py` first, then the two roles: `acceptor.py` and `proposer.py`. A node has both (`node.py`). `membership.py`
changes the acceptors, and `collector.py` removes deleted registers. `invariants/` watches the lemmas of the proof.
`variants/` has known ways to get the protocol wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from clew.systems.caspaxos.change import Function
from clew.systems.caspaxos.client import CasPaxosClient
from clew.systems.caspaxos.invariants import invariants
from clew.systems.caspaxos.landmarks import landmarks
from clew.systems.caspaxos.messages import Message, Reconfigure
from clew.systems.caspaxos.node import CasPaxosNode
from clew.systems.caspaxos.objects import MODELS, OBJECTS
from clew.systems.caspaxos.parameters import Parameters, validate
from clew.systems.caspaxos.variants import HUNTED, VARIANTS
from clew.systems.protocol import Protocol

system = Protocol(
    name="caspaxos",
    summary="CASPaxos: a compare-and-set register for each key, without a log or a leader",
    messages=Message,
    node=CasPaxosNode,
    client=CasPaxosClient,
    model=lambda parameters: MODELS[parameters.object],
    functions=lambda parameters: tuple(OBJECTS[parameters.object]),
    parameters=Parameters,
    validate=validate,
    invariants=invariants,
    landmarks=landmarks,
    order=lambda parameters: Reconfigure if parameters.can_change_members else None,
    variants=VARIANTS,
    hunted=HUNTED,
)


def with_functions(name: str, *, functions: Mapping[str, Function], model: str | None = None) -> Protocol:
    """CASPaxos with change functions of your own: a system for a Python file that a plan names.

    Each function is the operation of its name, and takes the place of one that the object has. It gets the state of the
    register, None for an empty one, and the argument of the operation. It returns the new state, or `UNCHANGED`. The
    client is told the state that was chosen. A function must be pure: a proposer may apply it several times.

    `name` is the system's. `model` is what histories are checked against; None for the model of the object. The correct
    protocol is the only variant.
    """
    return replace(
        system,
        name=name,
        summary=f"CASPaxos with functions of its own: {', '.join(functions)}",
        node=lambda parameters: CasPaxosNode(parameters, functions=functions),
        client=lambda parameters: CasPaxosClient(parameters, functions),
        model=lambda parameters: model or MODELS[parameters.object],
        functions=lambda parameters: tuple({**OBJECTS[parameters.object], **functions}),
        variants={},
        hunted={},
    )
