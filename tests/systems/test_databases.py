"""How nodes of databases are started, and what is said where a database is not installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from clew.checkers.models import find_model
from clew.systems import BadParameters, Program, ProgramCluster, ProgramNode, Server, find_system, names, rabbitmq
from clew.systems.database import OBJECTS, Database
from clew.systems.stored import decoded, encoded
from clew.systems.zookeeper import LAUNCH, settings
from tests.readme import ROOT

DATABASES = [name for name in names() if isinstance(find_system(name), Program)]


def program(name: str) -> Program:
    system = find_system(name)
    assert isinstance(system, Program)
    return system


def cluster_of(name: str, nodes: int = 3, **parameters: Any) -> ProgramCluster:
    """A cluster that nobody starts."""
    system = program(name)
    set_to = system.parameters(**parameters)
    ports = system.ports_of(set_to)
    made = [
        ProgramNode(f"n{i}", f"10.77.0.{i}", ports, Path(f"/data/n{i}"), Path(f"/logs/n{i}.log"))
        for i in range(1, nodes + 1)
    ]
    return ProgramCluster(tuple(made), set_to, 1.0)


def command_of(cluster: ProgramCluster, name: str, node: int = 0) -> str:
    return " ".join(program(name).command(cluster.nodes[node], cluster))


@pytest.mark.parametrize("name", DATABASES)
def test_the_same_node_is_started_with_the_same_command_every_time(name: str) -> None:
    cluster = cluster_of(name)
    assert command_of(cluster, name) == command_of(cluster_of(name), name)


@pytest.mark.parametrize("name", DATABASES)
def test_every_object_has_a_model_that_knows_its_functions(name: str) -> None:
    system = program(name)
    assert isinstance(system, Database)
    things = get_args(get_type_hints(system.parameters)["object"])
    assert things
    for thing in things:
        parameters = system.parameters(object=thing)
        assert (system.model_of(parameters), system.functions_of(parameters)) == OBJECTS[thing]
        assert set(system.functions_of(parameters)) <= set(find_model(system.model_of(parameters)).functions)


def test_every_package_and_library_of_a_database_is_installed_by_ci_and_named_on_the_page() -> None:
    """A database is one folder; these three lists are all else that knows it."""
    needed = [(name, server) for name in DATABASES for server in all_servers(name)]
    ci, page = ((ROOT / path).read_text() for path in (".ci/run", "docs/databases.md"))
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["databases"]
    libraries = {"nats": "nats-py"}
    for _, server in needed:
        assert re.search(rf"for server in .*\b{server.package}\b", ci)
        assert re.search(rf"apt-get install .*\b{server.package}\b", page)
        assert any(re.match(rf"{libraries.get(server.library, server.library)}\b.*<", line) for line in extra)


def all_servers(name: str) -> set[Server]:
    """What a database may need, whatever its parameters."""
    system = program(name)
    flags = [field.name for field in msgspec.structs.fields(system.parameters) if field.default is False]
    chosen = [system.parameters(), *(system.parameters(**{flag: True}) for flag in flags)]
    return {server for parameters in chosen for server in system.servers_of(parameters)}


def test_finding_a_database_does_not_import_its_library() -> None:
    """Only the client host needs it."""
    libraries = {server.library for name in DATABASES for server in all_servers(name)}
    code = "import sys; from clew.systems import find_system, names; [find_system(name) for name in names()]"
    code += f"; sys.exit(' '.join(set(sys.modules) & {libraries!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "\n"


def test_values_come_back_as_they_were_stored_and_an_empty_text_is_an_absent_key() -> None:
    for value in (0, 7, "7", "a b"):
        assert decoded(encoded(value)) == value
    assert (encoded(None), encoded(""), decoded(None)) == (None, None, None)


def test_etcd_is_told_all_members_and_its_timeouts_in_milliseconds() -> None:
    cluster = cluster_of("etcd", heartbeat_interval=50_000_000, election_timeout=500_000_000)
    words = command_of(cluster, "etcd", 1).split()
    assert "--initial-cluster=n1=http://10.77.0.1:2380,n2=http://10.77.0.2:2380,n3=http://10.77.0.3:2380" in words
    assert {"--name=n2", "--heartbeat-interval=50", "--election-timeout=500"} <= set(words)


def test_the_first_redis_is_the_primary_and_the_others_copy_it() -> None:
    cluster = cluster_of("redis")
    assert "--replicaof" not in command_of(cluster, "redis", 0)
    assert "--replicaof 10.77.0.1 6379" in command_of(cluster, "redis", 2)


def test_nats_is_told_the_routes_to_the_others_and_none_if_it_is_alone() -> None:
    assert "--routes=nats://10.77.0.1:6222,nats://10.77.0.3:6222" in command_of(cluster_of("nats"), "nats", 1)
    assert "--routes" not in command_of(cluster_of("nats", 1), "nats")


def test_a_zookeeper_is_told_all_members_its_own_number_and_its_limits_in_ticks() -> None:
    cluster = cluster_of("zookeeper", tick=500_000_000, session_timeout=1_000_000_000, sync_limit=3)
    told = json.loads(list(program("zookeeper").command(cluster.nodes[1], cluster))[-1])
    assert (told["id"], told["data"]) == (2, "/data/n2")
    assert {"tickTime=500", "syncLimit=3", "clientPortAddress=10.77.0.2"} <= set(told["settings"])
    assert "server.3=10.77.0.3:2888:3888" in told["settings"]
    assert not [line for line in settings(cluster.nodes[0], cluster_of("zookeeper", 1)) if line.startswith("server.")]


def test_a_zookeeper_has_its_files_whole_before_it_starts(tmp_path: Path) -> None:
    told = {"command": ["cat", "myid", "zoo.cfg"], "data": str(tmp_path), "id": 2, "settings": ["a=1", "b=2"]}
    done = subprocess.run([sys.executable, LAUNCH, json.dumps(told)], capture_output=True, cwd=tmp_path, check=True)
    assert done.stdout == b"2\na=1\nb=2\n"


def test_rabbitmq_is_told_all_members_and_reads_no_file_of_the_machine() -> None:
    cluster = cluster_of("rabbitmq", net_tick=2_000_000_000, partition_handling="autoheal")
    told = program("rabbitmq").environment(cluster.nodes[1], cluster)
    assert told["RABBITMQ_NODENAME"] == "rabbit@10.77.0.2"
    settings = told["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]
    assert "{['rabbit@10.77.0.1','rabbit@10.77.0.2','rabbit@10.77.0.3'],disc}" in settings
    assert "net_ticktime 2 " in settings
    assert "cluster_partition_handling autoheal" in settings
    # By default the first node waits five seconds for others, and the others up to eight for each other.
    assert "{discovery_retry_limit,2},{discovery_retry_interval,50}" in settings
    assert "{internal_lock_retries,0},{lock_retry_timeout,50}" in settings
    places = [value for name, value in told.items() if name.endswith(("_FILE", "_BASE", "HOME"))]
    assert len(places) == 8
    assert all(place.startswith("/data/n2") for place in places)


def test_a_rabbitmq_looks_for_modules_in_the_largest_folders_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [tmp_path / "server-1" / "plugins" / f"{name}-3.1" / "ebin" for name in ("rabbit", "rabbit_common")]
    for folder in made:
        folder.mkdir(parents=True)
    monkeypatch.setattr(rabbitmq, "LARGE", ((tmp_path, "server-*/plugins", ("rabbit", "rabbit_common", "ra")),))
    assert rabbitmq.searched_first() == [str(folder) for folder in made]


@pytest.mark.parametrize(
    ("name", "nodes", "parameters", "field"),
    [
        ("etcd", 3, {"heartbeat_interval": 10**8, "election_timeout": 4 * 10**8}, "election_timeout"),
        ("etcd", 3, {"snapshot_count": 0}, "snapshot_count"),
        ("etcd", 3, {"object": "set", "reads": "watched"}, "reads"),
        ("etcd", 3, {"compact": True}, "compact"),
        ("redis", 2, {"sentinel": True}, "sentinel"),
        ("redis", 3, {"wait": 3}, "wait"),
        ("redis", 1, {"min_replicas": 1}, "min_replicas"),
        ("redis", 3, {"max_lag": 1_500_000_000}, "max_lag"),
        ("nats", 3, {"replicas": 4}, "replicas"),
        ("nats", 7, {"replicas": 6}, "replicas"),
        ("rabbitmq", 3, {"net_tick": 1_500_000_000}, "net_tick"),
        ("rabbitmq", 2, {"partition_handling": "pause_minority"}, "partition_handling"),
        ("zookeeper", 3, {"session_timeout": 10**5}, "session_timeout"),
        ("zookeeper", 3, {"sync_limit": 0}, "sync_limit"),
        ("zookeeper", 3, {"snapshot_count": 1}, "snapshot_count"),
    ],
)
def test_what_no_cluster_can_have_is_refused(name: str, nodes: int, parameters: dict[str, Any], field: str) -> None:
    with pytest.raises(BadParameters) as refused:
        program(name).validate(program(name).parameters(**parameters), nodes)
    assert refused.value.field == field


def test_a_server_that_is_not_installed_names_its_package_and_the_command() -> None:
    missing = Server("no-such-server", "some-package", "json").missing()
    assert missing == (
        "no-such-server is not installed; it is in the package some-package: sudo apt-get install some-package"
    )


def test_another_version_than_the_measured_one_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "newd").write_text("#!/bin/sh\necho newd version 2.1.0\n")
    (tmp_path / "newd").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Server("newd", "newd", "json", "2.1.0").another_version() is None
    said = Server("newd", "newd", "json", "1.9.3").another_version()
    assert said == (
        "newd 2.1.0 is installed; what clew says of it was measured with 1.9.3, and it may behave differently"
    )


def test_a_library_that_is_not_installed_names_the_extra() -> None:
    missing = Server("sh", "dash", "no_such_library").missing()
    assert missing == "the Python package no_such_library is not installed: pip install 'clew[databases]'"
