"""The program that a plan describes by a command line: its placeholders, and when it is ready."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clew.systems import ProgramCluster, ProgramNode
from clew.systems.command import BadTemplate, CommandParameters, fill, system


def cluster_of(folder: Path, port: int = 8000, **said: Any) -> ProgramCluster:
    """Two nodes on the addresses 127.0.0.1 and 127.0.0.2, of a plan that says this."""
    parameters = {
        "command": ("./kvd", "--id", "{name}"),
        "client": ("client.py",),
        "model": "register",
        "functions": ("read", "write"),
        "ready": "tcp",
        "port": port,
        "peer": "{host}:{port}",
        "environment": {},
        "folder": str(folder),
        **said,
    }
    nodes = tuple(
        ProgramNode(f"n{i}", f"127.0.0.{i}", {"client": port}, folder / f"n{i}", folder / f"n{i}.log") for i in (1, 2)
    )
    return ProgramCluster(nodes, CommandParameters(**parameters), 1.0)


def test_placeholders_are_filled_in_after_the_command_is_split(tmp_path: Path) -> None:
    command = ("{index}", "{name}={host}:{port}", "{data}/x", "{peers}", "{nodes}", "{{name}}")
    cluster = cluster_of(tmp_path, command=command, peer="{name}={host}")
    assert system.command(cluster.nodes[1], cluster) == [
        "2",
        "n2=127.0.0.2:8000",
        f"{tmp_path}/n2/x",
        "n1=127.0.0.1",
        "n1=127.0.0.1,n2=127.0.0.2",
        "{name}",
    ]


def test_the_environment_has_placeholders_too(tmp_path: Path) -> None:
    cluster = cluster_of(tmp_path, environment={"ME": "{name}"})
    assert system.environment(cluster.nodes[0], cluster) == {"ME": "n1"}


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{nmae}", r"there is no placeholder \{nmae\}; expected \{name\}, \{port\}, or \{\{ and \}\} for braces"),
        ("{", r"a \{ stands alone"),
        ("a } b", r"a \} stands alone"),
        ("{}", r"there is no placeholder \{\}"),
    ],
)
def test_a_placeholder_that_does_not_exist_is_refused_with_those_that_do(template: str, said: str) -> None:
    with pytest.raises(BadTemplate, match=said):
        fill(template, {"name": "n1", "port": 80})


def test_a_client_in_python_is_told_by_its_ending(tmp_path: Path) -> None:
    for client, python in ((("c.py",), True), (("python3", "c.py"), False), (("./c",), False)):
        parameters = cluster_of(tmp_path, client=client).parameters
        assert (parameters.python_client is not None) == python


def test_a_python_client_is_the_class_client_of_its_file_and_imports_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "kvd_words.py").write_text("HELLO = 'hello'\n")
    (tmp_path / "client.py").write_text(
        "from kvd_words import HELLO\nclass Client:\n    def __init__(self, node, cluster): self.said = HELLO\n"
    )
    cluster = cluster_of(tmp_path, client=(str(tmp_path / "client.py"),))
    assert system.client is not None
    assert system.client(cluster.nodes[0], cluster).said == "hello"


def test_a_file_without_a_class_client_is_wrong_code(tmp_path: Path) -> None:
    (tmp_path / "none.py").write_text("")
    cluster = cluster_of(tmp_path, client=(str(tmp_path / "none.py"),))
    assert system.client is not None
    with pytest.raises(ImportError, match=r"none.py defines no class Client"):
        system.client(cluster.nodes[0], cluster)


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *message: Any) -> None: ...


@pytest.fixture
def served() -> Iterator[int]:
    """The port of a small web server at 127.0.0.1."""
    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_node_is_ready_when_it_accepts_connections(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        cluster = cluster_of(tmp_path, server.getsockname()[1])
        assert system.ready(cluster.nodes[0], cluster)
        assert not system.ready(cluster.nodes[1], cluster)


def test_a_node_is_ready_when_it_answers_a_get(tmp_path: Path, served: int) -> None:
    for path, ready in (("/health", True), ("/nowhere", False)):
        cluster = cluster_of(tmp_path, served, ready={"http": path})
        assert system.ready(cluster.nodes[0], cluster) == ready
        assert not system.ready(cluster.nodes[1], cluster)


def test_a_node_is_ready_when_it_has_printed_a_text_in_its_present_life(tmp_path: Path) -> None:
    cluster = cluster_of(tmp_path, ready={"log": "serving"})
    node = cluster.nodes[0]
    assert not system.ready(node, cluster)
    for printed, ready in (("starting\n", False), ("serving on 8000\n", True), ("--- life 2, 3.2 s\n", False)):
        with node.log.open("a") as log:
            log.write(printed)
        assert system.ready(node, cluster) == ready
