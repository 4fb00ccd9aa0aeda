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

`lemma_QuorumIndexOverlap`, which says that two quorums share a replica, is arithmetic and has no invariant here. A
variant that breaks it breaks the lemmas that rest on it.

A message counts when it is sent: what it relies on is on the sender's disk by then. Each invariant costs a few
dictionary look-ups a message, and memory for what was proposed.
"""

from __future__ import annotations

from clew.systems.invariant import Invariant
from clew.systems.rsl.invariants.chosen import ChosenQuorumsMatch, ChosenValueBinds2a, QuorumOf1bPermits2a
from clew.systems.rsl.invariants.execution import ExecutorsAgree, RepliesAreChosen, TruncationIsCheckpointed
from clew.systems.rsl.invariants.votes import (
    Every2bHas2a,
    No1bHidesVotes,
    OneValuePerBallotAndOperation,
    PromisesAreKept,
    VoteIsFromEarlierBallot,
    VoteWas2a,
)
from clew.systems.rsl.parameters import Parameters, min_quorum_size


def invariants(parameters: Parameters, nodes: int) -> list[Invariant]:
    """All invariants, new for one run of a cluster of this many replicas."""
    quorum = min_quorum_size(nodes)
    return [
        Every2bHas2a(),
        OneValuePerBallotAndOperation(),
        VoteIsFromEarlierBallot(),
        VoteWas2a(),
        No1bHidesVotes(),
        PromisesAreKept(),
        QuorumOf1bPermits2a(quorum),
        ChosenValueBinds2a(quorum),
        ChosenQuorumsMatch(quorum),
        ExecutorsAgree(),
        RepliesAreChosen(quorum),
        TruncationIsCheckpointed(quorum),
    ]
