"""A system that has parameters and nothing else, and a plan that uses every section."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.harness.plan import Source, loads

STUB = """
from typing import Annotated, Literal
import msgspec
from clew.systems import BadParameters, Protocol, Variant

Duration = Annotated[int, msgspec.Meta(ge=0, extra={"unit": "ns"})]

class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    quorum: int | None = None
    back_off: Duration = 10_000_000
    patience: Duration | None = None
    label: str = "x"
    ratio: float = 0.5
    fast: bool = False
    mode: Literal["a", "b"] = "a"
    sizes: tuple[int, ...] = ()

def validate(parameters, nodes):
    if parameters.quorum is not None and not 1 <= parameters.quorum <= nodes:
        raise BadParameters("quorum", f"a quorum of {parameters.quorum} among {nodes} nodes; expected 1 to {nodes}")

system = Protocol(
    name="stub", summary="", messages=None, node=None, client=None, model="cas-register",
    functions=("read", "write", "cas"), parameters=Parameters, validate=validate,
    variants={"forgets-promises": Variant("forgets-promises", "", None)},
)
"""

GOOD = """\
# A storm, to see how the language reads.
name: storm
system: {name: stub.py, nodes: {choice: [3, 5]}, quorum: 2, back_off: {uniform: [1ms, 20ms]}}
runtime: simulation
workload:
  kind: cas-register
  clients: {uniform: [2, 9]}
  keys: 1
  operations: 500
  mix: {read: 1, write: 1, cas: 2}
  think: {exponential: {uniform: [1ms, 5ms]}}
network:
  latency: {exponential: 5ms}
  drop: {uniform: [0, 0.3]}
  duplicate: 0.01
  clients: {latency: {choice: [0, {uniform: [1ms, 2ms]}]}}
nemesis:
  - partition: {kind: {choice: [halves, one-way, majority]}, every: 2s, for: 1s}
  - crash: {target: minority, random: 5s, for: 1s, from: 1s, until: 30s}
  - network: {drop: 0.5, delay: 20ms, at: [3s, 9s], for: 1s}
  - partition: {grudge: {n1: [n2, c0]}, at: 3s}
recovery: {after: 1s, within: 10s}
checks: [linearizable, invariants, liveness]
budget: {time: 60s, memory: 1GiB}
seed: 7
"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Where the system `stub.py` is."""
    folder = tmp_path_factory.mktemp("plans")
    (folder / "stub.py").write_text(STUB)
    return folder


@pytest.fixture(scope="session")
def text() -> str:
    """A good plan."""
    return GOOD


@pytest.fixture(scope="session")
def good(folder, text) -> Source:
    """The good plan, read."""
    return loads(text, "plan.yaml", folder)
