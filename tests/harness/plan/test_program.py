"""A plan that describes its system: by a command, or as a Maelstrom program."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.harness.plan import Plan, PlanError, dump, loads, resolve
from clew.systems.command import CommandParameters
from clew.systems.maelstrom import MaelstromParameters

COMMAND = """\
name: mine
system: {command: "./kvd --id {name} 'a b'", client: client.py, nodes: 3}
workload: {kind: cas-register, operations: 10}
"""
MAELSTROM = """\
name: mine
system: {maelstrom: [node, raft.js], nodes: 3}
workload: {kind: cas-register, operations: 10}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a client."""
    (tmp_path / "client.py").write_text("")
    return tmp_path


def plan_of(text: str, folder: Path, *settings: str) -> Plan:
    """The plan with these settings."""
    return resolve(loads(text, "p.yaml", folder), None, settings)


def test_a_command_is_a_system_with_parameters(folder: Path) -> None:
    plan = plan_of(COMMAND, folder)
    assert (plan.system.name, plan.system.nodes, plan.system.variant) == ("command", 3, None)
    assert plan.system.parameters == CommandParameters(
        command=("./kvd", "--id", "{name}", "a b"),
        client=(str(folder / "client.py"),),
        model="cas-register",
        functions=("read", "write", "cas"),
        ready="tcp",
        port=8000,
        peer="{host}:{port}",
        environment={},
        folder=str(folder),
    )


def test_a_maelstrom_program_is_a_system_with_parameters(folder: Path) -> None:
    plan = plan_of(MAELSTROM, folder)
    assert plan.system.name == "maelstrom"
    assert plan.system.parameters == MaelstromParameters(("node", "raft.js"), "lin-kv", {}, str(folder))


@pytest.mark.parametrize("text", [COMMAND, MAELSTROM])
def test_a_program_runs_live_and_has_no_invariants_unless_the_plan_says_otherwise(text: str, folder: Path) -> None:
    plan = plan_of(text, folder)
    assert (plan.runtime, plan.checks) == ("live", ("linearizable", "liveness"))


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (COMMAND, ()),
        (COMMAND, ("system.ready={http: /health}", "system.environment={A: '{name}'}", "system.client=./c --x")),
        (COMMAND, ("system.ready={log: up}", "system.functions=[read, write]", "system.model=register")),
        (MAELSTROM, ()),
        (MAELSTROM, ("system.workload=echo",)),
        (MAELSTROM, ("system.maelstrom=ruby raft.rb", "system.environment={A: b}")),
    ],
)
def test_the_dump_of_a_described_system_is_the_same_plan_in_any_folder(
    text: str, settings: tuple[str, ...], folder: Path
) -> None:
    plan = plan_of(text, folder, *settings)
    assert resolve(loads(dump(plan), "plan.yaml", Path("/"))) == plan


def test_a_folder_is_relative_to_the_plan_and_the_client_to_that_folder(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "mine.py").write_text("")
    plan = plan_of(COMMAND, folder, "system.folder=inner", "system.client=mine.py")
    assert plan.system.parameters.folder == str(folder / "inner")
    assert plan.system.parameters.client == (str(folder / "inner" / "mine.py"),)


def test_a_command_can_be_drawn(folder: Path) -> None:
    plan = plan_of(COMMAND, folder, "system.command={choice: [./kvd --fast]}")
    assert plan.system.parameters.command == ("./kvd", "--fast")


@pytest.mark.parametrize(
    ("text", "setting", "said"),
    [
        (COMMAND, "system.command={}", "system.command: expected a command line, as a text or a list of words"),
        (COMMAND, "system.command=[]", "system.command: expected a command line with one word at least"),
        (COMMAND, "system.command=[kvd, 8000]", "system.command.1: expected a word (a number needs quotes to be one)"),
        (COMMAND, "system.command=kvd 'x", "system.command: this is no command line: no closing quotation"),
        (COMMAND, "system.command=kvd {prot}", "system.command: there is no placeholder {prot}; expected {name}, "),
        (COMMAND, "system.client=", "system.client: "),
        (COMMAND, "system.client=none.py", "system.client: there is no file "),
        (COMMAND, "system.name=rsl", "system: expected either command or name, found both"),
        (COMMAND, "system.variant=none", "system: expected either command or variant, found both"),
        (COMMAND, "system.maelstrom=x", "system: expected either command or maelstrom, found both"),
        (COMMAND, "system.comand=x", "system.comand: unknown field; expected command, client, "),
        (COMMAND, "system.model=registr", 'system.model: unknown model "registr"; expected '),
        (
            COMMAND,
            "system.functions=[reed]",
            'system.functions.0: unknown function "reed"; expected read, ',
        ),
        (COMMAND, "system.ready=udp", 'system.ready: expected tcp, {http: PATH} or {log: TEXT}, found "udp"'),
        (COMMAND, "system.ready={http: health}", "system.ready.http: expected a path that begins with /"),
        (COMMAND, "system.ready={http: /, log: up}", "system.ready: expected tcp, {http: PATH} or {log: TEXT}"),
        (COMMAND, "system.port=0", "system.port: expected a whole number from 1 to 65535"),
        (COMMAND, "system.peer={peers}", "system.peer: expected text"),
        (COMMAND, "system.peer='{data}'", "system.peer: there is no placeholder {data}; expected {name}, {index}, "),
        (COMMAND, "system.environment={A: 3}", "system.environment.A: expected text (a number needs quotes to be one)"),
        (
            COMMAND,
            "system.environment.BUG=0",
            "system.environment.BUG: expected text (a number needs quotes to be one: "
            "--set 'system.environment.BUG=\"0\"'), found 0",
        ),
        (COMMAND, "system.environment={A=: x}", "system.environment.A=: this is no name of an environment variable"),
        (COMMAND, "system.folder=none", "system.folder: there is no folder "),
        (COMMAND, "system.nodes=0", "system.nodes: expected a whole number from 1 to 1000"),
        (COMMAND, "checks=[invariants]", "checks: a program has no invariants; expected linearizable, sequential, "),
        (MAELSTROM, "system.maelstrom=[]", "system.maelstrom: expected a command line with one word at least"),
        (
            MAELSTROM,
            "system.workload=broadcast",
            'system.workload: unknown workload "broadcast"; expected ',
        ),
        (MAELSTROM, "system.client=x.py", "system.client: unknown field; expected maelstrom, nodes, "),
        (MAELSTROM, "workload.kind=kv", "workload.kind: the system has no function "),
    ],
)
def test_a_mistake_is_one_line_that_says_what_is_expected(text: str, setting: str, said: str, folder: Path) -> None:
    with pytest.raises(PlanError) as caught:
        plan_of(text, folder, setting)
    assert str(caught.value).startswith(f"--set {setting}: {said}") or f": {said}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["command", "maelstrom"])
def test_a_described_system_has_no_name_that_a_plan_could_give(name: str, folder: Path) -> None:
    with pytest.raises(PlanError, match="expected the name of a system"):
        plan_of(f"name: x\nsystem: {{name: {name}, nodes: 3}}\n", folder)
