"""Variants of RSL. Each has one mistake: one from a real system, or one that is a single character away."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clew.systems.host_variants import host_variants
from clew.systems.protocol import Variant
from clew.systems.rsl.parameters import Parameters
from clew.systems.rsl.replica import Replica, Roles
from clew.systems.rsl.variants.acceptors import (
    ForgetsPromises,
    IgnoresPromises,
    PromisesAgain,
    TruncatesAtTheFastest,
    VotesWithoutPromising,
)
from clew.systems.rsl.variants.executors import (
    Amnesiac,
    AnswersFromTheCache,
    AsPublished,
    EvictsReplies,
    InstallsOlderStates,
    MislabelsItsState,
    ReadsLocally,
    RunsRetransmissions,
    SuppliesNoReplies,
)
from clew.systems.rsl.variants.learners import (
    AnswersBeforeQuorum,
    CountsAcrossBallots,
    CountsDuplicates,
    SkipsHoles,
    half_quorum,
)
from clew.systems.rsl.variants.proposers import (
    CountsA1bTwice,
    IgnoresTruncation,
    LeadsForeignViews,
    PicksTheLowestBallot,
    PrefersItsOwn,
    ReusesBallots,
    ReusesItsBuffer,
    TakesAny1b,
)


def replica_factory(roles: Roles) -> Callable[[Parameters], Replica]:
    """A function that makes a replica with these roles, given its parameters."""
    return lambda params: Replica(params, roles)


VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "forgets-promises",
            "acceptors lose their promise when they restart, so acknowledged increments vanish",
            replica_factory(Roles(acceptor=ForgetsPromises)),
        ),
        Variant(
            "ignores-promises",
            "acceptors vote below their promise, so an old leader overwrites its successor's batches",
            IgnoresPromises,
        ),
        Variant(
            "votes-without-promising",
            "a vote is not a promise, so an old leader overwrites its successor's batches",
            replica_factory(Roles(acceptor=VotesWithoutPromising)),
        ),
        Variant(
            "promises-again",
            "acceptors promise the same ballot twice, but no client can tell",
            replica_factory(Roles(acceptor=PromisesAgain)),
        ),
        Variant(
            "reuses-ballots",
            "a restarted proposer uses its last ballot again, so late 1b's let it overwrite its own batches",
            replica_factory(Roles(proposer=ReusesBallots)),
        ),
        Variant(
            "prefers-its-own",
            "a new leader proposes its own batch where there are votes already, so acknowledged increments vanish",
            replica_factory(Roles(proposer=PrefersItsOwn)),
        ),
        Variant(
            "picks-the-lowest-ballot",
            "a new leader picks the batch of the lowest ballot, so acknowledged increments vanish",
            replica_factory(Roles(proposer=PicksTheLowestBallot)),
        ),
        Variant(
            "half-quorums",
            "half the replicas count as a quorum, so two leaders answer at the same time",
            replica_factory(Roles(min_quorum_size=half_quorum)),
        ),
        Variant(
            "counts-duplicates",
            "a vote that arrives twice counts twice, so increments are acknowledged that were never chosen",
            replica_factory(Roles(learner=CountsDuplicates)),
        ),
        Variant(
            "counts-across-ballots",
            "votes of different ballots are added up, so increments are acknowledged that were never chosen",
            replica_factory(Roles(learner=CountsAcrossBallots)),
        ),
        Variant(
            "takes-any-1b",
            "a new leader counts 1b's for older ballots, so it overlooks votes that came after them",
            replica_factory(Roles(proposer=TakesAny1b)),
        ),
        Variant(
            "counts-a-1b-twice",
            "a 1b that arrives twice counts twice, so a leader begins without a quorum and increments vanish",
            replica_factory(Roles(proposer=CountsA1bTwice)),
        ),
        Variant(
            "leads-foreign-views",
            "an old leader goes on in its successor's ballot, so two batches are proposed at one place of the log",
            replica_factory(Roles(proposer=LeadsForeignViews)),
        ),
        Variant(
            "reuses-its-buffer",
            "all requests of a batch get the contents of the last, so reads count and increments do not",
            replica_factory(Roles(proposer=ReusesItsBuffer)),
        ),
        Variant(
            "answers-before-quorum",
            "one vote is enough to decide a batch, so acknowledged increments vanish with their leader",
            replica_factory(Roles(learner=AnswersBeforeQuorum)),
        ),
        Variant(
            "reads-locally",
            "the leader answers reads without a quorum, so a leader that is cut off returns old values",
            ReadsLocally,
        ),
        Variant(
            "truncates-at-the-fastest",
            "the log is truncated at the highest checkpoint, so clients may get no answers, but no wrong ones",
            replica_factory(Roles(acceptor=TruncatesAtTheFastest)),
        ),
        Variant(
            "ignores-truncation",
            "a new leader begins below the truncation points of its quorum, so two batches run at one place of the log",
            IgnoresTruncation,
        ),
        Variant(
            "supplies-no-replies",
            "states are supplied without the reply cache, so requests run twice",
            replica_factory(Roles(executor=SuppliesNoReplies)),
        ),
        Variant(
            "evicts-replies",
            "the reply cache has room for 255 clients, so with more of them requests run twice",
            replica_factory(Roles(executor=EvictsReplies)),
        ),
        Variant(
            "mislabels-its-state",
            "a supplied state claims an operation that it does not contain, so increments are left out",
            replica_factory(Roles(executor=MislabelsItsState)),
        ),
        Variant(
            "installs-older-states",
            "an older state replaces a newer one, so a checkpoint falls, but no client can tell",
            replica_factory(Roles(executor=InstallsOlderStates)),
        ),
        Variant(
            "answers-from-the-cache",
            "the reply cache does not compare request numbers, so clients get the reply to an earlier request",
            replica_factory(Roles(executor=AnswersFromTheCache)),
        ),
        Variant(
            "runs-retransmissions",
            "a request runs each time that it is decided, so increments count twice",
            replica_factory(Roles(executor=RunsRetransmissions)),
        ),
        Variant(
            "skips-holes",
            "replicas skip operations that they have not learned, so increments are left out",
            SkipsHoles,
        ),
        Variant(
            "as-published",
            "the protocol as IronFleet published it may run a request twice, so increments count twice",
            replica_factory(Roles(executor=AsPublished)),
        ),
        Variant(
            "amnesia",
            "a restarted replica has forgotten everything, so acknowledged increments vanish",
            Amnesiac,
        ),
        *host_variants(Replica),
    )
}
