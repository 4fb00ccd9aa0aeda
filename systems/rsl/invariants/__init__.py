"""The lemmas of the proof that RSL is safe (CommonProof/), as invariants over the messages.

Each lemma rests on those below it:

                    lemma_ChosenQuorumsMatchValue
                                 │
              lemma_ChosenQuorumAnd2aFromLaterBallotMatchValues
         ┌───────────────────────┼──────────────────────────────┐
    2a: 1b quorum permits it   1b: with and without a vote    one 2a for each ballot and place
                                 │                              │
                               a vote is from an earlier      a 2b has its 2a
                               ballot, and was a 2a

Beside them stand the lemmas about leaders (`leaders.py`), about requests and the replies to them (`requests.py`,
`execution.py`), and about states that are supplied (`transfer.py`). docs/rsl.md has a table: lemma, invariant, and the
variants that break it.

A message counts when it is sent: what it relies on is on the sender's disk by then. Each invariant costs a few
dictionary look-ups a message. Their memory is that of `log.py`: what some replica has not executed yet.
"""

from __future__ import annotations

from clew.systems.invariant import Invariant
from clew.systems.rsl.invariants.chosen import ChosenQuorumsMatch, ChosenValueBinds2a, QuorumOf1bPermits2a
from clew.systems.rsl.invariants.execution import (
    CheckpointsNeverFall,
    ExecutorsAgree,
    RepliesAreChosen,
    TruncationIsCheckpointed,
)
from clew.systems.rsl.invariants.leaders import LeadersHaveAQuorum, LeadersUseTheirOwnBallots
from clew.systems.rsl.invariants.log import Log
from clew.systems.rsl.invariants.promises import Promises
from clew.systems.rsl.invariants.requests import RequestsAreFromClients, RequestsRunOnce
from clew.systems.rsl.invariants.transfer import SuppliedStatesAreChosen
from clew.systems.rsl.invariants.votes import (
    Every2bHas2a,
    No1bHidesVotes,
    OneValuePerBallotAndOperation,
    PromisesAreKept,
    VoteIsFromEarlierBallot,
    VoteWas2a,
)
from clew.systems.rsl.parameters import APPLICATIONS, Parameters, min_quorum_size


def invariants(parameters: Parameters, nodes: int) -> list[Invariant]:
    """All invariants, new for one run of a cluster of this many replicas."""
    quorum = min_quorum_size(nodes)
    application = APPLICATIONS[parameters.application]
    log, promises = Log(nodes, quorum, application), Promises()
    return [
        LeadersUseTheirOwnBallots(nodes),
        LeadersHaveAQuorum(promises, quorum),
        RequestsAreFromClients(log),
        Every2bHas2a(log),
        OneValuePerBallotAndOperation(log),
        VoteIsFromEarlierBallot(),
        VoteWas2a(log),
        No1bHidesVotes(log),
        PromisesAreKept(),
        QuorumOf1bPermits2a(log, promises, quorum),
        ChosenValueBinds2a(log),
        ChosenQuorumsMatch(log),
        ExecutorsAgree(log),
        RepliesAreChosen(log),
        RequestsRunOnce(log),
        SuppliedStatesAreChosen(log, application),
        CheckpointsNeverFall(log),
        TruncationIsCheckpointed(log, quorum),
    ]
