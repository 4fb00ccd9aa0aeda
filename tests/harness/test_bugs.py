"""docs/bugs.md is true: every bug that the page lists as found is found again."""

from __future__ import annotations

import sys
from itertools import accumulate
from pathlib import Path

import pytest

from clew.harness.bench.bugs import (
    SEEDS_MOST,
    Bug,
    Missed,
    Variant,
    bugs,
    documented,
    measure,
    plan_cell,
    rewritten,
    rows_of,
    seeds_to_failure,
    table,
)
from clew.harness.plan import load, resolve
from clew.harness.run import simulate
from clew.harness.verdict.judge import judge
from clew.systems import find_protocol, protocols
from tests.harness.conftest import Clew

PAGE = Path(__file__).parents[2] / "docs" / "bugs.md"
KNOWN, MISSED = documented(PAGE.read_text())
SECONDS = 2.0
"""How long the suite hunts, by the figures of the page: the variants that are found fastest. `make fuzz` hunts all."""
LARGE = {
    ("rsl", "evicts-replies"),  # it takes more than 255 clients
    ("rsl", "counts-a-1b-twice"),  # it hangs on which of many messages are lost
    ("caspaxos", "fails-what-it-proposed"),  # on that as well
    ("caspaxos", "no-fast-forward"),  # a proposer must be far behind
    ("paxos", "votes-without-promising"),  # five nodes must be cut in one way after the other
    ("multipaxos", "votes-without-promising"),  # that as well
    ("multipaxos", "runs-twice"),  # a client must ask twice, and others must write in between
    ("raft", "appends-unchecked"),  # logs must grow apart
    ("disco", "reads-unfinished-versions"),  # in a network without losses, crashes stand for lost messages
    ("mapreduce", "counts-both-executions"),  # a job must have many map tasks, of three records each
    ("raft", "counts-older-terms"),  # Figure 8 of the paper takes four leaders
}
"""Variants whose failures stay large after shrinking."""
BY_SECONDS = sorted(KNOWN, key=lambda variant: (KNOWN[variant][1], variant))
FAST = [
    variant
    for variant, spent in zip(BY_SECONDS, accumulate(KNOWN[variant][1] for variant in BY_SECONDS), strict=True)
    if spent <= SECONDS
]

SETTINGS = sorted(
    {(one.plan, one.settings) for name in protocols() for one in find_protocol(name).hunted.values() if one.settings}
)


@pytest.mark.parametrize(
    "variant",
    [variant if variant in FAST else pytest.param(variant, marks=pytest.mark.long) for variant in BY_SECONDS],
    ids="-".join,
)
def test_a_variant_that_was_found_is_found_within_three_times_its_seeds(variant: Variant) -> None:
    # The figure is the median of ten starts. This is the first one, whose failure the page shrinks.
    assert seeds_to_failure(variant, 0, 3 * KNOWN[variant][0])[0] is not None


@pytest.mark.parametrize("step", [12, pytest.param(1, marks=pytest.mark.long)], ids=["one seed", "all"])
@pytest.mark.parametrize(("plan", "settings"), SETTINGS)
def test_the_correct_system_is_valid_under_the_settings_by_which_a_variant_is_hunted(
    plan: str, settings: tuple[str, ...], step: int
) -> None:
    """For plans as they are shipped, `test_shipped_plans` and `test_rsl_plans` show this."""
    fewer = ["workload.rate=40"] if resolve(load(plan)).workload.rate else []
    for seed in range(0, 12, step):
        drawn = resolve(load(plan), seed, [*settings, "system.variant=none", *fewer])
        result = judge(drawn, *simulate(drawn))
        assert result.verdict == "valid", (seed, result.explanation)


def test_the_fast_ones_are_more_than_a_quarter_of_them() -> None:
    assert len(FAST) > len(KNOWN) / 4


def test_a_page_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected a row of a table"):
        documented("| caspaxos | dirty-reads | 2 |\n")


def test_every_bug_shrinks_to_a_few_operations_and_faults_within_a_minute() -> None:
    """By the figures of the page: operations, faults, and seconds of processor time."""
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in PAGE.read_text().splitlines()]
    shrunk = {tuple(row[:2]): row for row in rows if tuple(row[:2]) in KNOWN}
    assert set(shrunk) == set(KNOWN)
    for variant in sorted(set(shrunk) - LARGE):
        row = shrunk[variant]
        operations, faults, _, seconds = row[7:11]
        assert (int(operations) <= 8, int(faults) <= 4, float(seconds) <= 60) == (True, True, True), variant


def test_every_variant_of_every_system_is_on_the_page() -> None:
    assert {*KNOWN, *MISSED} == set(bugs()), "run: clew bench bugs --write docs/bugs.md"
    for system in protocols():
        assert {variant for name, variant in bugs([system]) if name == system} == set(find_protocol(system).variants)


