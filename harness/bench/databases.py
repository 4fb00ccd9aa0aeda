"""Every plan for a database, run again and again: how often does it show what it is for? Do the controls pass?

A plan that shows something is invalid on most seeds. A control is valid on all of them. All runs are live: a count is
what this machine has shown, not what the plan guarantees.
"""

from __future__ import annotations

import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from functools import partial

import msgspec

from clew.checkers.weaker.promise import BOUNDED_STALENESS, SEQUENTIAL, TOGETHER, Promise
from clew.harness.hunt.executor import results
from clew.harness.plan import Plan, load, resolve
from clew.harness.run import simulate
from clew.harness.verdict.judge import judge
from clew.harness.verdict.signature import signature
from clew.systems import Program, Server, find_system

RUNS = 20
"""Runs of each plan."""
FIRST, LAST = "<!-- measured -->", "<!-- /measured -->"
"""The lines of the page between which the table is."""


class Case(msgspec.Struct, frozen=True):
    """A plan for a database, and what is expected of it."""

    plan: str
    faults: str
    """What goes wrong, in words."""
    claim: str
    """What the run is held against."""
    holds: bool
    """Whether the claim is expected to hold: the plan is a control."""


CASES = (
    Case("etcd-linearizable", "kill, pause, partition, packet loss", "linearizable", True),
    Case("etcd-serializable-reads", "partition", "linearizable", False),
    Case("etcd-set", "kill, pause, partition, packet loss", "linearizable", True),
    Case("etcd-list", "kill, pause, partition, packet loss", "linearizable", True),
    Case("etcd-watch", "kill, pause, partition", "linearizable", True),
    Case("etcd-watch-compaction", "nothing", "linearizable", False),
    Case("redis-one-node", "kill, pause, packet loss", "linearizable", True),
    Case("redis-replica-reads", "partition", "linearizable", False),
    Case("redis-sentinel-failover", "primary alone with two clients", "linearizable", False),
    Case("redis-one-node-list", "kill, pause, packet loss", "linearizable", True),
    Case("redis-sentinel-set", "primary alone with two clients", "linearizable", False),
    Case("zookeeper-sync", "kill, pause", "linearizable", True),
    Case("zookeeper-no-sync", "partition", "linearizable", False),
    Case("zookeeper-lost-writes", "one node behind, leader killed", "linearizable", False),
    Case("zookeeper-sync-two-leaders", "leader alone", "linearizable", False),
    Case("etcd-lock", "slow clients", "linearizable", False),
    Case("etcd-fenced-lock", "slow clients", "linearizable", True),
    Case("etcd-leader", "slow clients", "linearizable", False),
    Case("etcd-fenced-leader", "slow clients", "linearizable", True),
    Case("zookeeper-lock", "slow clients", "linearizable", False),
    Case("zookeeper-fenced-lock", "slow clients", "linearizable", True),
    Case("zookeeper-leader", "slow clients", "linearizable", False),
    Case("zookeeper-fenced-leader", "slow clients", "linearizable", True),
    Case("etcd-mutex", "kill, pause, partition", "linearizable", True),
    Case("etcd-mutex-slow-clients", "slow clients", "linearizable", False),
    Case("zookeeper-mutex", "kill, pause", "linearizable", True),
    Case("zookeeper-mutex-slow-clients", "slow clients", "linearizable", False),
    Case("nats-kv-leader-reads", "kill, 10 ms between nodes", "linearizable", True),
    Case("nats-kv-direct-reads", "25 ms between nodes", "linearizable", False),
    Case("nats-kv-concurrent-updates", "nothing", "linearizable", False),
    Case("nats-kv-restart", "one node starts again, leader paused", "linearizable", False),
    Case("rabbitmq-quorum-queue", "partition", "linearizable", True),
    Case("rabbitmq-queue-partition", "partition", "linearizable", False),
    Case("rabbitmq-queue-autoheal", "partition", "linearizable", False),
    Case("rabbitmq-pause-minority", "one node cut off for 1 s, twice", "linearizable", False),
)
"""All plans for databases."""


class Measured(msgspec.Struct, frozen=True):
    """What the runs of a case have shown."""

    case: Case
    system: str
    version: str
    """What the server says of its version."""
    valid: int
    """Runs in which the claim held."""
    invalid: int
    """Runs in which it did not, as the history shows."""
    other: tuple[str, ...]
    """What happened in each other run: no answers after healing, a node that broke, a check without an answer; and why
    a run of a control is invalid."""
    instead: str
    """Which weaker promises the invalid runs kept."""
    seconds: float
    """Seconds of a run, with its start and its check: the median."""

    @property
    def as_expected(self) -> int:
        """Runs that showed what the plan is for."""
        return self.valid if self.case.holds else self.invalid

    @property
    def runs(self) -> int:
        """All runs."""
        return self.valid + len(self.other) + (0 if self.case.holds else self.invalid)


def plan_of(case: Case, seed: int) -> Plan:
    """The plan of a case with this seed."""
    return resolve(load(case.plan), seed)


def cases(systems: Sequence[str] = (), plans: Sequence[str] = ()) -> list[Case]:
    """All cases; only those of these systems, or of these plans, if any are given."""
    return [
        case
        for case in CASES
        if not (systems or plans) or case.plan in plans or (systems and plan_of(case, 0).system.name in systems)
    ]


