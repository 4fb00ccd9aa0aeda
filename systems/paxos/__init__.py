"""Single-decree Paxos (Leslie Lamport, "Paxos Made Simple", 2001): processes agree on one value for each key.

Read `messages.py` first, then the roles: `acceptor.py`, `proposer.py` and `learner.py`. A node has all three
(`node.py`). `invariants.py` watches the lemmas of the proof. `variants.py` has known ways to get the protocol wrong.
"""

from clew.systems.paxos.client import PaxosClient
from clew.systems.paxos.invariants import invariants
from clew.systems.paxos.messages import Message
from clew.systems.paxos.node import PaxosNode
from clew.systems.paxos.parameters import Parameters, validate
from clew.systems.paxos.variants import HUNTED, VARIANTS
from clew.systems.protocol import Protocol

system = Protocol(
    name="paxos",
    summary="Single-decree Paxos: each key is decided once, for one of the values that clients propose",
    messages=Message,
    node=PaxosNode,
    client=lambda parameters: PaxosClient(),
    model="consensus",
    functions=("propose", "read"),
    parameters=Parameters,
    validate=validate,
    invariants=invariants,
    variants=VARIANTS,
    hunted=HUNTED,
)
