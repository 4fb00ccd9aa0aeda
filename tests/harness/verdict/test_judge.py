"""The judge trusts no engine: it replays the witness."""

from __future__ import annotations

import msgspec
import pytest

import clew.checkers
from clew.checkers import WitnessError
from clew.harness.verdict.judge import linearizable
from clew.histories import Event, History

WRITES = History.of(
    [
        Event(0, 1, 0, "invoke", "write", 0, 1),
        Event(1, 2, 0, "ok", "write", 0, 1),
        Event(2, 3, 0, "invoke", "read", 0),
        Event(3, 4, 0, "ok", "read", 0, 1),
    ]
)


def test_a_valid_run_is_valid() -> None:
    assert linearizable(WRITES, "cas-register", 10, 1 << 28).verdict == "valid"


def test_a_witness_that_shows_nothing_is_not_taken_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = clew.checkers.check(WRITES, "cas-register")
    backwards = tuple(msgspec.structs.replace(part, witness=(1, 0)) for part in sound.keys)
    lying = msgspec.structs.replace(sound, keys=backwards)
    monkeypatch.setattr(clew.checkers, "check", lambda *_, **__: lying)
    with pytest.raises(WitnessError):
        linearizable(WRITES, "cas-register", 10, 1 << 28)
