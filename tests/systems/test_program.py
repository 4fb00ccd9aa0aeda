"""A program is started, asked and stopped through its contract, without a runtime."""

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
    Failed,
    Operation,
    Program,
    ProgramCluster,
    ProgramNode,
    UnknownSystem,
    find_protocol,
    find_system,
)
from clew.systems.program import carry_out

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
    return ProgramNode("n1", "127.0.0.1", {"client": port}, tmp_path, tmp_path / "log")


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
    cluster = ProgramCluster((node,), program.parameters(), 1.0)
    assert not program.ready(node, cluster)
    with started(program, node, cluster) as process:
        assert program.client is not None
        client = program.client(node, cluster)
        assert client.invoke(Operation(0, "read", 0, None)) == Complete("ok", None, None)
        assert client.invoke(Operation(1, "write", 0, 7)).type == "ok"
        process.kill()
        client.close()
    with started(program, node, cluster) as process:
        assert program.client is not None
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


class Methods:
    """A client with a method for each function."""

    def read(self, key: int) -> str:
        return f"value of {key}"

    def write(self, key: int, value: int) -> None:
        if value < 0:
            raise Failed("below 0")

    def cas(self, key: int, old: int, new: int) -> None:
        raise Failed("mismatch")

    def add_and_get(self, key: int, value: int) -> int:
        return value + 1


@pytest.mark.parametrize(
    ("f", "value", "done"),
    [
        ("read", None, Complete("ok", "value of 3", None)),
        ("write", 7, Complete("ok", 7, None)),
        ("write", -7, Complete("fail", None, "below 0")),
        ("cas", [1, 2], Complete("fail", None, "mismatch")),
        ("add-and-get", 4, Complete("ok", 5, None)),
    ],
)
def test_a_method_carries_out_the_function_of_its_name(f: str, value: object, done: Complete) -> None:
    assert carry_out(Methods(), Operation(0, f, 3, value)) == done


def test_a_client_without_a_method_for_a_function_is_wrong_code() -> None:
    with pytest.raises(AttributeError, match="the client has neither invoke nor delete"):
        carry_out(Methods(), Operation(0, "delete", 3, None))


def test_an_invoke_that_returns_no_completion_is_wrong_code() -> None:
    class Forgetful:
        def invoke(self, operation: Operation) -> None: ...

    with pytest.raises(TypeError, match="invoke returned None; expected Complete"):
        carry_out(Forgetful(), Operation(0, "read", 3, None))


@pytest.mark.parametrize("done", [Complete("okay", 1, None), Complete("fail", None, 3)])  # type: ignore[arg-type]
def test_an_invoke_that_returns_half_a_completion_is_wrong_code(done: Complete) -> None:
    class Sloppy:
        def invoke(self, operation: Operation) -> Complete:
            return done

    with pytest.raises(TypeError, match=r"invoke returned Complete\(.*; expected Complete\('ok', value, None\)"):
        carry_out(Sloppy(), Operation(0, "read", 3, None))


@pytest.mark.parametrize(("f", "value"), [("write", 7), ("put", "x"), ("cas", [1, 2])])
def test_a_change_that_returns_false_is_not_taken_for_one_that_happened(f: str, value: object) -> None:
    class Tells:
        def write(self, *arguments: object) -> bool:
            return False

        put = cas = write

    class Invokes:
        def invoke(self, operation: Operation) -> Complete:
            return Complete("ok", False, None)

    with pytest.raises(TypeError, match=f"{f} returned False.*Failed"):
        carry_out(Tells(), Operation(0, f, 3, value))
    with pytest.raises(TypeError, match=r"invoke returned Complete.*'fail' if it certainly did not happen"):
        carry_out(Invokes(), Operation(0, f, 3, value))


@pytest.mark.parametrize(("f", "value"), [("write", 7), ("put", "x"), ("cas", [1, 2])])
def test_what_a_client_returns_from_a_change_does_not_replace_its_argument(f: str, value: object) -> None:
    class Returns:
        def write(self, *arguments: object) -> object:
            return [4711, "old"]

        put = cas = write

    class Invokes:
        def invoke(self, operation: Operation) -> Complete:
            return Complete("ok", [4711, "old"], None)

    operation = Operation(0, f, 3, value)
    for client in (Returns(), Invokes()):
        assert carry_out(client, operation) == Complete("ok", value, None)
        assert carry_out(client, operation, "versioned-register") == Complete("ok", [4711, "old"], None)


def test_a_client_may_tell_a_dequeue_of_the_workload_from_one_that_drains() -> None:
    class Plain:
        def dequeue(self, key: int) -> int | None:
            return None

    class Careful(Plain):
        def dequeue(self, key: int) -> int | None:
            raise Failed("empty")

        def drain(self, key: int) -> int | None:
            return None

    during, after = Operation(1, "dequeue", 0, None), Operation(2, "dequeue", 0, None, final=True)
    nothing = Complete("ok", None, None)
    assert [carry_out(Plain(), operation) for operation in (during, after)] == [nothing, nothing]
    assert [carry_out(Careful(), operation) for operation in (during, after)] == [
        Complete("fail", None, "empty"),
        nothing,
    ]


def test_an_add_may_say_whether_the_element_is_new() -> None:
    class Adding:
        def add(self, key: int, value: int) -> bool | None:
            return {1: None, 2: True, 3: False}[value]

    answers = [carry_out(Adding(), Operation(1, "add", 0, value)).value for value in (1, 2, 3)]
    assert answers == [1, True, False]
