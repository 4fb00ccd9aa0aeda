"""Each variant shows where its description says: to clients, in an invariant, as silence, or not at all."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from clew.harness.plan import load, resolve
from clew.harness.run import simulate
from clew.harness.verdict.judge import judge
from clew.systems import Context, find_protocol
from clew.systems.rsl.messages import AppStateSupply, Message1a, Message1b, Message2a, Message2b
from clew.systems.rsl.parameters import Parameters
from clew.systems.rsl.replica import Replica
from clew.systems.rsl.types import Ballot, Vote
from tests.systems.rsl.single_roles import FIRST, SECOND, THIRD, batch, context, sent

RSL = find_protocol("rsl")
SEEDS = 12
BY_HISTORY = (
    "ignores-promises",
    "prefers-its-own",
    "half-quorums",
    "answers-before-quorum",
    "reads-locally",
    "answers-from-the-cache",
    "runs-retransmissions",
    "skips-holes",
    "as-published",
    "amnesia",
    "fsync-lies",
    "forgets-promises",
    "votes-without-promising",
    "takes-any-1b",
    "reuses-ballots",
    "counts-duplicates",
    "counts-across-ballots",
    "picks-the-lowest-ballot",
    "read-error-as-empty",
    "leads-foreign-views",
    "reuses-its-buffer",
    "evicts-replies",
    "mislabels-its-state",
    "counts-a-1b-twice",
)
BY_INVARIANT = (
    "promises-again",
    "truncates-at-the-fastest",
    "ignores-truncation",
    "supplies-no-replies",
    "installs-older-states",
)
BY_SILENCE = ("torn-writes",)
"""A replica that finds half a value on its disk stays silent. Sooner or later too many of them do."""
BY_NOBODY = ("handles-packets-twice",)


BROKEN_BY = {
    "leaders-use-their-own-ballots": ("leads-foreign-views",),
    "leaders-have-a-quorum": ("counts-a-1b-twice", "half-quorums", "takes-any-1b"),
    "requests-are-from-clients": ("reuses-its-buffer",),
    "every-2b-has-its-2a": ("leads-foreign-views",),
    "one-value-per-ballot-and-operation": ("reuses-ballots", "leads-foreign-views"),
    "vote-in-1b-is-from-earlier-ballot": ("promises-again",),
    "vote-in-1b-was-a-2a": ("leads-foreign-views",),
    "no-1b-hides-votes": ("amnesia", "fsync-lies", "read-error-as-empty"),
    "promises-are-kept": ("forgets-promises", "ignores-promises", "votes-without-promising", "promises-again"),
    "quorum-of-1b-permits-2a": ("prefers-its-own", "picks-the-lowest-ballot", "ignores-truncation", "takes-any-1b"),
    "chosen-value-binds-later-2a": ("ignores-promises", "prefers-its-own", "picks-the-lowest-ballot"),
    "chosen-quorums-match": ("ignores-promises", "picks-the-lowest-ballot", "counts-a-1b-twice"),
    "executors-agree": ("skips-holes", "reads-locally", "supplies-no-replies", "answers-from-the-cache"),
    "replies-are-chosen": ("answers-before-quorum", "counts-duplicates", "counts-across-ballots", "reads-locally"),
    "requests-run-once": ("runs-retransmissions", "as-published", "evicts-replies"),
    "supplied-states-are-chosen": ("mislabels-its-state", "supplies-no-replies", "evicts-replies"),
    "checkpoints-never-fall": ("installs-older-states", "amnesia"),
    "truncation-is-checkpointed": ("truncates-at-the-fastest",),
}
"""For each invariant, variants that break it within a few seeds of their hunt. docs/rsl.md lists the same."""
RSL_PAGE = Path(__file__).parents[3] / "docs" / "rsl.md"


@cache
def ran(variant: str, seed: int) -> tuple[dict[str, str], set[str]]:
    """The verdicts on one run of the variant's hunt, and the invariants that it broke."""
    hunted = RSL.hunted[variant]
    plan = resolve(load(hunted.plan), seed, [*hunted.settings, f"system.variant={variant}"])
    history, outcome = simulate(plan)
    verdicts = {name: check.verdict for name, check in judge(plan, history, outcome).checks.items()}
    return verdicts, {violation.invariant for violation in outcome.violations}


def checks(variant: str, seed: int) -> dict[str, str]:
    return ran(variant, seed)[0]


NAMED = sorted(
    [
        *((variant, invariant) for invariant, named in BROKEN_BY.items() for variant in named),
        *((variant, "clients") for variant in BY_HISTORY),
        *((variant, "a lemma") for variant in BY_INVARIANT),
    ]
)
"""Who can tell which variant. Those of one variant are neighbours: they look at the same runs."""


EACH = {(named[0], invariant) for invariant, named in BROKEN_BY.items()}
"""A variant for each invariant, for the suite: `make fuzz` runs all of them."""


@pytest.mark.parametrize(
    ("variant", "who"),
    [pytest.param(*one, marks=[] if one in EACH or one[1] not in BROKEN_BY else [pytest.mark.long]) for one in NAMED],
)
def test_a_variant_is_found_by_whoever_is_named_for_it(variant: str, who: str) -> None:
    def tells(seed: int) -> bool:
        if who == "clients":
            return checks(variant, seed)["linearizable"] == "invalid"
        if who == "a lemma":
            return checks(variant, seed)["invariants"] == "invalid"
        return who in ran(variant, seed)[1]

    assert any(map(tells, range(SEEDS)))


def test_every_invariant_is_broken_by_a_variant() -> None:
    assert set(BROKEN_BY) == {invariant.name for invariant in RSL.invariants(Parameters(), 3)}


