"""A program is started, asked and stopped through its contract. No plan can name one yet."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clew.systems import (
    Complete,
    Operation,
    Program,
    ProgramCluster,
    ProgramNode,
    UnknownSystem,
    find_protocol,
    find_system,
)

FILE = Path(__file__).with_name("tcp_register.py")
READY_WITHIN = 60.0
"""Seconds. It takes a fraction of one on an idle machine."""


@pytest.fixture
def program() -> Program:
    system = find_system(str(FILE))
    assert isinstance(system, Program)
    return system


@pytest.fixture
def node(tmp_path: Path) -> ProgramNode:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return ProgramNode("n1", "127.0.0.1", {"client": port}, tmp_path)


@contextmanager
def started(program: Program, node: ProgramNode, cluster: ProgramCluster) -> Iterator[subprocess.Popen[bytes]]:
    """Start the process of a node, and wait until it is ready. Kill it at the end, if it still runs."""
    environment = {**os.environ, **program.environment(node, cluster)}
    with subprocess.Popen(program.command(node, cluster), env=environment) as process:
        try:
            deadline = time.monotonic() + READY_WITHIN
            while not program.ready(node, cluster):
                assert process.poll() is None, "the program ended by itself"
                assert time.monotonic() < deadline, "the program never got ready"
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


def test_a_program_serves_from_ready_to_sigterm_and_its_data_survive_a_kill(
    program: Program, node: ProgramNode
) -> None:
    cluster = ProgramCluster((node,), program.parameters())
    assert not program.ready(node, cluster)
    with started(program, node, cluster) as process:
        client = program.client(node, cluster)
        assert client.invoke(Operation(0, "read", 0, None)) == Complete("ok", None, None)
        assert client.invoke(Operation(1, "write", 0, 7)).type == "ok"
        process.kill()
        client.close()
    with started(program, node, cluster) as process:
        client = program.client(node, cluster)
        assert client.invoke(Operation(2, "read", 0, None)) == Complete("ok", 7, None)
        client.close()
        process.terminate()
        assert process.wait(READY_WITHIN) == -signal.SIGTERM
    assert not program.ready(node, cluster)


def test_a_program_has_what_a_workload_needs(program: Program) -> None:
    assert program.model_of(program.parameters()) == "register"
    assert program.functions_of(program.parameters()) == ("read", "write")


def test_a_program_is_no_protocol() -> None:
    with pytest.raises(UnknownSystem, match=r"tcp_register\.py is a program; expected a protocol"):
        find_protocol(str(FILE))