def test_every_row_names_the_plan_of_its_hunt_and_what_the_hunt_changes_in_it() -> None:
    hunted = {variant: find_protocol(variant[0]).hunted[variant[1]] for variant in bugs()}
    rows = {(row[0], row[1]): row[2] for row in rows_of(PAGE.read_text())}
    assert rows == {variant: plan_cell(one.plan, one.settings) for variant, one in hunted.items()}
    settings = ("network.drop=0.1", "workload.rate=9")
    assert "| plan, network.drop=0.1, workload.rate=9 |" in table([Missed("s", "w", "plan", 9, None, "", settings)])


@pytest.mark.parametrize("variant", sorted(MISSED), ids="-".join)
def test_a_variant_that_no_client_notices_says_why(variant: Variant) -> None:
    system, name = variant
    assert find_protocol(system).hunted[name].unnoticed


@pytest.mark.parametrize(("missing", "seeds"), [(0, 3), (4, 3), (5, None), (9, None)])
def test_a_bug_that_half_of_the_starts_do_not_find_has_no_figure(
    monkeypatch: pytest.MonkeyPatch, missing: int, seeds: int | None
) -> None:
    """The last `missing` of the ten starts find nothing."""
    starts = iter([(3, "linearizable")] * (10 - missing) + [(None, None)] * missing)
    module = sys.modules["clew.harness.bench.bugs"]
    monkeypatch.setattr(module, "seeds_to_failure", lambda bug, first: next(starts))
    monkeypatch.setattr(module, "seeds_to_lemma", lambda bug, first: None)
    monkeypatch.setattr(module, "_shrunk", lambda plan: (2, 1, 3, 0.5))
    found = measure(("caspaxos", "dirty-reads"))
    assert isinstance(found, Bug)
    assert found.seeds == seeds


def test_the_rows_of_one_system_are_replaced_and_those_of_the_others_stay() -> None:
    page = PAGE.read_text()
    found = [
        Bug("caspaxos", "new", "plan", "wrong answers", 3, 0.5, 1, 2, 1, 3, 9.0),
        Missed("caspaxos", "quiet", "plan", 100, 7, "it is right"),
    ]
    rows = rows_of(rewritten(page, found, ["caspaxos"]))
    assert {row[1] for row in rows if row[0] == "caspaxos"} == {"new", "quiet"}
    assert [row for row in rows if row[0] != "caspaxos"] == [row for row in rows_of(page) if row[0] != "caspaxos"]
    assert rows[0][0] == "caspaxos", "the systems keep their order"
    assert rewritten(page, [], ["nobody"]) == page
    assert rewritten("# Title\n", found, ["caspaxos"]) == f"# Title\n{table(found)}"


@pytest.mark.parametrize("known", ["caspaxos", pytest.param("rsl", marks=pytest.mark.long)])
def test_the_command_replaces_the_rows_of_a_system(
    clew_call: Clew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: str
) -> None:
    module = sys.modules["clew.harness.bench.bugs"]
    monkeypatch.setattr(
        module, "measured", lambda wanted, executor: [Missed(*bug, "plan", 100, 7, "") for bug in wanted]
    )
    page = tmp_path / "bugs.md"
    page.write_text(PAGE.read_text())
    done = clew_call("bench", "bugs", "--system", known, "--write", str(page))
    assert done.returncode == 0, done.stderr
    found, missed = documented(page.read_text())
    assert set(found) | missed == set(bugs())
    assert {variant for variant in missed if variant[0] == known} == set(bugs([known]))
    assert {variant for variant in found if variant[0] != known} == {one for one in KNOWN if one[0] != known}


def test_a_page_that_is_in_another_form_is_refused_before_anything_is_measured(clew_call: Clew, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("| caspaxos | dirty-reads |\n")
    done = clew_call("bench", "bugs", "--system", "rsl", "--write", "page.md")
    assert done.returncode == 254
    assert "--write page.md: expected a row of a table of bugs, found: caspaxos | dirty-reads" in done.stderr


def test_a_page_keeps_its_words_and_gets_new_tables() -> None:
    found = [
        Bug("s", "v", "plan", "wrong answers", 3, 0.5, 1, 2, 1, 3, 9.0),
        Bug("s", "u", "plan", "no answers", 2, 0.5, None, 2, 1, 3, 9.0),
        Bug("s", "y", "plan", "wrong answers", None, 0.5, 1, 2, 1, 3, 9.0),
        Missed("s", "w", "plan", 100, None, "it is right"),
        Missed("s", "x", "plan", 100, 7, ""),
    ]
    page = rewritten("# Title\n\n| old |\n\n| other |\n\nEnd\n", found)
    assert page == f"# Title\n\n{table(found)}\nEnd\n"
    assert rewritten(page, found) == page
    known = {("s", "v"): (3, 0.5), ("s", "u"): (2, 0.5), ("s", "y"): (SEEDS_MOST, 0.5)}
    assert documented(page) == (known, {("s", "w"), ("s", "x")})
    assert f"| s | y | plan | wrong answers | more than {SEEDS_MOST} | 0.5 | 1 |" in page
    assert "| s | v | plan | wrong answers | 3 | 0.5 | 1 | 2 |" in page
    assert "| s | u | plan | no answers | 2 | 0.5 | no lemma | 2 |" in page
    assert "| s | w | plan | 100 | no lemma | it is right |" in page
    assert "| s | x | plan | 100 | 7 | it could |" in page
