"""Two-phase commit (Jim Gray, "Notes on Data Base Operating Systems", 1978): all nodes commit a transaction, or none.

Sections in the docstrings are those of chapter 7 of "Concurrency Control and Recovery in Database Systems" (Bernstein,
Hadzilacos and Goodman, 1987). Each key is a transaction of its own. Read `messages.py` first, then `coordinator.py` and
`participant.py`; `node.py` puts both on every node, and `client.py` asks them. `log.py` is what survives a crash.
`invariants.py` watches the rules of atomic commitment. `variants.py` has known ways to get the protocol wrong.
"""

from clew.systems.protocol import Protocol
from clew.systems.two_phase_commit.client import CommitClient
from clew.systems.two_phase_commit.invariants import invariants
from clew.systems.two_phase_commit.messages import Message
from clew.systems.two_phase_commit.node import CommitNode
from clew.systems.two_phase_commit.parameters import Parameters, validate
from clew.systems.two_phase_commit.variants import HUNTED, VARIANTS

system = Protocol(
    name="two-phase-commit",
    summary="two-phase commit: each key is a transaction, which all nodes commit or all abort",
    messages=Message,
    node=CommitNode,
    client=CommitClient,
    model="atomic-commit",
    functions=("submit", "read"),
    parameters=Parameters,
    validate=validate,
    invariants=invariants,
    variants=VARIANTS,
    hunted=HUNTED,
)
