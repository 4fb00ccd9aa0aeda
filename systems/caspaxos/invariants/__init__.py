"""The lemmas of the proof that CASPaxos is linearizable (paper, appendix), as invariants over the messages.

Each lemma builds on those before it:

1. Acceptors keep their promises and report their votes (`promises.py`). They vote only for what was proposed.
2. A proposer uses its own ballots, and proposes only with the promises of a quorum. A ballot stands for one value
   (`proposals.py`).
3. So nothing is chosen between a proposal and the value that it builds on.
4. So the chosen values form one chain. Versions grow by one along it, and no version has two values (`chosen.py`).
5. Clients are told only of values in the chain, and `fail` only if nothing was proposed for them (`answers.py`).
6. A deleted register is removed only when nothing from before can come back (`removals.py`).

A value is *proposed* when an `Accept` is sent with it, has a *vote* when an `Accepted` is sent for it, and is *chosen*
when an accept quorum has voted for it. A message counts when it is sent: what it relies on is on the sender's disk by
then. Each invariant costs a few dictionary look-ups a message, and memory for what was proposed since the last vote of
each acceptor (`horizon.py`).
"""

from __future__ import annotations

from clew.systems.caspaxos.invariants.answers import AnswersAreChosen, FailuresChangeNothing
from clew.systems.caspaxos.invariants.chosen import ChosenVersionIsFinal, NothingChosenBetween
from clew.systems.caspaxos.invariants.horizon import Horizon
from clew.systems.caspaxos.invariants.promises import PromisesAreKept, VotesAreReported, VotesWereProposed
from clew.systems.caspaxos.invariants.proposals import (
    BallotsAreOwn,
    OneValuePerBallot,
    ProposalsArePromised,
    UuidsAreDistinct,
    VersionsGrowByOne,
)
from clew.systems.caspaxos.invariants.removals import RemovalsArePrepared, TheOldIsRefused
from clew.systems.caspaxos.invariants.values import Values
from clew.systems.caspaxos.invariants.votes import Votes
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.invariant import Invariant


def invariants(parameters: Parameters, nodes: int) -> list[Invariant]:
    """All invariants, new for one run of a cluster of this many nodes."""
    names = tuple(f"n{number}" for number in range(1, nodes + 1))
    first = parameters.configuration(names)
    horizon = Horizon(names)
    votes, values = Votes(first, horizon), Values(horizon)
    return [
        PromisesAreKept(),
        VotesAreReported(),
        OneValuePerBallot(horizon),
        NothingChosenBetween(votes, horizon),
        ChosenVersionIsFinal(votes, horizon),
        VersionsGrowByOne(horizon),
        UuidsAreDistinct(values),
        AnswersAreChosen(votes, parameters.give_up_after),
        BallotsAreOwn(),
        ProposalsArePromised(first, horizon),
        VotesWereProposed(horizon),
        FailuresChangeNothing(parameters.give_up_after, values),
        *((RemovalsArePrepared(names, horizon), TheOldIsRefused(horizon)) if parameters.collect_after else ()),
    ]
