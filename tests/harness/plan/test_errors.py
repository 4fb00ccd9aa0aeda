"""Each mistake in a plan gives one error: where it is, what was found, what is expected."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from clew.harness.plan import PlanError, load, loads, resolve
from clew.nemesis import FAULTS

KINDS = ", ".join(FAULTS)


def mistake(source, *settings: str) -> str:
    with pytest.raises(PlanError) as caught:
        resolve(source, None, settings)
    return str(caught.value)


def written(folder, text: str, old: str, new: str) -> str:
    """The error of the good plan with something in its file replaced."""
    assert old in text
    with pytest.raises(PlanError) as caught:
        resolve(loads(text.replace(old, new, 1), "plan.yaml", folder))
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("clients: {uniform: [2, 9]}", "clients: five",
         "plan.yaml:7:12: workload.clients: expected a whole number from 1 to 10000, found \"five\""),
        ("runtime:", "runtim:", "plan.yaml:4:1: runtim: unknown field; expected name, system, runtime, live, "
         "workload, network, nemesis, recovery, checks, budget, stop or seed (did you mean runtime?)"),
        ("keys: 1", "keys: 1\n  keys: 2", "plan.yaml:9:3: workload.keys: the field is given twice, first in line 8"),
        ("  kind: cas-register\n", "", "plan.yaml:6:3: workload.kind: the field is missing"),
        ("name: storm\n", "", "plan.yaml:2:1: name: the field is missing"),
        ("quorum: 2", "quorum: 9", "plan.yaml:3:43: system.quorum: a quorum of 9 among 3 nodes; expected 1 to 3"),
        ("every: 2s", "at: 1s, every: 2s", "plan.yaml:18:70: nemesis.0.partition: "
         "expected one of every, at, random; found at and every"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_shown_with_line_and_column(folder, text, old, new, error):
    text = text.replace("{choice: [3, 5]}", "3" if "quorum" in old else "{choice: [3, 5]}")
    assert written(folder, text, old, new) == error


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ("workload.clients=0", "workload.clients: expected a whole number from 1 to 10000, found 0"),
        ("workload.clients=2.5", "workload.clients: expected a whole number from 1 to 10000, found 2.5"),
        ("workload.clients=true", "workload.clients: expected a whole number from 1 to 10000, found true"),
        ("workload.clients={uniform: [9, 2]}", "workload.clients.uniform: expected the lower end first"),
        ("workload.clients={uniform: 2}", "workload.clients.uniform: expected a list of two"),
        ("workload.clients={choice: []}", "workload.clients: expected one value at least to choose from"),
        ("workload.clients={unifrm: [1, 2]}", "workload.clients: unknown distribution unifrm; expected uniform or "
         "choice (did you mean uniform?)"),
        ("workload=3", "workload: expected a mapping with kind, clients"),
        ("workload.kind=cas-registr", "workload.kind: unknown kind of workload \"cas-registr\"; expected cas-register"),
        ("workload.mix.reed=2", "workload.mix.reed: unknown field; expected read, write or cas (did you mean read?)"),
        ("workload.mix={read: 0}", "workload.mix: expected a weight above 0"),
        ("workload.values=0", "workload.values: expected unique, or a whole number n"),
        ("workload.values=uniqe", "workload.values: unknown kind of values \"uniqe\"; expected unique"),
        ("workload.rate=5", "workload: with a rate clients do not think"),
        ("workload.timeout=0", "workload.timeout: expected a duration above 0"),
        ("workload.timeout=-1s", "workload.timeout: expected a duration, which is never negative, found \"-1s\""),
        ("workload.timeout=1", "workload.timeout: expected a duration with one of the units ns, us, ms, s, m, h"),
        ("workload.timeout=9999999h", "workload.timeout: expected a duration of at most 2562047h, found \"9999999h\""),
        ("workload.timeout=0.5ns", "workload.timeout: expected a duration of a whole number of ns, found \"0.5ns\""),
        ("workload.operations=[]", "workload.operations: expected one operation at least"),
        ("workload.operations=[{at: 1s, client: 0, f: read}]",
         "workload: mix has no meaning for an explicit list of operations"),
        ("network.drop=1.5", "network.drop: expected a number from 0 to 1, found 1.5"),
        ("network.drop=-0.1", "network.drop: expected a number from 0 to 1, found -0.1"),
        ("network.drop=.nan", "network.drop: expected a number from 0 to 1, found \".nan\""),
        ("network.latency={exp: 3ms}", "network.latency.exp: unknown field; expected constant, exponential"),
        ("network.latency={uniform: [2ms, 1ms]}", "network.latency.uniform: expected the lower end first"),
        ("network.latency={normal: 2ms}", "network.latency.normal: expected a list of two durations"),
        ("network.latency={constant: 1ms, normal: [1ms, 1ms]}", "network.latency: expected one of constant"),
        ("network.clients.latency=5", "network.clients.latency: expected a duration with one of the units"),
        ("system.name=caspaxi", "system.name: unknown system \"caspaxi\"; expected caspaxos"),
        ("system.name=none.py", "system.name: there is no file"),
        ("system.name=3", "system.name: expected the name of a system"),
        ("system.nodes=0", "system.nodes: expected a whole number from 1 to 1000, found 0"),
        ("system.variant=forgets", "system.variant: unknown variant \"forgets\"; expected none or forgets-promises "
         "(did you mean forgets-promises?)"),
        ("system.back_of=3s", "system.back_of: unknown field; expected name, nodes, variant, quorum, back_off"),
        ("system.back_off=3", "system.back_off: expected a duration with one of the units"),
        ("system.patience=3", "system.patience: expected a duration with one of the units"),
        ("system.label=3", "system.label: expected text"),
        ("system.fast=yes", "system.fast: expected true or false, found \"yes\""),
        ("system.mode=c", "system.mode: unknown value \"c\"; expected a or b"),
        ("system.sizes=[1, x]", "system.sizes[1]: Expected `int`, got `str`"),
        ("runtime=alive", "runtime: unknown runtime \"alive\"; expected simulation or live (did you mean live?)"),
        ("live.ready=1s", "live: the runtime simulation has no such section; it is for runtime: live"),
        ("nemesis={}", "nemesis: expected a list of faults, found an empty mapping"),
        ("nemesis.0=3", f"nemesis.0: expected a mapping with {KINDS}"),
        ("nemesis.0={}", f"nemesis.0: expected one fault, {KINDS}; found none"),
        ("nemesis.0.crash={}", f"nemesis.0: expected one fault, {KINDS}; found partition and crash"),
        ("nemesis.0={flood: {}}", "nemesis.0.flood: unknown field; expected partition"),
        ("nemesis.0.partition.kind=half", "nemesis.0.partition.kind: unknown kind of partition \"half\"; expected"),
        ("nemesis.0.partition.grudge={n1: [n2]}", "nemesis.0.partition: expected either a kind"),
        ("nemesis.0.partition.kind=", "nemesis.0.partition: expected either a kind"),
        ("nemesis.0.partition.every=", "nemesis.0.partition: expected one of every, at, random; found none"),
        ("nemesis.0.partition.at=3s", "nemesis.0.partition: expected one of every, at, random; found every and at"),
        ("nemesis.0.partition.every=0", "nemesis.0.partition.every: expected at least 100us"),
        ("nemesis.0.partition.every=1ns", "nemesis.0.partition.every: expected at least 100us, found \"1ns\""),
        ("nemesis.0.partition.for=0s", "nemesis.0.partition.for: expected a duration above 0"),
        ("nemesis.1.crash.until=1s", "nemesis.1.crash: it is over before it begins"),
        ("nemesis.1.crash.until=over", "nemesis.1.crash.until: expected"),
        ("nemesis.1.crash.until=end", "nemesis.1.crash: a fault that stays to the end lasts no fixed time"),
        ("nemesis.1.crash.target=n1", "nemesis.1.crash.target: expected a list, [n1], or one of"),
        ("nemesis.1.crash.target=[n9]", "nemesis.1.crash.target.0: unknown node \"n9\"; expected n1, n2"),
        ("nemesis.1.crash.target=[n1, n1]", "nemesis.1.crash.target.1: n1 is in the list twice"),
        ("nemesis.1.crash.target=[]", "nemesis.1.crash.target: expected one node at least, found an empty list"),
        ("nemesis.1.crash.target=", "nemesis.1.crash.target: the field is missing"),
        ("nemesis.0={membership: {node: n1, at: 1s}}", "nemesis.0.membership: the system cannot change its members"),
        ("nemesis.2.network.at=[]", "nemesis.2.network.at: expected one time at least"),
        ("nemesis.2.network.from=1s", "nemesis.2.network: `at` says when already; expected no `from`"),
        ("nemesis.2.network={at: 1s}", "nemesis.2.network: expected a change of the network"),
        ("nemesis.3.partition.grudge={n9: [n1]}", "nemesis.3.partition.grudge.n9: unknown field; expected n1"),
        ("nemesis.3.partition.grudge={n1: [c99]}", "nemesis.3.partition.grudge.n1.0: unknown node or client \"c99\""),
        ("nemesis.3.partition.grudge={n1: [n1]}", "nemesis.3.partition.grudge.n1: n1 cannot refuse to hear itself"),
        ("nemesis.3.partition.grudge={}", "nemesis.3.partition.grudge: expected one node at least"),
        ("recovery.within=0", "recovery.within: expected a duration above 0"),
        ("checks=[linearisable]", "checks.0: unknown check \"linearisable\"; expected linearizable, sequential"),
        ("checks=linearizable", "checks: expected a list, each entry a check"),
        ("checks=[]", "checks: expected one check at least, found an empty list"),
        ("budget.memory=1KiB", "budget.memory: expected at least 1048576 bytes"),
        ("budget.memory=9999999TiB", "budget.memory: expected a size of at most 8388607TiB, found \"9999999TiB\""),
        ("budget.memory=1", "budget.memory: expected a size with one of the units"),
        ("duration=2s", "duration: unknown field; did you mean workload.duration?"),
        ("clients=2", "clients: unknown field; did you mean workload.clients or network.clients?"),
        ("nodes=2", "nodes: unknown field; did you mean system.nodes?"),
        ("system.quorum=x", "system.quorum: expected a whole number, found \"x\""),
        ("system.quorum=9223372036854775808", "system.quorum: expected a whole number of at most 9223372036854775807"),
        ("seed=9223372036854775808", "seed: expected a whole number of at most 9223372036854775807"),
        ("seed=-1", "seed: expected a whole number of at least 0, found -1"),
        ("seed={choice: [1]}", "seed: a seed cannot be drawn"),
        ('name="a\\nb"', "name: expected a name of 1 to 100 characters"),
        ("name=3", "name: expected a name of 1 to 100 characters"),
        ("workload.clients=[", "this is not YAML"),
        ("workload", "expected path=value"),
        ("=3", "expected path=value"),
        ("nemesis.9=3", "nemesis.9: nemesis is a list with the entries 0 to 3"),
        ("nemesis.x=3", "nemesis.x: nemesis is a list with the entries 0 to 3"),
        ("name.x=3", "name.x: name is \"storm\" in the plan and has no fields"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_setting_names_the_setting(good, setting, error):
    assert mistake(good, setting).startswith(f"--set {setting}: {error}")


def test_faults_that_a_cluster_is_too_small_for_are_refused(good):
    small = ("system.nodes=2", "nemesis.0.partition.kind=one")
    assert "nemesis.1.crash.target: minority needs 3 nodes at least; system.nodes is 2" in mistake(good, *small)
    assert "majority-ring needs 4 nodes at least; system.nodes is 3" in mistake(
        good, "system.nodes=3", "nemesis.0.partition.kind=majority-ring"
    )


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("{client: 0, f: read}", "at: the field is missing"),
        ("{at: 1s, f: read}", "client: the field is missing"),
        ("{at: -1s, client: 0, f: read}", "at: expected a duration, which is never negative"),
        ("{at: 1s, client: 3, f: read}", "client: there is no client 3; workload.clients is 3, so expected 0 to 2"),
        ("{at: 1s, client: -1, f: read}", "client: expected a whole number from 0 to 2"),
        ("{at: 1s, client: 0, f: increment}", 'f: unknown function "increment"; expected read, write or cas'),
        ("{at: 1s, client: 0, f: read, value: 3}", "value: a read has no value"),
        ("{at: 1s, client: 0, f: write}", "value: the field is missing"),
        ("{at: 1s, client: 0, f: write, value: x}", "value: expected a whole number"),
        ("{at: 1s, client: 0, f: write, value: 3, key: 1}", "key: expected a whole number from 0 to 0, found 1"),
        ("{at: 1s, client: 0, f: cas, value: 3}", "value: expected the value of a compare-and-set, [old, new]"),
        ("{at: 1s, client: 0, f: cas, value: [1, 2, 3]}", "value: expected the value of a compare-and-set"),
    ],
)
def test_an_operation_that_makes_no_sense_is_refused(good, operation, error):
    settings = ("workload.think=", "workload.mix=", "workload.clients=3", f"workload.operations=[{operation}]")
    assert f"workload.operations.0.{error}" in mistake(good, *settings)


def test_a_duration_beside_a_list_of_operations_is_refused(good):
    settings = ("workload.think=", "workload.mix=", "workload.operations=[{at: 1s, client: 0, f: read}]")
    resolve(good, None, settings)
    error = "--set workload.duration=5s: workload: duration has no meaning for an explicit list of operations"
    assert error in mistake(good, *settings, "workload.duration=5s")


def test_a_rate_must_be_above_zero(good):
    assert "workload.rate: expected a number from 1e-06" in mistake(good, "workload.think=", "workload.rate=0")


def test_only_the_check_of_linearizability_can_stop_a_run(good):
    needs = "stop: only the check linearizable finds the first violation, and it is not among the checks"
    assert needs in mistake(good, "stop=first-violation", "checks=[liveness]")
    assert resolve(good, None, ["stop=first-violation"]).stop == "first-violation"


def test_a_workload_must_end(good):
    assert "the workload would never end" in mistake(good, "workload.operations=")
    assert resolve(good, None, ["workload.operations=", "workload.duration=5s"]).workload.operations is None


@pytest.mark.parametrize(
    ("text", "found"), [("", "nothing"), ("# only this", "nothing"), ("- a", "a list"), ("5", "5")]
)
def test_yaml_that_is_no_plan_is_refused(folder, text, found):
    with pytest.raises(PlanError, match=f"expected a plan.*found {found}"):
        loads(text, "plan.yaml", folder)


def test_a_file_that_cannot_be_read_is_an_error_that_says_why(tmp_path):
    (tmp_path / "binary.yaml").write_bytes(b"a: 1\nb: \xff\xfe")
    for name, error in [
        ("missing.yaml", "there is no such file"),
        ("", "this is a folder"),
        ("binary.yaml", "this is not UTF-8 text"),
        ("a\0b.yaml", "cannot be read"),
        ("binary.yaml/x.yaml", "cannot be read: Not a directory"),
    ]:
        with pytest.raises(PlanError, match=error) as caught:
            load(f"{tmp_path}/{name}")
        assert caught.value.file.startswith(str(tmp_path))
    with pytest.raises(PlanError, match=r"binary\.yaml:2:4"):
        load(f"{tmp_path}/binary.yaml")


def test_an_unknown_shipped_plan_is_refused():
    with pytest.raises(PlanError, match="there is no shipped plan of this name"):
        load("no-such-plan")


UNTAGGED = """
import msgspec
from clew.systems import Protocol

