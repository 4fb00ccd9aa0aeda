"""RSL: IronFleet's replicated state machine library, a MultiPaxos with a machine-checked proof (Hawblitzel et al.,
SOSP 2015).

This follows the protocol layer of the original: microsoft/Ironclad, ironfleet/src/Dafny/Distributed/Protocol/RSL. The
docstrings call it the *specification*. A name in parentheses is a file or function there: (LAcceptorProcess1a).

Read `types.py` and `messages.py` first, then the roles: `acceptor.py`, `proposer.py`, `learner.py` and `executor.py`.
`election.py` decides who leads. A replica has all roles (`replica.py`). `application.py` is what they replicate.
`invariants/` watches the lemmas of the proof. `variants/` has ways to get the protocol wrong.
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
