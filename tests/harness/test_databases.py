"""The plans for databases do what their comments say, on this machine, where the database is installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest
from _pytest.mark import ParameterSet

from clew.checkers.weaker.promise import Promise
from clew.harness.bench import databases
from clew.harness.bench.databases import (
    CASES,
    FIRST,
    LAST,
    Case,
    OneRun,
    cases,
    instead,
    missing,
    plan_of,
    rewritten,
    table,
)
from clew.harness.bench.databases import Measured as Row
from clew.harness.hunt.trial import Trial, trial
from clew.harness.plan import load, resolve, shipped
from tests.harness.conftest import Clew
from tests.harness.database_comments import PAGE, Figure, said
from tests.harness.database_comments import measured as on_the_page
from tests.harness.database_comments import rewritten as with_figure
from tests.harness.hunt.hunts import AtOnce
from tests.harness.plans import DATABASES, LONG, SHORT

TRIES = 16
"""Runs in which an anomaly must show. The rarest shows in one of four, and 16 runs miss it once in a hundred times."""


def given(*chosen: Case) -> list[ParameterSet]:
    """These cases as parameters of a test. Those that take too long for the suite are marked."""
    return [pytest.param(case, id=case.plan, marks=[pytest.mark.long] if case.plan in LONG else []) for case in chosen]


def needs(case: Case) -> None:
    """Skip the test where the database or its library is not installed."""
    if (what := missing(case)) is not None:
        pytest.skip(what)


def run(case: Case, seed: int, *settings: str) -> Trial:
    return trial(resolve(load(case.plan), seed, settings))


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize("case", given(*(case for case in CASES if case.holds)))
def test_a_control_holds(case: Case) -> None:
    needs(case)
    tried = run(case, 0, *SHORT.get(case.plan, ()))
    assert (tried.verdict, tried.happened) == ("valid", None)
    assert tried.counts["operations"]["ok"] > 10
    # Each entry of the plan's nemesis strikes at least once.
    assert sum(tried.counts["faults"].values()) >= len(resolve(load(case.plan)).nemesis) > 0


@pytest.mark.long
@pytest.mark.usefixtures("namespaces")
def test_a_quorum_queue_keeps_every_message_while_one_of_three_nodes_is_cut_off() -> None:
    """The suite runs it on two nodes: each takes seven seconds of processor time to start."""
    case = next(case for case in CASES if case.plan == "rabbitmq-quorum-queue")
    needs(case)
    assert (run(case, 0).verdict, resolve(load(case.plan)).system.nodes) == ("valid", 3)


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize("case", given(*(case for case in CASES if not case.holds)))
def test_an_anomaly_shows(case: Case) -> None:
    needs(case)
    for seed in range(1, 1 + TRIES):
        tried = run(case, seed, *SHORT.get(case.plan, ()))
        if tried.signature is not None and tried.signature.broke == "linearizable":
            return
    pytest.fail(f"{case.plan} was valid {TRIES} times")


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize(
    ("name", "thing", "kind"),
    [
        pytest.param("etcd-linearizable", "kv", "kv", marks=pytest.mark.long),
        pytest.param("etcd-linearizable", "counter", "counter", marks=pytest.mark.long),
        ("etcd-linearizable", "set", "set"),
        pytest.param("etcd-linearizable", "list", "append-list", marks=pytest.mark.long),
        ("etcd-linearizable", "mutex", "mutex"),
        pytest.param("redis-one-node", "kv", "kv", marks=pytest.mark.long),
        pytest.param("redis-one-node", "counter", "counter", marks=pytest.mark.long),
        pytest.param("zookeeper-sync", "kv", "kv", marks=pytest.mark.long),
        pytest.param("zookeeper-sync", "counter", "counter", marks=pytest.mark.long),
        pytest.param("zookeeper-sync", "mutex", "mutex", marks=pytest.mark.long),
    ],
)
def test_other_objects_are_served_too(name: str, thing: str, kind: str) -> None:
    case = next(case for case in CASES if case.plan == name)
    needs(case)
    tried = run(
        case,
        0,
        f"system.object={thing}",
        f"workload.kind={kind}",
        "workload.duration=",
        "workload.operations=60",
        "system.nodes=1",
        "nemesis=[]",
        "network=",
        "recovery.after=100ms",
    )
    assert (tried.verdict, tried.happened) == ("valid", None)
    # A compare-and-set that found another value is a failure that says something.
    assert tried.counts["operations"]["ok"] > 10


@pytest.mark.long
@pytest.mark.usefixtures("namespaces")
def test_nats_serves_a_map_too() -> None:
    """Without compare-and-set: two at once may both succeed in this version."""
    case = next(case for case in CASES if case.plan == "nats-kv-concurrent-updates")
    needs(case)
    mix = "workload.mix={get: 2, put: 1, delete: 1}"
    tried = run(case, 0, "system.object=kv", "workload.kind=kv", mix, "workload.duration=500ms", "system.nodes=1")
    assert (tried.verdict, tried.happened) == ("valid", None)
    assert tried.counts["operations"]["ok"] > 10


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize(
    ("name", "line"),
    [("etcd-linearizable", '"msg":'), pytest.param("zookeeper-sync", " INFO ", marks=pytest.mark.long)],
)
def test_a_cluster_that_never_forms_shows_the_last_lines_of_each_node(clew_call: Clew, name: str, line: str) -> None:
    needs(next(case for case in CASES if case.plan == name))
    done = clew_call("run", name, "--set", "network.drop=1", "--set", "live.ready=2s")
    assert done.returncode == 255, done.stdout
    assert re.search(r"node n\d does not serve 2 s after its start", done.stderr)
    assert done.stderr.count("does not serve either:\n") == 2
    # What the database itself prints.
    assert done.stderr.count(line) >= 6


@pytest.mark.parametrize(
    ("name", "program", "package"),
    [
        ("etcd-linearizable", "etcd", "etcd-server"),
        ("redis-sentinel-failover", "redis-server", "redis-server"),
        ("zookeeper-sync", "zkServer.sh", "zookeeper"),
    ],
)
def test_a_database_that_is_not_installed_is_said_in_one_line(
    clew_call: Clew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, program: str, package: str
) -> None:
    monkeypatch.setattr("clew.systems.server.MORE_FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    done = clew_call("run", name)
    assert done.returncode == 254
    assert done.stderr == (
        f"clew: {name}: system.name: {program} is not installed; it is in the package {package}: "
        f"sudo apt-get install {package}\n"
    )
    assert not (tmp_path / "store").exists() or not any((tmp_path / "store").iterdir())


def test_every_plan_for_a_database_is_a_case_and_on_the_page() -> None:
    assert {case.plan for case in CASES} == set(DATABASES)
    text = PAGE.read_text()
    assert [name for name in DATABASES if f"`{name}`" not in text] == []
    measured = text.partition(FIRST)[2].partition(LAST)[0]
    assert [case.plan for case in CASES] == re.findall(r"^\| [^|]+ \| [^|]+ \| `([a-z-]+)` \|", measured, re.MULTILINE)


def test_the_comment_of_every_plan_says_how_often_as_the_page_does_and_where_it_is_documented() -> None:
    comments, figures = dict(shipped()), on_the_page()
    for name in DATABASES:
        assert said(name) == figures[name], "run python -m tests.harness.database_comments"
        assert "http" in comments[name], name


def test_the_figures_of_the_page_are_written_into_a_comment_of_several_lines() -> None:
    text = "# It shows. Invalid in 9 of\n# 10 runs with nats-server\n# 2.9.10. A bug.\nname: plan\n"
    new = "# It shows. Invalid in 19 of\n# 20 runs with nats-server\n# 2.9.11. A bug.\nname: plan\n"
    assert with_figure(text, Figure("Invalid", "19", "20", "2.9.11")) == new
    assert with_figure("name: plan\n", Figure("Invalid", "19", "20", "2.9.11")) == "name: plan\n"


def test_the_table_is_written_between_its_marks_and_the_rest_of_the_page_stays() -> None:
    row = Row(CASES[1], "etcd", "3.4.23", 1, 18, ("seed 3: unknown",), "sequential consistency", 12.34)
    page = rewritten(f"# Title\n\n{FIRST}\nold\n{LAST}\n\nText.\n", [row])
    assert page == f"# Title\n\n{FIRST}\n\n{table([row])}\n{LAST}\n\nText.\n"
    assert "| 18 of 20 | sequential consistency | 12.3 |" in page
    assert "- `etcd-serializable-reads`, seed 3: unknown" in page
    # Another row comes to it, in the order of the plans, and a row of the same plan is replaced.
    other = Row(CASES[0], "etcd", "3.4.23", 20, 0, (), "", 11.5)
    both = rewritten(page, [other])
    assert both == f"# Title\n\n{FIRST}\n\n{table([other, row])}\n{LAST}\n\nText.\n"
    assert rewritten(both, [other, row]) == both
    with pytest.raises(ValueError, match="expected a line"):
        rewritten("# Title\n", [row])


def test_a_promise_that_every_run_keeps_is_named_and_the_others_are_counted() -> None:
    def run(sequential: Literal["yes", "no"], session: Literal["yes", "no"], oldest: int) -> OneRun:
        promises = (
            Promise("sequential consistency", sequential, ""),
            Promise("monotonic reads", session, ""),
            Promise("bounded staleness", "yes", "", oldest=oldest),
        )
        return OneRun("invalid", promises, 1.0)

    assert instead([run("no", "yes", 10**9), run("no", "yes", 3 * 10**8)]) == "monotonic reads, reads at most 1 s old"
    assert instead([run("yes", "no", 10**9), run("no", "no", 10**9)]) == (
        "sequential consistency in 1 of 2, reads at most 1 s old"
    )
    assert instead([]) == ""


def test_a_control_that_breaks_is_counted_and_its_reason_is_below_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(case: Case, seed: int) -> OneRun:
        return OneRun("invalid" if seed == 1 else "valid", (), 1.0, f"seed {seed}: Two clients held a lock.")

    monkeypatch.setattr(databases, "one_run", run)
    monkeypatch.setattr(databases, "version", lambda case: "1.0")
    for case in CASES[:2]:
        (row,) = databases.measured([case], AtOnce(), 3)
        said = table([row])
        assert f"| {'2 of 3' if case.holds else '1 of 3'} |" in said
        assert (f"- `{case.plan}`, seed 1: Two clients held a lock.\n" in said) == case.holds


def test_a_system_without_a_plan_for_it_is_refused(clew_call: Clew) -> None:
    done = clew_call("bench", "databases", "--system", "oracle")
    assert (done.returncode, done.stderr) == (
        254,
        "clew: --system oracle: there is no plan for a database of this name\n",
    )
    assert {plan_of(case, 0).system.name for case in cases(["etcd"])} == {"etcd"}
    done = clew_call("bench", "databases", "--plan", "etcd")
    assert (done.returncode, done.stderr) == (254, "clew: --plan etcd: there is no plan of this name for a database\n")
    assert [case.plan for case in cases(plans=["redis-one-node"])] == ["redis-one-node"]
