"""Parameters that no cluster can have are refused."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems.raft.parameters import Parameters, validate
from clew.systems.service import BadParameters


def test_the_defaults_are_right() -> None:
    validate(Parameters(), 3)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("max_entries", 0, "expected more than zero"),
        ("snapshot_every", 0, "expected more than zero"),
        ("retransmit_after", 99_999, "expected at least 100 us"),
        ("redirect_after", 0, "expected at least 100 us"),
        ("heartbeat_period", 150_000_000, "expected heartbeats more often than that"),
    ],
)
def test_what_no_cluster_can_have_is_refused(field: str, value: int, words: str) -> None:
    values: dict[str, Any] = {field: value}
    with pytest.raises(BadParameters, match=words) as caught:
        validate(Parameters(**values), 3)
    assert caught.value.field == field
