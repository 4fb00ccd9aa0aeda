"""CASPaxos: replicated state machines without logs (Denis Rystsov, 2018, arXiv 1802.07000).

There is one register for each key. Clients change it by submitting a function. Read `ballot.py`, `change.py` and
`messages.py` first, then the two roles: `acceptor.py` and `proposer.py`. A node has both (`node.py`). `invariants.py`
watches the lemmas of the proof. `variants.py` has known ways to get the protocol wrong.
"""

from clew.systems.caspaxos.client import CasPaxosClient
from clew.systems.caspaxos.invariants import invariants
from clew.systems.caspaxos.landmarks import landmarks
from clew.systems.caspaxos.messages import Message
from clew.systems.caspaxos.node import CasPaxosNode
from clew.systems.caspaxos.parameters import Parameters, validate
from clew.systems.caspaxos.variants import HUNTED, VARIANTS
from clew.systems.protocol import Protocol

system = Protocol(
    name="caspaxos",
    summary="CASPaxos: a compare-and-set register for each key, without a log or a leader",
    messages=Message,
    node=CasPaxosNode,
    client=lambda parameters: CasPaxosClient(),
    model="cas-register",
    functions=("read", "write", "cas"),
    parameters=Parameters,
    validate=validate,
    invariants=invariants,
    landmarks=landmarks,
    variants=VARIANTS,
    hunted=HUNTED,
)
