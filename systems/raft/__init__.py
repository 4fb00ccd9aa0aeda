"""Raft: a replicated log with a strong leader (Diego Ongaro and John Ousterhout, "In Search of an Understandable
Consensus Algorithm", extended version, 2014). Sections and figures in the docstrings are the paper's.

Read `messages.py` first, then `log.py` and `store.py`, which is what the log replicates. `server.py` has what every
server does, `leader.py` what only the leader does, and `node.py` the way from one to the other. `membership.py` has how
servers join and leave. `invariants/` watches the lemmas of the proof. `variants.py` has known ways to get the protocol
wrong.
"""

from clew.systems.protocol import Protocol
from clew.systems.raft.client import RaftClient
from clew.systems.raft.invariants import invariants
from clew.systems.raft.messages import Lead, Message, Reconfigure
from clew.systems.raft.node import RaftNode
from clew.systems.raft.parameters import FUNCTIONS, Parameters, validate
from clew.systems.raft.variants import HUNTED, VARIANTS

system = Protocol(
    name="raft",
    summary="Raft: a replicated log with a strong leader, as a key-value store, or its election alone",
    messages=Message,
    node=RaftNode,
    client=RaftClient,
    model=lambda parameters: parameters.object,
    functions=lambda parameters: FUNCTIONS[parameters.object],
    parameters=Parameters,
    validate=validate,
    invariants=invariants,
    leads=Lead,
    order=lambda parameters: Reconfigure if parameters.can_change_members else None,
    variants=VARIANTS,
    hunted=HUNTED,
)