class Ask(msgspec.Struct): pass
class Answer(msgspec.Struct): pass

system = Protocol(name="mine", summary="", model="register", functions=(), messages=Ask | Answer, node=0, client=0)
"""


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("1/0", "mine.py:1: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "mine.py:1: SystemExit: 3"),
        ("def", "mine.py:1: SyntaxError"),
        ("x = 3", "defines no `system = Protocol"),
        (UNTAGGED, "its messages cannot be told apart: If a type union contains multiple Struct types"),
    ],
)
def test_a_system_that_cannot_be_imported_is_an_error_of_the_plan(good, tmp_path, code, error):
    path = tmp_path / "mine.py"
    path.write_text(code)
    assert error in mistake(good, f"system.name={path}")


def test_a_seed_must_be_one(good):
    with pytest.raises(PlanError, match="--seed -1: expected a whole number from 0"):
        resolve(good, -1)


def test_an_error_has_its_parts_and_survives_pickling(good):
    with pytest.raises(PlanError) as caught:
        resolve(loads("name: x\nsystem: {name: 3}", "p.yaml", good.folder))
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.file, error.line, error.column, error.field) == ("p.yaml", 2, 16, "system.name")
    assert error.message.startswith("expected the name of a system")
    assert str(error) == str(caught.value)


def test_a_transaction_is_refused_by_no_fewer_than_nobody() -> None:
    workload = "workload: {kind: atomic-commit, operations: [{at: 1s, client: 0, f: submit, value: -1}]}"
    with pytest.raises(PlanError) as caught:
        resolve(loads(f"name: x\nsystem: {{name: two-phase-commit, nodes: 3}}\n{workload}\n", "plan.yaml", Path()))
    assert "workload.operations.0.value: expected a whole number of at least 0, found -1" in str(caught.value)
