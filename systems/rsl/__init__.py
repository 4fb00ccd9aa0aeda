"""RSL: IronFleet's replicated state machine library, a MultiPaxos with a machine-checked proof (Hawblitzel et al.,
SOSP 2015), after its protocol layer (microsoft/Ironclad, ironfleet/src/Dafny/Distributed/Protocol/RSL).

Read `types.py` and `messages.py`, then the roles: `acceptor.py`, `proposer.py`, `learner.py`, `executor.py`, with
`election.py` for who leads. A `replica.py` is all of them; `application.py` is what they replicate. `invariants/`
watches the lemmas of the proof, `variants/` has ways to get it wrong.
"""

from clew.systems.protocol import Protocol
from clew.systems.rsl.client import RslClient
from clew.systems.rsl.invariants import invariants
from clew.systems.rsl.messages import Message, StartingPhase2
from clew.systems.rsl.parameters import FUNCTIONS, Parameters, validate
from clew.systems.rsl.replica import Replica
from clew.systems.rsl.variants import VARIANTS
from clew.systems.rsl.variants.hunted import HUNTED

system = Protocol(
    name="rsl",
    summary="RSL: IronFleet's MultiPaxos, a replicated counter or key-value store",
    messages=Message,
    node=Replica,
    client=RslClient,
    model=lambda parameters: parameters.application,
    functions=lambda parameters: FUNCTIONS[parameters.application],
    parameters=Parameters,
    validate=validate,
    invariants=invariants,
    leads=StartingPhase2,
    variants=VARIANTS,
    hunted=HUNTED,
)
