"""How a verdict looks on a terminal."""

from __future__ import annotations

import pytest

from clew.harness.cli.output.result import print_result
from clew.harness.verdict.result import Result


def test_the_counters_of_a_protocol_are_printed_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    counts = {"protocol": {"views led": 1, "batches": 2}, "operations": {"ok": 3}}
    result = Result(verdict="valid", plan="p", seed=0, checks={}, operations=3, explanation="", run=None, counts=counts)
    print_result(result, json=False)
    out = capsys.readouterr().out
    assert "protocol     batches 2, views led 1\n" in out
    assert "operations   3 ok\n" in out