def test_the_page_names_the_same_variants_for_each_invariant() -> None:
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in RSL_PAGE.read_text().splitlines()]
    listed = {row[1]: tuple(row[2].split(", ")) for row in rows if len(row) == 3 and row[1] in BROKEN_BY}
    assert listed == BROKEN_BY


def test_every_variant_is_in_one_of_the_lists() -> None:
    assert sorted(RSL.variants) == sorted([*BY_HISTORY, *BY_INVARIANT, *BY_SILENCE, *BY_NOBODY])


@pytest.mark.parametrize("variant", BY_SILENCE)
def test_clients_get_no_answers(variant: str) -> None:
    found = [checks(variant, seed) for seed in range(SEEDS // 3)]
    assert any(check["liveness"] == "invalid" for check in found)
    assert all(check["linearizable"] != "invalid" for check in found)


@pytest.mark.parametrize("variant", BY_NOBODY)
def test_nobody_can_tell(variant: str) -> None:
    for seed in range(3):
        assert checks(variant, seed)["linearizable"] == "valid"


@pytest.mark.parametrize(("variant", "after"), [(None, 3), ("installs-older-states", 1)])
def test_only_the_variant_takes_over_an_older_state(variant: str | None, after: int) -> None:
    node, ctx = life(variant, {})
    for number in range(3):
        node.executor.get_decision(FIRST, batch(number + 1))
        node.executor.execute(ctx)
    older = AppStateSupply(FIRST, 1, "[[0,1]]", {})
    node.receive(ctx, "n2", older)
    assert node.executor.ops_complete == after


def life(variant: str | None, disk: dict[str, bytes], name: str = "n1") -> tuple[Replica, Context]:
    ctx = context(name, disk)
    node = RSL.variant(variant).node(Parameters())
    assert isinstance(node, Replica)
    node.start(ctx)
    ctx.take()
    return node, ctx


@pytest.mark.parametrize(("variant", "votes"), [(None, False), ("forgets-promises", True), ("amnesia", True)])
def test_only_a_replica_that_forgot_its_promise_votes_for_an_older_leader_after_a_restart(
    variant: str | None, votes: bool
) -> None:
    disk: dict[str, bytes] = {}
    node, ctx = life(variant, disk)
    node.receive(ctx, "n3", Message1a(THIRD))
    node, ctx = life(variant, disk)
    node.receive(ctx, "n2", Message2a(SECOND, 0, batch(1)))
    assert (("n1", Message2b(SECOND, 0, batch(1))) in sent(ctx)) == votes


@pytest.mark.parametrize(
    ("variant", "votes"), [(None, False), ("votes-without-promising", True), ("ignores-promises", True)]
)
def test_only_the_variants_vote_below_their_last_vote(variant: str | None, votes: bool) -> None:
    node, ctx = life(variant, {})
    node.receive(ctx, "n3", Message2a(THIRD, 0, batch(1)))
    sent(ctx)
    node.receive(ctx, "n2", Message2a(SECOND, 0, batch(2)))
    assert (("n1", Message2b(SECOND, 0, batch(2))) in sent(ctx)) == votes


@pytest.mark.parametrize(("variant", "leads"), [(None, False), ("counts-a-1b-twice", True)])
def test_only_the_variant_leads_with_one_1b_that_came_twice(variant: str | None, leads: bool) -> None:
    node, ctx = life(variant, {})
    node.receive(ctx, "n2", Message1b(FIRST, 0, {}))
    node.receive(ctx, "n2", Message1b(FIRST, 0, {}))
    assert (node.proposer.current_state == 2) == leads


@pytest.mark.parametrize(("variant", "kept"), [(None, 300), ("evicts-replies", 255)])
def test_only_the_variant_forgets_replies_to_more_than_255_clients(variant: str | None, kept: int) -> None:
    node, ctx = life(variant, {})
    for number in range(300):
        node.executor.get_decision(FIRST, batch(1, client=f"c{number}"))
        node.executor.execute(ctx)
    assert len(node.executor.reply_cache) == kept
    assert node.executor.satisfied("c299", 1)


@pytest.mark.parametrize(("variant", "opens"), [(None, False), ("takes-any-1b", True)])
def test_only_the_variant_counts_a_1b_from_another_view(variant: str | None, opens: bool) -> None:
    node, ctx = life(variant, {})
    assert node.proposer.max_ballot_i_sent_1a == FIRST
    node.receive(ctx, "n1", Message1b(FIRST, 0, {}))
    node.receive(ctx, "n2", Message1b(Ballot(0, 0), 0, {}))
    assert (node.proposer.current_state == 2) == opens


@pytest.mark.parametrize(("variant", "again"), [(None, False), ("reuses-ballots", True), ("amnesia", True)])
def test_only_the_variants_use_a_ballot_again_after_a_restart(variant: str | None, again: bool) -> None:
    disk: dict[str, bytes] = {}
    life(variant, disk)
    ctx = context(disk=disk)
    RSL.variant(variant).node(Parameters()).start(ctx)
    assert (("n2", Message1a(FIRST)) in sent(ctx)) == again


def test_a_second_promise_reports_votes_in_the_ballot_that_it_promises() -> None:
    node, ctx = life("promises-again", {})
    node.receive(ctx, "n2", Message1a(SECOND))
    node.receive(ctx, "n2", Message2a(SECOND, 0, batch(1)))
    sent(ctx)
    node.receive(ctx, "n2", Message1a(SECOND))
    assert sent(ctx) == [("n2", Message1b(SECOND, 0, {0: Vote(SECOND, batch(1))}))]
