"""A key-value store on Multi-Paxos, built as the authors of "Pretend Synchrony" build theirs (v. Gleissenthall, Kıcı,
Bakst, Stefan and Jhala, POPL 2019; https://github.com/gleissen/goolong, `src/multipaxos`).

The log is a sequence of *instances*. Each decides one batch of commands by single-decree Paxos, as in `systems/paxos`:
the instance is the key there. Read `messages.py` first, then `replica.py`, which has the log, and `store.py`, which
runs it. `invariants.py` watches the lemmas. `variants.py` has known mistakes, those of the published code among them.
"""

from clew.systems.multipaxos.client import StoreClient
from clew.systems.multipaxos.invariants import invariants
from clew.systems.multipaxos.messages import Message
from clew.systems.multipaxos.parameters import Parameters, validate
from clew.systems.multipaxos.replica import Replica
from clew.systems.multipaxos.variants import HUNTED, VARIANTS
from clew.systems.protocol import Protocol

system = Protocol(
    name="multipaxos",
    summary="Multi-Paxos: a key-value store whose log is decided instance by instance, in batches",
    messages=Message,
    node=Replica,
    client=StoreClient,
    model="kv",
    functions=("get", "put", "cas", "delete"),
    parameters=Parameters,
    validate=validate,
    invariants=invariants,
    variants=VARIANTS,
    hunted=HUNTED,
)
