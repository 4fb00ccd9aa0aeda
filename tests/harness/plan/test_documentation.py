"""docs/plans.md has every key of a plan and no other, with the default and the range that it really has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clew.harness.plan import PlanError, loads, resolve
from clew.harness.plan.nemesis import TIMES
from clew.harness.plan.program import COMMAND_FIELDS, MAELSTROM_FIELDS
from clew.harness.plan.schema import Plan
from clew.harness.plan.sections import FIELDS, LINKS, SECTIONS
from clew.harness.plan.system import parameter_types
from clew.harness.plan.values import DRAWS, LATENCIES
from clew.harness.plan.workload import KINDS, OPERATION_FIELDS, READS
from clew.nemesis import FAULTS
from clew.nemesis.grudge import ALL_KINDS
from clew.nemesis.parameter import Parameter, Words
from clew.systems import find_system, names
from tests.readme import ROOT, blocks

PAGE = ROOT / "docs" / "plans.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
HEADER = "| key | type | range | default | meaning |\n|---|---|---|---|---|\n"
MINIMAL = {
    "name": "name: x",
    "system": "system: {name: caspaxos, nodes: 5}",
    "workload": "workload: {kind: cas-register, operations: 10}",
}
"""The sections that a plan must have."""

PARAMETERS = {name: tuple(types) for name in names() if (types := parameter_types(find_system(name)))}
"""The systems that have parameters, with their keys."""


def kind_for(system: str) -> str:
    """A kind of workload for a system with default parameters."""
    service = find_system(system)
    functions = service.functions_of(service.parameters())
    return next(kind for kind, usable in KINDS.items() if READS[kind] in functions and set(usable) & set(functions))


SETTINGS = {
    "Sections": "{key}",
    "`system`": "system.{key}",
    **{f"Parameters of `{name}`": "system.{key}" for name in PARAMETERS},
    "`live`": "live.{key}",
    "`workload`": "workload.{key}",
    "A list of operations": "workload.operations.0.{key}",
    "`network`": "network.{key}",
    "`network.clients`": "network.clients.{key}",
    "`nemesis`": "nemesis.0.crash.{key}",
    "`recovery`": "recovery.{key}",
    "`budget`": "budget.{key}",
}
"""Where the keys of a table are in a plan. Those of the other tables have several places."""
KEYS = {
    "Sections": SECTIONS,
    "Latencies": LATENCIES,
    "A value for each seed": DRAWS,
    **{f"`{section}`": keys for section, keys in FIELDS.items()},
    **{f"Parameters of `{name}`": keys for name, keys in PARAMETERS.items()},
    "A command": COMMAND_FIELDS,
    "A Maelstrom program": MAELSTROM_FIELDS,
    "A list of operations": OPERATION_FIELDS,
    "`network.clients`": LINKS,
    "`nemesis`": TIMES,
    **{f"`{name}`": tuple(parameter.name for parameter in kind.parameters) for name, kind in FAULTS.items()},
    "`network`": FIELDS["network"],
    "`network`, the fault": tuple(parameter.name for parameter in FAULTS["network"].parameters),
}
"""The title of each table -> the keys that plans are read with."""
PATTERN = re.compile(r"^#+ ([^\n]+)\n((?:(?!^#+ ).*\n)*)", re.MULTILINE)

Row = tuple[str, str, str, str]
"""A key with its type, range and default."""


def tables() -> dict[str, list[Row]]:
    """The rows of each table of keys by the title above it."""
    found = {}
    # What begins with # in a block is a comment.
    text = re.sub(r"^```.*?^```$", "", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    for title, content in PATTERN.findall(text):
        if HEADER in content:
            rows = content.split(HEADER)[1].split("\n\n")[0].splitlines()
            cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
            found[title] = [(key.strip("`"), type, range, default) for key, type, range, default, meaning in cells]
            assert all(meaning for *_, meaning in cells), title
    return found


BEFORE: dict[str, list[str]] = {
    **{f"Parameters of `{name}`": [f"system.name={name}", f"workload.kind={kind_for(name)}"] for name in PARAMETERS},
    "`live`": ["runtime=live"],
    "A list of operations": ["workload.operations=[{at: 1s, client: 0, f: read}]"],
    "`nemesis`": ["nemesis=[{crash: {target: one, every: 1s}}]"],
}
"""What has to be set before the keys of a table mean something."""
TOGETHER = {
    "nemesis.0.crash.at": ["nemesis.0.crash.every="],
    "nemesis.0.crash.random": ["nemesis.0.crash.every="],
    "workload.kind=counter": ["system.name=rsl"],
    "workload.kind=kv": ["system.name=rsl", "system.application=kv"],
    "workload.kind=consensus": ["system.name=paxos"],
    "workload.kind=atomic-commit": ["system.name=two-phase-commit"],
    "workload.kind=word-count": ["system.name=mapreduce"],
    "workload.kind=election": ["system.name=raft", "system.object=election"],
    "system.object=election": ["workload.kind=election"],
    "workload.kind=queue": ["system.name=rabbitmq"],
    "workload.kind=set": ["system.name=redis", "system.object=set"],
    "workload.kind=append-list": ["system.name=redis", "system.object=list"],
    "system.application=kv": ["workload.kind=kv"],
    "system.object=kv": ["workload.kind=kv"],
    "system.object=counter": ["workload.kind=counter"],
    "system.guard=lock": ["workload.kind=counter", "system.object=counter"],
    "system.guard=leader": ["workload.kind=counter", "system.object=counter"],
    "workload.kind=versioned-register": ["system.object=versioned"],
    "system.object=versioned": ["workload.kind=versioned-register"],
    "system.object=set": ["workload.kind=set"],
    "system.object=list": ["workload.kind=append-list"],
    "workload.kind=mutex": ["system.name=etcd", "system.object=mutex"],
    "system.object=mutex": ["workload.kind=mutex"],
}
"""What has to be set with a key, or with a value of it."""
UNSET = {"workload.operations", "nemesis.0.crash.every"}
"""The two keys without which the minimal plan is not whole, though others may stand for them."""


def plan_with(title: str, *settings: str) -> Plan:
    """The minimal plan with these settings."""
    source = loads("\n".join(MINIMAL.values()), "plan.yaml", Path())
    return resolve(source, None, [*BEFORE.get(title, []), *settings])


ROWS = [(title, row) for title, rows in tables().items() if title in SETTINGS for row in rows]
NAMES = [f"{title.replace('`', '')}: {row[0]}" for title, row in ROWS]


def test_every_key_has_a_row_and_every_row_is_a_key() -> None:
    found = {title: sorted(key for key, *_ in rows) for title, rows in tables().items()}
    expected = {title: sorted(keys) for title, keys in KEYS.items()}
    for title in {*found, *expected}:
        assert found.get(title) == expected.get(title), (
            f"the table {title} of docs/plans.md, under a heading of that name"
        )


def test_the_glossary_names_every_kind_of_fault() -> None:
    assert [name for name in FAULTS if f"*{name}*" not in GLOSSARY.read_text()] == [], "add it to docs/glossary.md"


@pytest.mark.parametrize(("title", "row"), ROWS, ids=NAMES)
def test_the_default_is_what_a_plan_without_the_key_has(title: str, row: Row) -> None:
    key, _, _, default = row
    path = SETTINGS[title].format(key=key)
    if default == "required":
        with pytest.raises(PlanError):
            plan_with(title, f"{path}=")
    elif default.startswith("`"):
        assert plan_with(title, f"{path}={default.strip('`')}") == plan_with(title)
    elif path not in UNSET:
        assert plan_with(title, f"{path}=") == plan_with(title)


@pytest.mark.parametrize(("title", "row"), ROWS, ids=NAMES)
def test_a_value_can_be_drawn_if_its_type_is_one_that_can(title: str, row: Row) -> None:
    key, type, _, default = row
    path = SETTINGS[title].format(key=key)
    drawable = {"whole number", "number", "chance", "duration", "size", "latency", "word", "true or false"}
    if type in drawable and default.startswith("`") and path != "seed":
        assert plan_with(title, f"{path}={{choice: [{default.strip('`')}]}}") == plan_with(title)


def ends_of(type: str, range: str) -> tuple[list[str], list[str]]:
    """Values that a row says are allowed, and values that it says are not, as far as it says so."""
    ends = re.fullmatch(r"(\S+) to (\S+)", range)
    if ends and type.startswith("whole number") and ends[2].isdigit():
        return [ends[1], ends[2]], [str(int(ends[1]) - 1), str(int(ends[2]) + 1)]
    if ends and type in ("number", "chance"):
        return [ends[1], ends[2]], ["-1", "1e10"]
    if least := re.fullmatch(r"(\d+)(\w*) or more", range):
        number, unit = int(least[1]), least[2]
        return [f"{number}{unit}"], [f"{number - 1}{unit}"]
    if range == "above 0s":
        return ["1ns"], ["0s", "-1s"]
    words = re.findall(r"`([a-z-]+)`", range)
    if type == "list of words":
        return [f"[{word}]" for word in words], ["[wrong]", "[]"]
    return (words, ["wrong"]) if type == "word" else ([], [])


@pytest.mark.parametrize(("title", "row"), ROWS, ids=NAMES)
def test_the_ends_of_a_range_are_allowed_and_what_is_beyond_is_not(title: str, row: Row) -> None:
    key, type, range, _ = row
    path = SETTINGS[title].format(key=key)
    allowed, refused = ends_of(type, range)
    for setting in (f"{path}={value}" for value in allowed):
        plan_with(title, *TOGETHER.get(path, []), *TOGETHER.get(setting, []), setting)
    for setting in (f"{path}={value}" for value in refused):
        with pytest.raises(PlanError) as caught:
            plan_with(title, *TOGETHER.get(path, []), setting)
        assert caught.value.field.startswith(path), setting


def row_of(parameter: Parameter) -> str:
    """The row of a parameter of a fault, from what its kind says about it."""
    columns = {
        "chance": "chance | 0 to 1",
        "latency": "latency | 0s or more",
        "target": "target | [see above](#targets)",
        "node": "word | `one`, or a node",
        "grudge": "mapping | receivers to lists of senders",
    }
    if isinstance(parameter.type, Words):
        what = f"word | {', '.join(f'`{word}`' for word in parameter.type.words)}"
    else:
        what = columns[parameter.type]
    default = "required" if parameter.required else "none" if parameter.default is None else f"`{parameter.default:g}`"
    return f"| `{parameter.name}` | {what} | {default} | {parameter.meaning} |"


@pytest.mark.parametrize("name", FAULTS)
def test_the_table_of_a_fault_says_what_its_kind_says(name: str) -> None:
    rows = [row_of(parameter) for parameter in FAULTS[name].parameters]
    table = HEADER + "\n".join(rows) + "\n"
    assert table in PAGE.read_text(), f"expected this table in docs/plans.md:\n{table}"


def test_the_kinds_of_partition_and_the_targets_are_listed() -> None:
    text = PAGE.read_text()
    for word in (*ALL_KINDS, "one", "minority", "majority", "all", "leader"):
        assert f"\n| `{word}` | " in text


@pytest.mark.parametrize("block", blocks("yaml", PAGE))
def test_every_example_is_a_plan_or_part_of_one(block: str) -> None:
    given = {line.split(":")[0] for line in block.splitlines() if line[:1].isalpha()}
    source = loads("\n".join([line for key, line in MINIMAL.items() if key not in given] + [block]), "docs", Path())
    for seed in range(3):
        resolve(source, seed)


def test_the_error_that_the_page_shows_is_what_clew_says() -> None:
    (line,) = re.findall(r"^    plan.yaml:.*$", PAGE.read_text(), re.MULTILINE)
    message = line.split("workload.clients: ")[1]
    with pytest.raises(PlanError) as caught:
        plan_with("Sections", "workload.clients=five")
    assert caught.value.message == message
