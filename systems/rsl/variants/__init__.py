"""RSL with one mistake each, all of them made by somebody before or one character away."""

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
    InstallsOlderStates,
    ReadsLocally,
    RunsRetransmissions,
    SuppliesNoReplies,
)
from clew.systems.rsl.variants.learners import (
    AnswersBeforeQuorum,
    CountsAcrossBallots,
    CountsDuplicates,
    SkipsHoles,
    half,
)
from clew.systems.rsl.variants.proposers import (
    IgnoresTruncation,
    PicksTheLowestBallot,
    PrefersItsOwn,
    ReusesBallots,
    TakesAny1b,
)


def made_of(roles: Roles) -> Callable[[Parameters], Replica]:
    """Replicas of these roles."""
    return lambda params: Replica(params, roles)


VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "forgets-promises",
            "acceptors lose their promise in a restart: acknowledged increments vanish",
            made_of(Roles(acceptor=ForgetsPromises)),
        ),
        Variant(
            "ignores-promises",
            "acceptors vote in any ballot: a leader that was replaced replaces its successor's batches",
            IgnoresPromises,
        ),
        Variant(
            "votes-without-promising",
            "a vote is no promise: an acceptor that missed a 1a goes back to an older leader",
            made_of(Roles(acceptor=VotesWithoutPromising)),
        ),
        Variant(
            "promises-again",
            "acceptors promise the same ballot twice: no client can notice",
            made_of(Roles(acceptor=PromisesAgain)),
        ),
        Variant(
            "reuses-ballots",
            "a restarted proposer uses its ballot again: 1b's that come late let it decide twice",
            made_of(Roles(proposer=ReusesBallots)),
        ),
        Variant(
            "prefers-its-own",
            "a new leader proposes its own batch where votes exist: acknowledged increments vanish",
            made_of(Roles(proposer=PrefersItsOwn)),
        ),
        Variant(
            "picks-the-lowest-ballot",
            "a new leader picks the lowest ballot's batch: acknowledged increments vanish",
            made_of(Roles(proposer=PicksTheLowestBallot)),
        ),
        Variant(
            "half-quorums",
            "half the replicas are a quorum: two leaders answer next to each other",
            made_of(Roles(min_quorum_size=half)),
        ),
        Variant(
            "counts-duplicates",
            "a vote that arrives twice counts twice: what was never chosen is acknowledged",
            made_of(Roles(learner=CountsDuplicates)),
        ),
        Variant(
            "counts-across-ballots",
            "votes of different ballots add up: what was never chosen is acknowledged",
            made_of(Roles(learner=CountsAcrossBallots)),
        ),
        Variant(
            "takes-any-1b",
            "1b's of other ballots count: votes cast since are overlooked",
            made_of(Roles(proposer=TakesAny1b)),
        ),
        Variant(
            "answers-before-quorum",
            "one vote is a decision: acknowledged increments vanish with their leader",
            made_of(Roles(learner=AnswersBeforeQuorum)),
        ),
        Variant(
            "reads-locally",
            "the leader answers reads by itself: a leader that is cut off answers with the past",
            ReadsLocally,
        ),
        Variant(
            "truncates-at-the-fastest",
            "the log is truncated at the highest checkpoint: no client sees a wrong answer, some may see none",
            made_of(Roles(acceptor=TruncatesAtTheFastest)),
        ),
        Variant(
            "ignores-truncation",
            "a new leader begins below the truncation points of its quorum: places are used twice",
            IgnoresTruncation,
        ),
        Variant(
            "supplies-no-replies",
            "states are supplied without the replies that go with them: requests run twice",
            made_of(Roles(executor=SuppliesNoReplies)),
        ),
        Variant(
            "installs-older-states",
            "an older state replaces a newer one: no client can notice",
            made_of(Roles(executor=InstallsOlderStates)),
        ),
        Variant(
            "answers-from-the-cache",
            "the reply cache does not compare numbers: clients get the reply to an earlier request",
            made_of(Roles(executor=AnswersFromTheCache)),
        ),
        Variant(
            "runs-retransmissions",
            "a request runs each time it is decided: increments count twice",
            made_of(Roles(executor=RunsRetransmissions)),
        ),
        Variant(
            "skips-holes",
            "replicas execute past what they have not learned: increments are left out",
            SkipsHoles,
        ),
        Variant(
            "as-published",
            "IronFleet's protocol as published, without at-most-once: increments count twice",
            made_of(Roles(executor=AsPublished)),
        ),
        Variant(
            "amnesia",
            "a restarted replica has forgotten everything: acknowledged increments vanish",
            Amnesiac,
        ),
        *host_variants(Replica),
    )
}
