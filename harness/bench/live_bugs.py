"""Every known bug as a live run: is it found, and after how many runs? And the correct systems, in the same plans.

The plans are those with which the simulation hunts the variants (`Protocol.hunted`), carried out live. A simulated plan
may depend on exact moments, which real time does not repeat. What is not found in `RUNS_MOST` runs says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor

import msgspec

from clew.harness.bench.bugs import SEEN_BY_CLIENTS, Variant, bugs, rows_as_text
from clew.harness.hunt.executor import results
from clew.harness.hunt.trial import Trial, trial
from clew.harness.plan import Plan, Source, load, loads, resolve
from clew.harness.plan.source import SHIPPED
from clew.systems import find_protocol

RUNS_MOST = 20
"""Runs after which a variant counts as not found, and runs of each plan with the correct system."""
LIVE = ("runtime=live", "recovery.after=200ms")
"""The settings of all live runs: real nodes need no second to rest."""


SLOWER: Mapping[Variant, int] = {
    ("caspaxos", "reuses-ballots"): 4,
    ("caspaxos", "keeps-its-counter"): 4,
    ("caspaxos", "removes-promises"): 4,
    ("paxos", "votes-without-promising"): 4,
    ("raft", "counts-older-terms"): 4,
    ("rsl", "ignores-promises"): 4,
}
"""How many times slower the plan of a variant is made, if its moments are too exact for real time."""
REASONS: Mapping[Variant, str] = {
    (
        "rsl",
        "reuses-ballots",
    ): "a node must be up again, 5 ms after it was killed, between the arrivals of two messages; "
    "a process takes longer than that to start",
    (
        "multipaxos",
        "votes-without-promising",
    ): "the timers of two nodes must fall into the same steps of a chain of six cuts and a pause",
    ("rsl", "takes-any-1b"): "one message must leave in a window of 10 ms, and arrive 1.1 s later between two views",
}
"""Why clients do not notice a variant in live runs."""
DURATION = re.compile(r"\b(\d+)(ms|s)\b")
"""A duration in the text of a shipped plan."""


class LiveBug(msgspec.Struct, frozen=True):
    """What live runs have shown of a variant."""

    system: str
    variant: str
    plan: str
    """The plan that hunts it."""
    settings: tuple[str, ...]
    """What was changed in the plan."""
    seen: str | None
    """What clients saw: `wrong answers` or `no answers`. None if they saw nothing."""
    runs: int
    """Runs until a client saw it; if none did, all runs."""
    lemma: int | None
    """Runs until a lemma broke; None if none did."""


class Correct(msgspec.Struct, frozen=True):
    """What live runs have shown of a correct system in one of these plans."""

    system: str
    plan: str
    settings: tuple[str, ...]
    runs: int
    failed: tuple[str, ...]
    """What failed in each run that did. Each is a false alarm, or a bug that nobody knew."""
    undecided: int
    """Runs that could not be decided."""


def drawn(bug: Variant, seed: int, *, broken: bool = True) -> Plan:
    """The live plan that hunts a bug, with this seed: with the variant, or with the correct system."""
    system, variant = bug
    hunted = find_protocol(system).hunted[variant]
    name = variant if broken else "null"
    source = load(hunted.plan) if bug not in SLOWER else slower(hunted.plan, SLOWER[bug])
    return resolve(source, seed, [*hunted.settings, *LIVE, f"system.variant={name}"])


def slower(plan: str, times: int) -> Source:
    """A shipped plan in which everything takes so many times as long: latencies, periods, faults and timeouts.

    What must come within 10 ms in the plan then has 40 ms: real time hits that.
    """
    text = (SHIPPED / f"{plan}.yaml").read_text(encoding="utf-8")
    return loads(DURATION.sub(lambda found: f"{int(found[1]) * times}{found[2]}", text), f"{plan}.yaml", SHIPPED)


def measure(bug: Variant) -> LiveBug:
    """Run a variant live until a client sees it break, or `RUNS_MOST` times. Takes seconds a run."""
    lemma: int | None = None
    seen: str | None = None
    for seed in range(RUNS_MOST):
        found = trial(drawn(bug, seed)).signature
        if found is not None and lemma is None and found.invariant is not None:
            lemma = seed + 1
        if found is not None and found.broke in SEEN_BY_CLIENTS:
            seen = SEEN_BY_CLIENTS[found.broke]
            break
    system, variant = bug
    plan = find_protocol(system).hunted[variant].plan
    return LiveBug(system, variant, plan, settings_of(bug), seen, seed + 1, lemma)


def measure_correct(bug: Variant) -> Correct:
    """Run the correct system live, `RUNS_MOST` times, in the plan that hunts this variant."""
    tried: list[Trial] = [trial(drawn(bug, seed, broken=False)) for seed in range(RUNS_MOST)]
    return Correct(
        bug[0],
        find_protocol(bug[0]).hunted[bug[1]].plan,
        settings_of(bug),
        len(tried),
        tuple(f"seed {one.seed}: {one.signature}" for one in tried if one.signature is not None),
        sum(one.signature is None and one.verdict == "unknown" for one in tried),
    )


def settings_of(bug: Variant) -> tuple[str, ...]:
    """What is changed in the plan that hunts a variant, except that it runs live."""
    slow = (f"{SLOWER[bug]} times slower",) if bug in SLOWER else ()
    return (*find_protocol(bug[0]).hunted[bug[1]].settings, *slow)


def noticed(only: Sequence[str] = ()) -> list[Variant]:
    """The variants that clients notice in a simulation; `only` those of these systems, if any are given."""
    return [bug for bug in bugs(only) if not find_protocol(bug[0]).hunted[bug[1]].unnoticed]


def plans(only: Sequence[str] = ()) -> list[Variant]:
    """One variant for each plan and each way in which it is changed: those in which the correct system is run."""
    return list({(bug[0], repr(drawn(bug, 0, broken=False))): bug for bug in reversed(noticed(only))}.values())[::-1]


def measured(wanted: Sequence[Variant], executor: Executor) -> Iterator[LiveBug]:
    """Run each of these variants live, in an executor. The results come in the same order."""
    yield from results(executor, measure, wanted)


def measured_correct(wanted: Sequence[Variant], executor: Executor) -> Iterator[Correct]:
    """Run the correct systems live in the plans of these variants. The results come in the same order."""
    yield from results(executor, measure_correct, wanted)


FOUND = ("system", "variant", "plan", "changed", "clients see", "after runs", "a lemma breaks after")
ALARMS = ("correct system", "plan", "changed", "runs", "false alarms", "undecided")


def table(found: Sequence[LiveBug]) -> str:
    """The variants, as a table in Markdown."""
    rows = [
        (
            bug.system,
            bug.variant,
            bug.plan,
            ", ".join(bug.settings) or "nothing",
            bug.seen or f"nothing: {REASONS.get((bug.system, bug.variant), 'it could')}",
            f"more than {bug.runs}" if bug.seen is None else bug.runs,
            "no lemma" if bug.lemma is None else bug.lemma,
        )
        for bug in found
    ]
    return rows_as_text(FOUND, rows)


def table_correct(found: Sequence[Correct]) -> str:
    """The correct systems in the same plans, as a table in Markdown."""
    rows = [
        (one.system, one.plan, ", ".join(one.settings) or "nothing", one.runs, _alarms(one.failed), one.undecided)
        for one in found
    ]
    return rows_as_text(ALARMS, rows)


def _alarms(failed: Sequence[str]) -> str:
    return "none" if not failed else f"{len(failed)}: {'; '.join(failed)}"


def rewritten(page: str, tables: str) -> str:
    """The page with these tables in the place of everything from its first line with a bar to the last."""
    lines = page.splitlines(keepends=True)
    rows = [i for i, line in enumerate(lines) if line.startswith("|")]
    first, end = (rows[0], rows[-1] + 1) if rows else (len(lines), len(lines))
    return "".join(lines[:first]) + tables + "".join(lines[end:])