def servers(case: Case) -> tuple[Server, ...]:
    """What must be installed for a case."""
    planned = plan_of(case, 0).system
    system = find_system(planned.name)
    assert isinstance(system, Program)
    return system.servers_of(planned.parameters)


def missing(case: Case) -> str | None:
    """What this machine lacks for a case. None: nothing."""
    return next((what for server in servers(case) if (what := server.missing()) is not None), None)


def version(case: Case) -> str:
    """What the server of a case says of its version."""
    return servers(case)[0].version()


class OneRun(msgspec.Struct, frozen=True):
    """What one run has shown."""

    what: str
    """`valid`, `invalid`, or what else happened."""
    holds: tuple[Promise, ...]
    """If it is invalid: which weaker promises it keeps, or not."""
    seconds: float
    """How long it took."""
    why: str = ""
    """If it is invalid: what happened, in a sentence."""


def one_run(case: Case, seed: int) -> OneRun:
    """Run a case with this seed."""
    began = time.monotonic()
    plan = plan_of(case, seed)
    history, outcome = simulate(plan)
    result = judge(plan, history, outcome)
    found = signature(result, history, outcome)
    if found is None:
        what = "valid" if result.verdict == "valid" else f"seed {seed}: {result.verdict}"
    else:
        what = "invalid" if found.broke == "linearizable" else f"seed {seed}: {result.happened or found}"
    why = f"seed {seed}: {result.happened}" if what == "invalid" else ""
    return OneRun(what, result.holds, time.monotonic() - began, why)


def instead(runs: Sequence[OneRun]) -> str:
    """Which weaker promises these runs keep, all of them or some; and how old a read was at most."""
    kept: Counter[str] = Counter()
    for run in runs:
        kept.update({promise.name: promise.kept == "yes" for promise in run.holds if promise.name != BOUNDED_STALENESS})
    together = bool(runs) and kept.pop(TOGETHER, 0) == len(runs)
    said = [
        name if count == len(runs) else f"{name} in {count} of {len(runs)}"
        for name, count in kept.items()
        if count and (name == SEQUENTIAL or not together)
    ]
    said += ["the four session guarantees"] if together else []
    ages = [promise.oldest for run in runs for promise in run.holds if promise.name == BOUNDED_STALENESS]
    known = [age for age in ages if age is not None]
    if known and len(known) == len(runs):
        said.append(f"reads at most {max(known) / 1e9:.2g} s old")
    return ", ".join(said) or ("none of the weaker promises" if runs else "")


def measured(wanted: Sequence[Case], executor: Executor, runs: int = RUNS) -> Iterator[Measured]:
    """Run each of these cases, in an executor, on the seeds from 0."""
    for case in wanted:
        done = list(results(executor, partial(one_run, case), range(runs)))
        counts = Counter(run.what for run in done)
        invalid = [run for run in done if run.what == "invalid"]
        yield Measured(
            case,
            plan_of(case, 0).system.name,
            version(case),
            counts.pop("valid", 0),
            counts.pop("invalid", 0),
            (*counts.elements(), *(run.why for run in invalid if case.holds)),
            instead(invalid),
            round(statistics.median(run.seconds for run in done), 1),
        )


HEAD = (
    "system",
    "version",
    "plan",
    "what goes wrong",
    "claim",
    "expected",
    "as expected",
    "what holds instead",
    "seconds a run",
)


def row(one: Measured) -> str:
    """The row of the table."""
    cells = (
        one.system,
        one.version,
        f"`{one.case.plan}`",
        one.case.faults,
        one.case.claim,
        "holds" if one.case.holds else "broken",
        f"{one.as_expected} of {one.runs}",
        one.instead,
        f"{one.seconds:.1f}",
    )
    return line(cells)


def line(cells: Sequence[str]) -> str:
    """A line of a table in Markdown."""
    return f"| {' | '.join(cells)} |\n"


def notes(one: Measured) -> list[str]:
    """What else happened in runs, each in a line."""
    return [f"- `{one.case.plan}`, {what}\n" for what in one.other]


def table(found: Sequence[Measured], page: str = "") -> str:
    """A table in Markdown, and below it what else happened in runs.

    The rows of other plans are those that `page` has, and so is what happened in their runs.
    """
    rows = {one.case.plan: row(one) for one in found}
    happened = {one.case.plan: notes(one) for one in found}
    for old in page.splitlines(keepends=True):
        if match := re.match(r"\| [^`]*\| `([a-z-]+)` \|", old):
            rows.setdefault(match[1], old)
        elif (match := re.match(r"- `([a-z-]+)`, ", old)) and match[1] not in {one.case.plan for one in found}:
            happened.setdefault(match[1], []).append(old)
    plans = [case.plan for case in CASES]
    text = line(HEAD) + line(["---"] * len(HEAD)) + "".join(rows[plan] for plan in plans if plan in rows)
    odd = "".join(said for plan in plans for said in happened.get(plan, ()))
    return f"{text}\n{odd}" if odd else text


def rewritten(page: str, found: Sequence[Measured]) -> str:
    """The page with a new table between the two marks. The rows of plans that were not measured stay.

    Raises `ValueError` if the page has no such marks.
    """
    before, first, rest = page.partition(FIRST)
    old, last, after = rest.partition(LAST)
    if not first or not last:
        raise ValueError(f"expected a line {FIRST} and below it a line {LAST}")
    return f"{before}{first}\n\n{table(found, old)}\n{last}{after}"
